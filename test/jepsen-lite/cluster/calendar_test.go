package cluster

import (
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
)

// TestCalendar plays runs of budgets that follow wall clocks which are hours apart, step, and are
// another node's each time, while leaders fail. The traces must be valid, and leap.
func TestCalendar(t *testing.T) {
	n := uint64(1)
	if *runs > 0 {
		n = uint64(*runs)
	}
	begin := time.Now()
	var covered refine.Coverage
	for s := *seed; s < *seed+n; s++ {
		out, judged := Judge(t, DrawCalendar(s), t.TempDir())
		if r := judged.Trace; r == nil || r.Verdict != twin.Valid || judged.Err != nil {
			t.Fatalf("%v %+v; replay: go test ./test/jepsen-lite/cluster -run TestCalendar "+
				"-cluster.seed=%d -cluster.runs=1", judged.Err, r, s)
		} else {
			covered.Merge(r.Coverage)
		}
		if out.Allowed == 0 {
			t.Errorf("seed %d: nothing was allowed", s)
		}
	}
	t.Logf("%d runs in %v: %s", n, time.Since(begin).Round(time.Millisecond), &covered)
	for _, step := range covered.Steps {
		switch step.Name {
		case "SetCalendar", "Announce", "Leap", "TellZone":
			if step.Count == 0 {
				t.Errorf("no run took the step %s", step.Name)
			}
		}
	}
}
