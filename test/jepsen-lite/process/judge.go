//go:build linux

package process

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/timeline"
	"github.com/leased-io/leased/trace"
)

// The targets of a failover with default settings, held when kills are measured.
const (
	targetMedian = time.Second
	targetP99    = 2500 * time.Millisecond
	// enoughKills is how many make the targets mean something.
	enoughKills = 20
)

// The names of what a campaign is judged by.
const (
	judgeTrace     = "trace"
	judgeRealTime  = "real-time"
	judgeLiveness  = "liveness"
	judgeReplicas  = "replicas"
	judgeProcesses = "processes"
	judgeStop      = "stop"
	judgeLedger    = "ledger"
	judgeFailover  = "failover"
	judgeHarness   = "harness"
)

var judges = []string{
	judgeTrace, judgeRealTime, judgeLiveness, judgeReplicas, judgeLedger, judgeProcesses, judgeStop,
	judgeFailover, judgeHarness,
}

// judge reads what was recorded, when everything has ended.
func (s *stage) judge() error {
	files, err := trace.Files(s.traces())
	if err != nil {
		return err
	}
	if err := s.check(files); err != nil {
		return err
	}
	found, err := read(files)
	if err != nil {
		return err
	}
	s.checkRealTime(found)
	s.checkLedgers(found)
	s.checkGaps(found)
	s.report.judge()
	return nil
}

// check has the trace checker judge all files, and draws the page.
func (s *stage) check(files []string) error {
	begin := time.Now()
	scanned, err := timeline.Scan(files)
	if err != nil {
		return err
	}
	line := timeline.New(scanned)
	r := s.report
	r.Check, err = twin.Check(files, twin.Options{
		Slack:   twin.DefaultSlack,
		Observe: line.Observe,
		OnWindow: func(w twin.WindowTally) {
			line.OnWindow(w)
			r.tally(w)
		},
	})
	if err != nil {
		return fmt.Errorf("process: check the trace: %w", err)
	}
	r.CheckTook = time.Since(begin).Seconds()
	page, err := os.Create(filepath.Join(s.o.Out, pageFile))
	if err != nil {
		return err
	}
	if err := line.WriteHTML(page, r.Check); err != nil {
		return err
	}
	switch {
	case r.Check.Verdict == twin.Invalid:
		s.fail(judgeTrace, "%s", r.Check.Violation.Error())
	case r.Check.Verdict != twin.Valid: // a process that was killed is no reason for that
		s.fail(judgeTrace, "%s: %q", r.Check.Verdict, r.Check.Reasons)
	}
	return page.Close()
}

// checkRealTime holds every admission against the rolls around its window, in real time. The
// checker cannot, where the clock is the process's own.
func (s *stage) checkRealTime(found *records) {
	skewed := map[string]*ledger{}
	for _, f := range s.fleets {
		for _, l := range f.ledgers {
			if l.own {
				skewed[l.Recorder] = l
			}
		}
	}
	carried := found.carried(func(recorder string, at int64) int64 {
		if l := skewed[recorder]; l != nil {
			return l.base + Unskew(at-l.base, l.ppm)
		}
		return at
	})
	s.report.RealTime = len(found.admits)
	if len(carried) > 0 {
		s.fail(judgeRealTime, "%d admissions were made outside their window, the first: %+v",
			len(carried), carried[0])
	}
}

// checkLedgers holds what fleet processes counted themselves against their traces.
func (s *stage) checkLedgers(found *records) {
	for _, f := range s.fleets {
		for _, text := range f.errs {
			s.fail(judgeProcesses, "%s", text)
		}
		for i, l := range f.ledgers {
			traced := found.sums[l.Recorder]
			s.report.Ledgers = append(s.report.Ledgers, Ledger{*l, traced})
			switch {
			case traced < l.least() || l.Final && traced > l.Admitted:
				s.fail(judgeLedger, "%s counted %d credits, at least %d of them long ago, and its "+
					"trace has %d", l.Recorder, l.Admitted, l.least(), traced)
			case !l.Final && i == len(f.ledgers)-1:
				s.fail(judgeLedger, "%s did not end its ledger", l.Recorder)
			}
		}
	}
}

// checkGaps measures the failovers after killed leaders.
func (s *stage) checkGaps(found *records) {
	var kills []int64
	for _, f := range s.report.Faults {
		if f.Kind == "kill-leader" {
			kills = append(kills, f.At)
		}
	}
	g := found.gaps(kills)
	s.report.Gaps = g
	if s.o.Kills == 0 {
		return
	}
	if len(g.All) < s.o.Kills {
		s.fail(judgeFailover, "of %d killed leaders only %d were followed by a grant",
			s.o.Kills, len(g.All))
	}
	if len(g.All) > 0 && g.Admitting == 0 {
		s.fail(judgeFailover, "no limiter admitted anything in any gap")
	}
	if len(g.All) < enoughKills {
		return
	}
	if g.Median >= targetMedian.Seconds() || g.P99 >= targetP99.Seconds() {
		s.fail(judgeFailover, "gaps in grants: median %.2f s, p99 %.2f s; want below %s and %s",
			g.Median, g.P99, targetMedian, targetP99)
	}
}

// judge gives every judge's verdict.
func (r *Report) judge() {
	for _, name := range judges {
		if name == judgeFailover && r.Options.Kills == 0 {
			continue
		}
		failed := slices.ContainsFunc(r.Failures, func(f Failure) bool { return f.Name == name })
		r.Verdicts = append(r.Verdicts, Verdict{Name: name, OK: !failed})
	}
}
