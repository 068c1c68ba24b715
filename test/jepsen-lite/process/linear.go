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
)

// maxJudged bounds the operations of one campaign that are judged for linearizability: so many
// take some minutes. What comes after them is counted, and is no success.
const maxJudged = 400_000

// searchBound bounds the search for an order that is not the log's.
const searchBound = time.Minute

// checkHistories decides whether what the clients were told was linearizable, in each run by
// itself: they all have one clock, whatever clocks their limiters have.
//
// It reports whether there was anything to decide: what sliding limits and buckets are told is for
// the trace checker.
func (s *stage) checkHistories(found []*records) (some bool, err error) {
	paths, err := filepath.Glob(filepath.Join(s.histories(), "*.jsonl"))
	if err != nil {
		return false, err
	}
	begin := time.Now()
	var ops linear.History
	died := 0
	for i, path := range slices.Sorted(slices.Values(paths)) {
		h, err := readHistory(path, i+1)
		if err != nil {
			return false, err
		}
		ops, died = append(ops, h.ops...), died+h.died
	}
	left, sum := maxJudged, judged{died: died}
	for i, r := range s.runs {
		h := append(s.ofRun(ops, i), r.given...)
		if r.barred {
			h = found[i].unbarred(h)
		}
		h, others := linear.OfWindows(h)
		h, late := firstOps(h, left)
		left -= len(h)
		sum.unjudged, sum.beyond = sum.unjudged+late, sum.beyond+others
		s.follow(found[i].marks, h, &sum)
	}
	if len(ops) > maxJudged {
		s.out.unsure(judgeLinear, "there are more than %d operations", maxJudged)
	}
	if sum.beyond > 0 {
		s.out.figure(judgeTrace, "%d operations on limits that are no window limits are judged by "+
			"this alone", sum.beyond)
	}
	s.out.run.Story.Operations += int64(sum.ops)
	s.out.figure(judgeLinear, "%d operations of %d accounts in %.1f s, %d of them not answered; "+
		"%d calls died with their processes; %d operations are not judged", sum.ops, sum.accounts,
		time.Since(begin).Seconds(), sum.unanswered, sum.died, sum.unjudged)
	return sum.ops > 0 || sum.beyond == 0, nil
}

// judged sums up what was judged.
type judged struct{ ops, accounts, unanswered, died, unjudged, beyond int }

// follow judges the history of one run, account by account.
func (s *stage) follow(m *linear.Marks, h linear.History, sum *judged) {
	for _, op := range h {
		if op.Output == nil {
			sum.unanswered++
		}
	}
	parts := linear.ByAccount(h)
	for _, account := range slices.SortedFunc(maps.Keys(parts), linear.Account.Compare) {
		v := m.Follow(parts[account], searchBound)
		sum.ops += len(parts[account]) - v.Unjudged
		sum.unjudged += v.Unjudged
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
		at, denied := r.marks.Denied(op.Input.Session, op.Input.Seq)
		return denied && at < first
	})
}

// firstOps returns the first most operations to begin, and how many more there are.
func firstOps(h linear.History, most int) (linear.History, int) {
	slices.SortFunc(h, func(a, b linear.Op) int { return cmp.Compare(a.Call, b.Call) })
	n := min(len(h), max(most, 0))
	return h[:n], len(h) - n
}
