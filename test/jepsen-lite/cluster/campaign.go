package cluster

import (
	"fmt"
	"strings"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// runs are the reports of a run: one of each cluster's life.
func (o Options) runs(out Outcome, j Judgement) []report.Run {
	first := o.run(out, j)
	if j.Next == nil {
		return []report.Run{first}
	}
	second := o.run(out, *j.Next)
	second.Name += ", restored"
	parted := time.Duration(out.parting.at - runBegins)
	first.Length, second.Length = parted, out.Virtual-parted
	first.Faults, second.Faults = nil, nil
	first.Counts, second.Counts = out.parting.counts, map[string]int64{}
	for kind, n := range out.Faults {
		if n -= first.Counts[kind]; n > 0 {
			second.Counts[kind] = n
		}
	}
	for _, f := range out.Timeline {
		of := &first
		if f.From >= parted {
			of = &second
		}
		of.Faults = append(of.Faults, f)
	}
	first.Served = report.Served{} // told of both together
	return []report.Run{first, second}
}

// run is the report of one cluster's life.
func (o Options) run(out Outcome, j Judgement) report.Run {
	story := j.Story
	story.Operations = int64(j.Linear.Ops - j.Linear.Unjudged)
	return report.Run{
		Name: fmt.Sprintf("seed %d", o.Seed), Replay: o.replay(), Lives: 1,
		Workload: o.workload(), Nodes: o.Nodes, Limiters: o.Holders,
		Virtual: true, Length: out.Virtual,
		Faults: out.Timeline, Counts: out.Faults,
		Served: report.Served{Healings: out.Healings, Slowest: out.Served, Within: out.Within},
		Story:  story, Verdicts: j.verdicts(),
	}
}

// replay is the command that strikes with the same faults again. What they meet differs: the
// goroutines of a bubble are not scheduled by the seed.
func (o Options) replay() string {
	return fmt.Sprintf("go test ./test/jepsen-lite/cluster -run '^TestLong$' -v -cluster.seed=%d "+
		"-cluster.runs=1 -cluster.hours=%v", o.Seed, o.Length.Hours())
}

// workload says what the fleet asks for.
func (o Options) workload() string {
	var loads []string
	for _, l := range o.Loads {
		var limits []string
		for _, limit := range l.Budget.Limits {
			limits = append(limits, described(limit))
		}
		text := fmt.Sprintf("%s: %s", l.Budget.Name, strings.Join(limits, " and "))
		if l.Keys > 0 {
			text += fmt.Sprintf(", for each of %d keys", l.Keys)
		}
		loads = append(loads, text)
	}
	return fmt.Sprintf("%s; drift %.1f %%", strings.Join(loads, "; "), float64(o.DriftPPM)/1e4)
}

// campaign begins the report of several runs.
func campaign(seed uint64, runs int, length time.Duration) *report.Campaign {
	return &report.Campaign{Ring: 2, Seed: seed, Command: fmt.Sprintf(
		"go test ./test/jepsen-lite/cluster -run '^TestLong$' -v -timeout 5h -cluster.seed=%d "+
			"-cluster.runs=%d -cluster.hours=%v", seed, runs, length.Hours())}
}
