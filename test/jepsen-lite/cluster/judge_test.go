package cluster

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// TestPlantedAnswer: of a run whose clients were told the truth, one answer that is false is found.
func TestPlantedAnswer(t *testing.T) {
	dir := t.TempDir()
	var out Outcome
	var err error
	synctest.Test(t, func(*testing.T) { out, err = Play(short(), dir) })
	if err != nil {
		t.Fatal(err)
	}
	files, err := trace.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	marks, err := linear.ReadMarks(files)
	if err != nil {
		t.Fatal(err)
	}
	if v := follow(marks, out.history); v.Result != linear.Valid || v.Unjudged > 0 || v.Ops == 0 {
		t.Fatalf("as it was: %s", v)
	}
	granted := slices.IndexFunc(out.history, func(op linear.Op) bool {
		return op.Output != nil && len(op.Output.Grants) > 0
	})
	if granted < 0 {
		t.Fatal("nothing was granted")
	}
	out.history[granted].Output.Grants[0].Amount++
	v := follow(marks, out.history)
	if v.Result != linear.Invalid || v.Budget != "b" {
		t.Errorf("one credit more than was charged: %s", v)
	}
}
