package twin

import (
	"fmt"
	"testing"

	"github.com/leased-io/leased/trace"
)

// reinstall has node i take the last snapshot again while it runs, and apply what came after it
// once more.
func (w *world) reinstall(i int) {
	w.record(w.nodes[i], trace.Event{Kind: trace.KindRestore, Index: w.snapshotIndex,
		T: w.snapshotT, Epoch: w.snapshotEpoch, Hash: fmt.Sprintf("state-%d", w.snapshotIndex)})
	for _, group := range w.log[w.snapshot:] {
		w.write(w.nodes[i], group, 0)
	}
}

// TestASnapshotIsInstalledAgain: entries that a node applies once more are no new ones, and must
// come to what they did.
func TestASnapshotIsInstalledAgain(t *testing.T) {
	again := func() *world {
		w, _ := small(3)
		w.snap()
		for range 5 {
			w.sleep(ms)
			w.entry(nil)
		}
		w.sleep(ms) // the last replica applies it
		w.reinstall(2)
		w.entry(nil)
		w.sleep(ms)
		return w
	}
	w := again()
	report, err := checkFiles(t, w.files, Options{})
	if err != nil || report.Verdict != Valid || report.Restores != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
	w = again()
	events := w.nodes[2].events
	for i := len(events) - 1; i >= 0; i-- {
		if e := &events[i].event; e.Kind == trace.KindEntry && e.Index == w.index-2 {
			e.Hash = "another"
			break
		}
	}
	report, err = checkFiles(t, w.files, Options{})
	if err != nil || report.Violation == nil || report.Violation.Invariant != ReplicasAgree {
		t.Errorf("with another effect: got %+v, %v", report.Violation, err)
	}
}
