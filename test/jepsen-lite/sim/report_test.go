package sim

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/report"
	"github.com/leased-io/leased/trace"
)

const (
	// reportFile is what a campaign leaves in its directory, and pageFile shows it.
	reportFile = "campaign.json"
	pageFile   = "campaign.html"
	// samples is how many schedules a report shows whole, and sampleTries how many seeds it
	// looks at to find them.
	samples, sampleTries = 2, 2 * large
)

// The judges, as the report names them.
const (
	judgeOracle     = "oracle"
	judgeInvariants = "invariants"
	judgeTrace      = "trace"
	judgeLiveness   = "liveness"
)

// report writes what the campaign came to, and a page that shows it, into dir.
func (c *campaign) report(took time.Duration, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("-sim.out: %w", err)
	}
	r := &report.Campaign{
		Ring: 1, Seed: c.first, Took: took,
		Command: fmt.Sprintf("make jepsen RING=1 SEED=%d DURATION=%v", c.first, *duration),
		Runs:    []report.Run{c.sum()},
	}
	for _, o := range c.picks() {
		run, err := sample(o)
		if err != nil {
			return err
		}
		r.Runs = append(r.Runs, run)
	}
	return errors.Join(r.WriteFile(filepath.Join(dir, reportFile)),
		report.WriteHTMLFile(filepath.Join(dir, pageFile), []*report.Campaign{r}))
}

// sum is the run that stands for all schedules.
func (c *campaign) sum() report.Run {
	return report.Run{
		Name:  fmt.Sprintf("%d schedules from seed %d", c.played, c.first),
		Lives: c.played, Workload: c.shares(), Nodes: 3, Limiters: int(c.limiters), Virtual: true,
		Replay: fmt.Sprintf("go test ./test/jepsen-lite/sim -run 'TestSim$' -v -sim.seed=%d", c.first),
		Length: c.length, Counts: c.struck.ByName(),
		Served: report.Served{
			Healings: int(c.healed), Slowest: c.slowest, Within: c.within,
		},
		Story: report.Story{
			Events: c.events, Entries: c.entries, Epochs: c.epochs, Restores: c.struck[Restore],
			Windows: c.books.Windows, Bound: c.books.Bound, Overshoot: c.books.Overshoot,
			Admissions: c.books.Admissions, Admitted: c.books.Admitted,
		},
		Verdicts: c.verdicts(),
	}
}

// shares tells how often each workload was played, the most frequent first.
func (c *campaign) shares() string {
	names := slices.SortedFunc(maps.Keys(c.workloads), func(a, b string) int {
		if d := c.workloads[b] - c.workloads[a]; d != 0 {
			return int(d)
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s: %d", name, c.workloads[name])
	}
	return strings.Join(names, "; ")
}

// verdicts are those of all judges, each with how many schedules it has judged.
func (c *campaign) verdicts() []report.Verdict {
	of := func(judge string, schedules int64) report.Verdict {
		v := report.Verdict{Judge: judge, Result: report.Valid,
			Detail: fmt.Sprintf("%d schedules", schedules)}
		if schedules == 0 {
			v.Result = report.Unknown
		}
		return v
	}
	all := []report.Verdict{
		of(judgeOracle, c.played), of(judgeInvariants, c.verified), of(judgeTrace, c.judged),
		of(judgeLiveness, c.healed),
	}
	for _, f := range c.failed {
		v := &all[slices.IndexFunc(all, func(v report.Verdict) bool {
			return v.Judge == f.finding.judge()
		})]
		v.Result = report.Invalid
		v.Detail = fmt.Sprintf("seed %d: %s", f.options.Seed, f.finding.Text)
	}
	return all
}

// judge is who found it: a crash of the product is for the invariants that it states.
func (f Finding) judge() string {
	switch kind, _, _ := strings.Cut(f.Reason, ":"); kind {
	case "oracle":
		return judgeOracle
	case "checker":
		return judgeTrace
	case "starved":
		return judgeLiveness
	}
	return judgeInvariants
}

// picks are the schedules that the report shows: the first with many faults and clocks that can
// be compared, so that there is something to see, and the first large one. Those that failed
// come before.
func (c *campaign) picks() (picked []Options) {
	if f, ok := c.lowest(); ok {
		picked = append(picked, f.options)
	}
	lean, big := false, false
	for seed := c.first; seed < c.first+sampleTries && len(picked) < samples; seed++ {
		o := Draw(seed)
		switch {
		case o.Local || o.crowd():
		case seed%large == 0 && !big:
			picked, big = append(picked, o), true
		case seed%large != 0 && !lean && o.heals() && o.Failover > 0 && faultsOf(o) >= 9:
			picked, lean = append(picked, o), true
		}
	}
	return picked
}

// sample plays a schedule again, for all to see.
func sample(o Options) (run report.Run, err error) {
	o.Verify = true
	run = report.Run{
		Name: fmt.Sprintf("seed %d", o.Seed), Replay: o.Replay(), Workload: o.Workload(),
		Nodes: o.Replicas, Limiters: o.Holders, Virtual: true, Length: o.Length + o.Healed,
	}
	dir, err := os.MkdirTemp("", "sample")
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out, checked, panicked, err := judge(o, dir, func(s Strike) {
		run.Faults = append(run.Faults,
			report.Fault{Kind: s.Fault.String(), Target: s.Target, From: s.From, To: s.To})
	})
	if err != nil {
		return run, err
	}
	files, err := trace.Files(dir)
	if err != nil {
		return run, err
	}
	if run.Story, err = report.ReadStory(files, 0); err != nil {
		return run, err
	}
	run.Counts = out.Struck.ByName()
	if o.heals() {
		run.Served = report.Served{Healings: 1, Slowest: out.Slowest, Within: o.Healed}
	}
	f := out.finding(panicked)
	if f.Reason == "" {
		f = disputed(out, checked)
	}
	run.Verdicts = []report.Verdict{{Judge: judgeOracle, Result: report.Valid},
		{Judge: judgeTrace, Result: report.Valid}}
	if f.Reason != "" {
		run.Verdicts = append(run.Verdicts,
			report.Verdict{Judge: f.judge(), Result: report.Invalid, Detail: f.Text})
	}
	return run, nil
}
