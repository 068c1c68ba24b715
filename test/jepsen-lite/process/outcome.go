//go:build linux

package process

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// outcome is what a campaign comes to, while it runs.
type outcome struct {
	zero     int64 // the campaign's begin, on the trace's clock
	run      report.Run
	without  []string            // what this machine does not let the campaign do
	failures map[string][]string // by judge
	unknown  map[string][]string // why a judge cannot tell, by judge
	figures  map[string][]string // what a judge went through, by judge
	kills    []int64             // of leaders, on the trace's clock
}

func newOutcome(o Options) *outcome {
	return &outcome{
		zero:     now(),
		failures: map[string][]string{},
		unknown:  map[string][]string{},
		figures:  map[string][]string{},
		run: report.Run{
			Name: fmt.Sprintf("seed %d", o.Seed), Replay: o.Command, Lives: 1,
			Workload: o.Workload, Nodes: o.Nodes, Limiters: Workloads[o.Workload].Limiters,
			Counts: map[string]int64{},
		},
	}
}

// into is how long the campaign had run at an instant of the trace's clock.
func (o *outcome) into(at int64) time.Duration { return time.Duration(at - o.zero) }

// fault notes that something is broken from the instant at on, and returns its place in the
// report. It is over at once unless its end is noted.
func (o *outcome) fault(kind, target string, at int64) int {
	o.run.Counts[kind]++
	o.run.Faults = append(o.run.Faults, report.Fault{
		Kind: kind, Target: target, From: o.into(at), To: o.into(at),
	})
	return len(o.run.Faults) - 1
}

// over notes the end of a fault, and what came of it.
func (o *outcome) over(fault int, what string) {
	f := &o.run.Faults[fault]
	f.To, f.Outcome = o.into(now()), what
}

// healed notes that all limiters were to be served within a time, and how long it took.
func (o *outcome) healed(took, within time.Duration) {
	served := &o.run.Served
	served.Healings++
	served.Slowest, served.Within = max(served.Slowest, took), max(served.Within, within)
}

// The judges of a campaign.
const (
	judgeTrace     = "trace"
	judgeBound     = "bound"
	judgeLinear    = "linearizable"
	judgeRealTime  = "real time"
	judgeLiveness  = "liveness"
	judgeReplicas  = "replicas"
	judgeLedger    = "ledger"
	judgeProcesses = "processes"
	judgeStop      = "stop"
	judgeTakeover  = "takeover"
	judgeFailover  = "failover"
	judgeHarness   = "harness"
)

var judges = []string{
	judgeTrace, judgeBound, judgeLinear, judgeRealTime, judgeLiveness, judgeReplicas, judgeLedger,
	judgeProcesses, judgeStop, judgeTakeover, judgeFailover, judgeHarness,
}

// maxTold bounds what a verdict tells of one judge's findings: the first ones matter.
const maxTold = 5

// conclude gives the verdict of every judge that has judged something. Those that have nothing to
// say but if something fails are in every campaign.
func (o *outcome) conclude(absent map[string]bool) {
	// A fault that takes its time is noted after those that began meanwhile.
	slices.SortStableFunc(o.run.Faults, func(a, b report.Fault) int {
		return cmp.Compare(a.From, b.From)
	})
	for _, name := range judges {
		if absent[name] {
			continue
		}
		v := report.Verdict{Judge: name, Result: report.Valid, Detail: listed(o.figures[name])}
		switch {
		case len(o.failures[name]) > 0:
			v.Result, v.Detail = report.Invalid, listed(o.failures[name])
		case len(o.unknown[name]) > 0:
			v.Result, v.Detail = report.Unknown, listed(o.unknown[name])
		}
		o.run.Verdicts = append(o.run.Verdicts, v)
	}
}

func listed(texts []string) string {
	if more := len(texts) - maxTold; more > 0 {
		texts = append(texts[:maxTold:maxTold], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

// figure notes what a judge went through.
func (o *outcome) figure(judge, format string, args ...any) {
	o.figures[judge] = append(o.figures[judge], fmt.Sprintf(format, args...))
}

// unsure notes why a judge cannot tell.
func (o *outcome) unsure(judge, format string, args ...any) {
	o.unknown[judge] = append(o.unknown[judge], fmt.Sprintf(format, args...))
}

// violated notes what must not happen.
func (o *outcome) violated(judge, text string) {
	o.failures[judge] = append(o.failures[judge], text)
}
