package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// Judge plays the run that belongs to o in a bubble of its own, with files under dir, which is
// empty, and has the trace checker judge them. The error is one of the run, or of its files.
func Judge(t *testing.T, o Options, dir string) (out Outcome, report *twin.Report, err error) {
	t.Helper()
	var failed error
	synctest.Test(t, func(*testing.T) { out, failed = Play(o, dir) })
	files, err := trace.Files(dir)
	if err != nil {
		return out, nil, errors.Join(failed, err)
	}
	traced := map[string]ledger{}
	report, err = twin.Check(files, twin.Options{
		Observe: func(at *twin.Located, header *trace.Event) {
			l := traced[header.Recorder]
			switch at.Event.Kind {
			case trace.KindAdmit:
				l.credits += at.Event.N
			case trace.KindFailOpen:
				l.open += at.Event.N
			default:
				return
			}
			traced[header.Recorder] = l
		},
	})
	if err == nil && report.Verdict == twin.Valid {
		err = audit(out.ledgers, traced)
	}
	return out, report, errors.Join(failed, err)
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
