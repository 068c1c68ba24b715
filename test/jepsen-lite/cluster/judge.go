package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/test/jepsen-lite/report"
	"github.com/leased-io/leased/trace"
)

// Judgement is what the judges make of a run.
type Judgement struct {
	Trace  *twin.Report   // nil if the files could not be checked
	Linear linear.Verdict // of what the clients were told
	Story  report.Story
	// Err is one of the run, of its files, or of the ledgers.
	Err error
	// Next is of the cluster that took the place of this one, if it was lost; nil: there is none.
	Next *Judgement

	crossing crossing // from the one before, if this one took its place
}

// valid reports whether the trace is.
func (j *Judgement) valid() bool { return j.Trace != nil && j.Trace.Verdict == twin.Valid }

// OK reports whether nothing is wrong and nothing unknown.
func (j Judgement) OK() bool {
	return j.Err == nil && j.valid() && (j.Next == nil || j.Next.OK()) &&
		(j.Linear.Result == linear.Valid || j.Linear.Ops == 0) && j.Story.Overshoot == 0
}

// Judge plays the run that belongs to o in a bubble of its own, with files under dir, which is
// empty, and has all that was recorded judged: of each cluster by itself, and across both if there
// were two.
func Judge(t *testing.T, o Options, dir string) (out Outcome, j Judgement) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { out, j.Err = Play(o, dir) })
	traced := map[string]ledger{}
	h := out.history
	if len(out.lives) > 1 {
		next, err := judgeSuccession(&out, &h, traced)
		j.Next, j.Err = next, errors.Join(j.Err, err)
	}
	j.judge(out.lives[0].dir, h, traced)
	if j.valid() && (j.Next == nil || j.Next.valid()) {
		j.Err = errors.Join(j.Err, audit(out.ledgers, traced))
	}
	return out, j
}

// judgeSuccession judges the second cluster of a run, and that its first one is over. It leaves h
// what was asked of the first.
func judgeSuccession(
	out *Outcome, h *linear.History, traced map[string]ledger,
) (*Judgement, error) {
	next := &Judgement{}
	lost, heir := out.lives[0], out.lives[1]
	if err := report.Divide(lost.dir, heir.dir, heir.name, out.parting.first); err != nil {
		return next, err
	}
	old, err := trace.Files(lost.dir)
	files, again := trace.Files(heir.dir)
	if err = errors.Join(err, again); err != nil {
		return next, err
	}
	at, err := restoredAt(files)
	first, second, told := partHistory(*h, out.parting, at)
	*h = first
	next.judge(heir.dir, second, traced)
	crossed, unread := checkAcross(old, files, out.parting.lost)
	next.crossing = crossed
	next.Err = errors.Join(next.Err, err, unread, told, crossed.late)
	return next, nil
}

// judge has the recordings of one cluster judged.
func (j *Judgement) judge(dir string, h linear.History, traced map[string]ledger) {
	files, err := trace.Files(dir)
	if err != nil {
		j.Err = errors.Join(j.Err, err)
		return
	}
	j.Trace, err = twin.Check(files, twin.Options{
		Observe: func(at *twin.Located, header *trace.Event) {
			l := traced[header.Recorder]
			switch at.Event.Kind {
			case trace.KindAdmit:
				l.credits += at.Event.N
			case trace.KindFailOpen, trace.KindShadow:
				l.open += at.Event.N
			default:
				return
			}
			traced[header.Recorder] = l
		},
	})
	var unread error
	j.Story, unread = report.ReadStory(files, runBegins)
	marks, unmarked := linear.ReadMarks(files)
	if unmarked == nil {
		j.Linear = follow(marks, h)
	}
	if j.Linear.Result != linear.Valid && unmarked == nil {
		unmarked = keepHistory(dir, h) // for whoever looks into it
	}
	j.Err = errors.Join(j.Err, err, unread, unmarked)
}

// keepHistory writes what the clients were told beside the trace.
func keepHistory(dir string, h linear.History) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "history.json"), text, 0o600)
}

// searchBound bounds the search for an order of one account's operations that is not the log's, in
// real time.
const searchBound = 20 * time.Second

// follow judges what the clients were told along the log, account by account.
func follow(marks *linear.Marks, h linear.History) linear.Verdict {
	sum := linear.Verdict{Result: linear.Valid}
	h, sum.Beyond = linear.OfWindows(h)
	for _, op := range h {
		if op.Input.Kind == linear.Rest {
			continue
		}
		sum.Ops++
		if op.Output == nil {
			sum.Unanswered++
		}
	}
	parts, budgets := linear.ByAccount(h), map[string]bool{}
	for _, account := range slices.SortedFunc(maps.Keys(parts), linear.Account.Compare) {
		budgets[account.Budget] = true
		v := marks.Follow(parts[account], searchBound)
		sum.Unjudged, sum.Most = sum.Unjudged+v.Unjudged, max(sum.Most, v.Most)
		if v.Result == linear.Invalid && sum.Result != linear.Invalid ||
			v.Result == linear.Unknown && sum.Result == linear.Valid {
			sum.Result, sum.Budget, sum.Why = v.Result, account.Budget, v.Why
			if account.Key != "" {
				sum.Why = fmt.Sprintf("key %s: %s", account.Key, v.Why)
			}
		}
	}
	sum.Budgets = len(budgets)
	return sum
}

// verdicts are the judges' for a report.
func (j Judgement) verdicts() []report.Verdict {
	run := report.Verdict{Judge: "run", Result: report.Valid}
	if j.Err != nil {
		run.Result, run.Detail = report.Invalid, j.Err.Error()
	}
	checked := report.Verdict{Judge: "trace", Result: report.Unknown}
	if j.Trace != nil {
		checked.Result = string(j.Trace.Verdict)
		checked.Detail = fmt.Sprintf("%d events", j.Trace.Events)
		if j.Trace.Violation != nil {
			checked.Detail = j.Trace.Violation.Error()
		} else if len(j.Trace.Reasons) > 0 {
			checked.Detail = fmt.Sprint(j.Trace.Reasons)
		}
	}
	verdicts := []report.Verdict{run, checked}
	if j.Linear.Ops > 0 {
		verdicts = append(verdicts, report.Verdict{Judge: "linearizable",
			Result: string(j.Linear.Result), Detail: fmt.Sprintf("%s; %d not judged, and %d on limits "+
				"that are no window limits", j.Linear, j.Linear.Unjudged, j.Linear.Beyond)})
	}
	if j.crossing.limits > 0 {
		crossed := report.Verdict{Judge: "takeover", Result: report.Valid, Detail: j.crossing.String()}
		if j.crossing.late != nil {
			crossed.Result, crossed.Detail = report.Invalid, j.crossing.late.Error()
		}
		verdicts = append(verdicts, crossed)
	}
	return verdicts
}

// ledger is what a process was told it may do.
type ledger struct {
	allowed int   // decisions
	credits int64 // of them
	open    int64 // credits admitted without leases, by policy
	died    bool  // its trace ends before its life
}

// audit compares what the processes were told with what the trace says that they were. Of one
// that died the trace may lack the end.
func audit(told, traced map[string]ledger) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(told)) {
		want, got := told[name], traced[name]
		same := got.credits == want.credits && got.open == want.open
		within := got.credits <= want.credits && got.open <= want.open
		if !same && (!want.died || !within) {
			errs = append(errs, fmt.Errorf("cluster: %s was told %d credits, and %d without leases; "+
				"its trace has %d and %d", name, want.credits, want.open, got.credits, got.open))
		}
	}
	return errors.Join(errs...)
}
