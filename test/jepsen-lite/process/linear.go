//go:build linux

package process

import (
	"cmp"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// maxJudged bounds the operations of one campaign that are judged for linearizability: so many
// take some minutes. What comes after them is counted, and is no success.
const maxJudged = 400_000

// checkHistories decides whether what the clients were told was linearizable, in each run by
// itself: they all have one clock, whatever clocks their limiters have.
func (s *stage) checkHistories(found []*records) error {
	paths, err := filepath.Glob(filepath.Join(s.histories(), "*.jsonl"))
	if err != nil {
		return err
	}
	begin := time.Now()
	var ops linear.History
	died := 0
	for i, path := range slices.Sorted(slices.Values(paths)) {
		h, err := readHistory(path, i+1)
		if err != nil {
			return err
		}
		ops, died = append(ops, h.ops...), died+h.died
	}
	left, sum := maxJudged, judged{died: died}
	for i, r := range s.runs {
		h := append(s.ofRun(ops, i), r.given...)
		if r.barred {
			h = found[i].unbarred(h)
		}
		h, beyond := firstOps(h, left)
		left -= len(h)
		sum.unjudged += beyond
		s.follow(&found[i].marks, h, &sum)
	}
	if len(ops) > maxJudged {
		s.out.unsure(judgeLinear, "there are more than %d operations", maxJudged)
	}
	s.out.run.Story.Operations += int64(sum.ops)
	s.out.figure(judgeLinear, "%d operations of %d accounts in %.1f s, %d of them not answered; "+
		"%d calls died with their processes; %d operations are not judged", sum.ops, sum.accounts,
		time.Since(begin).Seconds(), sum.unanswered, sum.died, sum.unjudged)
	return nil
}

// judged sums up what was judged.
type judged struct{ ops, accounts, unanswered, died, unjudged int }

// follow judges the history of one run, account by account.
func (s *stage) follow(m *marks, h linear.History, sum *judged) {
	for _, op := range h {
		if op.Output == nil {
			sum.unanswered++
		}
	}
	parts := byKey(h)
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		v := m.follow(parts[key])
		sum.ops, sum.unjudged = sum.ops+len(parts[key])-v.Unjudged, sum.unjudged+v.Unjudged
		sum.accounts++
		switch v.Result {
		case linear.Valid:
		case linear.Unknown:
			s.out.unsure(judgeLinear, "%s", v)
		default:
			s.fail(judgeLinear, "%s", v)
		}
	}
}

// searchBound bounds the search for an order that is not the log's.
const searchBound = time.Minute

// follow judges one history: along the order of the log if that explains it, and otherwise in any
// order that can be found in time.
func (m *marks) follow(h linear.History) linear.Verdict {
	why := "the log is not in the order of the calls' real time"
	if short, ok := m.witness(h); ok {
		v := linear.Follow(short)
		if v.Result == linear.Valid {
			return v
		}
		why = v.Why
	}
	m.settle(h)
	done := make(chan linear.Verdict, 1) // size 1: a search that takes too long ends with the stage
	go func() { done <- linear.Follow(h) }()
	timer := time.NewTimer(searchBound)
	defer timer.Stop()
	v := linear.Verdict{Result: linear.Unknown, Why: "not decided in time", Unjudged: len(h)}
	select {
	case v = <-done:
	case <-timer.C:
	}
	v.Why += "; in the order of the log: " + why
	return v
}

// byKey parts a history by the accounts that its operations are of: with the same budgets in all
// parts, they have nothing in common but the numbers of leases and revisions.
func byKey(h linear.History) map[string]linear.History {
	keys := map[uint64]string{} // session ->
	parts := map[string]linear.History{}
	for _, op := range h {
		if op.Input.Kind == linear.OpenSession && op.Output != nil && op.Output.Session > 0 {
			keys[op.Output.Session] = op.Input.Key
		}
	}
	var all linear.History // operations that are of every account
	for _, op := range h {
		switch key := op.Input.Key; op.Input.Kind {
		case linear.PutBudget, linear.DeleteBudget:
			all = append(all, op)
		case linear.OpenSession, linear.GetBudget:
			parts[key] = append(parts[key], op)
		default: // of a session that nobody was told of: with "", where nobody can tell either
			key = keys[op.Input.Session]
			parts[key] = append(parts[key], op)
		}
	}
	for key := range parts {
		parts[key] = append(parts[key], all...)
	}
	return parts
}

// ofRun returns the operations of the run with that index: those of its sessions, and of the time
// while it went on. What a later cluster says of an old session is not among them.
func (s *stage) ofRun(h linear.History, i int) (mine linear.History) {
	r, next := s.runs[i], uint64(math.MaxUint64)
	if i+1 < len(s.runs) {
		next = s.runs[i+1].first
	}
	for _, op := range h {
		session := op.Input.Session
		if op.Input.Kind == linear.OpenSession && op.Output != nil {
			session = op.Output.Session // none, if there was no budget
		}
		strange := op.Output != nil && op.Return > r.end && i+1 < len(s.runs) &&
			(op.Output.Answer == linear.NoSession || !op.Output.SessionKnown &&
				op.Input.Kind == linear.GiveBack)
		switch {
		case session > 0:
			if session >= r.first && session < next && !strange {
				mine = append(mine, op)
			}
		case op.Call >= r.begin && (op.Call < r.end || i+1 == len(s.runs)):
			if op.Return < r.end || i+1 == len(s.runs) {
				mine = append(mine, op)
			}
		}
	}
	return mine
}

// unbarred leaves out the requests that a cluster has denied before it granted anything: it took
// another one's place, of which the model knows nothing. The trace checker knows.
func (r *records) unbarred(h linear.History) linear.History {
	first := int64(math.MaxInt64)
	for _, g := range r.grants {
		first = min(first, g.at)
	}
	return slices.DeleteFunc(h, func(op linear.Op) bool {
		if op.Input.Kind != linear.Acquire ||
			op.Output != nil && op.Output.Answer != linear.Denied {
			return false
		}
		places := r.marks.asked[request{op.Input.Session, op.Input.Seq}]
		if len(places) == 0 {
			return false
		}
		decided := slices.MinFunc(places, place.compare)
		return r.marks.effects[decided].kind == trace.KindDeny && r.marks.at[decided.index] < first
	})
}

// firstOps returns the first most operations to begin, and how many more there are.
func firstOps(h linear.History, most int) (linear.History, int) {
	slices.SortFunc(h, func(a, b linear.Op) int { return cmp.Compare(a.Call, b.Call) })
	n := min(len(h), max(most, 0))
	return h[:n], len(h) - n
}
