package cluster

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

var (
	seed = flag.Uint64("cluster.seed", 1, "the first seed")
	runs = flag.Int("cluster.runs", 0, "how many seeds; 0: a few")
	// The runner of mutants builds this package with a bug in it.
	findings = flag.String("cluster.findings", "",
		"look for bugs instead: write who found one to this file")
)

// TestCluster plays some runs. Each must keep the bound, by its trace, and admit something.
func TestCluster(t *testing.T) {
	if *findings != "" {
		t.Skip("looking for bugs")
	}
	n := uint64(*runs)
	if n == 0 {
		n = 8
		if raceEnabled {
			n = 2
		}
	}
	begin := time.Now()
	var allowed, failovers int
	var stale int64
	for s := *seed; s < *seed+n; s++ {
		o := Draw(s)
		out, judged := Judge(t, o, t.TempDir())
		if r := judged.Trace; r != nil && r.Verdict != twin.Valid {
			t.Errorf("%s: %v %v", r.Verdict, r.Violation, r.Reasons)
		}
		if !judged.OK() {
			t.Errorf("%v; %s; overshoot %d", judged.Err, judged.Linear, judged.Story.Overshoot)
		}
		if t.Failed() {
			t.Fatalf("%+v\nreplay the faults: go test ./test/jepsen-lite/cluster -run TestCluster "+
				"-cluster.seed=%d -cluster.runs=1", o, s)
		}
		allowed += out.Allowed
		failovers += out.Failovers
		stale += judged.Trace.Stale
	}
	t.Logf("%d runs in %v: %d requests allowed, %d failovers, %d entries of another epoch",
		n, time.Since(begin).Round(time.Millisecond), allowed, failovers, stale)
	if allowed == 0 || failovers == 0 {
		t.Error("the runs exercised too little to prove anything")
	}
}

// TestDetect looks for bugs: the checker is the judge, and a run that fails is a finding too.
func TestDetect(t *testing.T) {
	if *findings == "" {
		t.Skip("run by the mutants' runner, with -cluster.findings")
	}
	begin := time.Now()
	oracle := mutants.Catch{Judge: mutants.Oracle}
	checker := mutants.Catch{Judge: mutants.Checker}
	most := uint64(*runs)
	for s := *seed; s < *seed+most+most/4 && !checker.Caught; s++ {
		o, test := Draw(s), "TestCluster"
		if s >= *seed+most {
			o, test = DrawCalendar(s), "TestCalendar"
		}
		_, judged := Judge(t, o, t.TempDir())
		report, err := judged.Trace, judged.Err
		oracle.Schedules, checker.Schedules = oracle.Schedules+1, checker.Schedules+1
		replay := fmt.Sprintf("go test ./test/jepsen-lite/cluster -run %s "+
			"-cluster.seed=%d -cluster.runs=1", test, s)
		if err != nil && !oracle.Caught {
			oracle.Caught, oracle.What, oracle.Text = true, "fails", err.Error()
			oracle.Seed, oracle.Replay, oracle.After = s, replay, time.Since(begin)
		}
		if report != nil && report.Violation != nil {
			checker.Caught, checker.What, checker.Text = true, report.Violation.Invariant,
				report.Violation.Error()
			checker.Seed, checker.Replay = s, replay
		}
	}
	checker.After = time.Since(begin)
	data, err := json.Marshal(mutants.Findings{Catches: []mutants.Catch{oracle, checker}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*findings, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
