package linear

import (
	"flag"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seed = flag.Uint64("linear.seed", 1, "the first seed")
	runs = flag.Int("linear.runs", 0, "how many seeds; 0: a few")
)

// patience bounds the checking of one budget's history, in real time.
const patience = 2 * time.Minute

// TestLinearizable records histories of real nodes under faults. Each must be linearizable.
func TestLinearizable(t *testing.T) {
	if *runs == 0 {
		*runs = 12
		if raceEnabled {
			*runs = 3
		}
	}
	begin := time.Now()
	var ops, unanswered, failovers int
	var checking time.Duration
	for s := *seed; s < *seed+uint64(*runs); s++ {
		o := Draw(s)
		var h History
		var cuts int
		var err error
		synctest.Test(t, func(*testing.T) { h, cuts, err = Play(o) })
		if err != nil {
			t.Errorf("%v", err)
		}
		start := time.Now()
		v := Check(h, patience)
		checking += time.Since(start)
		if v.Result != Valid {
			picture, err := v.Draw(t.ArtifactDir())
			t.Errorf("%s\npicture: %s %v", v, picture, err)
		}
		if t.Failed() {
			t.Fatalf("%+v\nreplay the faults: go test ./test/jepsen-lite/linear "+
				"-run TestLinearizable -artifacts -linear.seed=%d -linear.runs=1", o, s)
		}
		ops, unanswered, failovers = ops+v.Ops, unanswered+v.Unanswered, failovers+cuts
	}
	t.Logf("%d runs in %v, %v of it checking: %d operations, %d not answered, %d failovers", *runs,
		time.Since(begin).Round(time.Millisecond), checking.Round(time.Millisecond), ops,
		unanswered, failovers)
	if ops == 0 || unanswered == 0 || failovers == 0 {
		t.Error("the runs exercised too little to prove anything")
	}
}
