//go:build linux

package process

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/report"
	"github.com/leased-io/leased/trace"
)

// judge reads what was recorded, when everything has ended.
func (s *stage) judge() error {
	for i, r := range s.runs[:len(s.runs)-1] {
		next := s.runs[i+1]
		if err := report.Divide(r.dir, next.dir, next.name, next.first); err != nil {
			return err
		}
	}
	sums := map[string]int64{} // recorder -> credits, in all runs
	var all []*records
	for i, r := range s.runs {
		files, err := trace.Files(r.dir)
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
		for recorder, n := range found.sums {
			sums[recorder] += n
		}
		s.checkRealTime(found)
		if i > 0 {
			s.checkTakeover(all[i-1], found)
		}
		all = append(all, found)
	}
	s.checkBound()
	s.checkLedgers(sums)
	s.checkFailovers()
	told, err := s.checkHistories(all)
	if err != nil {
		return err
	}
	s.out.conclude(map[string]bool{
		judgeLinear:   !told,
		judgeFailover: s.o.Kills == 0,
		judgeTakeover: len(s.runs) == 1,
	})
	return nil
}

// check has the trace checker judge a run's files, and reads what the report tells of them.
func (s *stage) check(files []string) error {
	begin := time.Now()
	check, err := twin.Check(files, twin.Options{Slack: twin.DefaultSlack})
	if err != nil {
		return fmt.Errorf("process: check the trace: %w", err)
	}
	switch check.Verdict {
	case twin.Valid: // a process that was killed is no reason for anything else
		s.out.figure(judgeTrace, "%d events of %d files in %.1f s; %d credits of processes that "+
			"died may have been spent untold", check.Events, check.Files,
			time.Since(begin).Seconds(), check.Unrecorded)
	case twin.Unknown:
		s.out.unsure(judgeTrace, "%q", check.Reasons)
		s.say("UNKNOWN %s: %q", judgeTrace, check.Reasons)
	default:
		s.fail(judgeTrace, "%s", check.Violation.Error())
	}
	story, err := report.ReadStory(files, s.out.zero)
	if err != nil {
		return fmt.Errorf("process: read the trace: %w", err)
	}
	s.out.run.Story.Join(story)
	return nil
}

// checkBound counts once more, without the checker, whether any window was exceeded.
func (s *stage) checkBound() {
	story := s.out.run.Story
	if story.Overshoot > 0 {
		s.fail(judgeBound, "a window of an account was exceeded by %d credits", story.Overshoot)
	}
	if story.Strays > 0 {
		s.fail(judgeBound, "%d credits were admitted on leases that nobody granted", story.Strays)
	}
	s.out.figure(judgeBound, "%d of %d credits of %d windows; %d slots taken", story.Admitted,
		story.Bound, story.Windows, story.Slots)
}

// checkRealTime holds every admission against the rolls around its window, in real time. The
// checker cannot, where the clock is the process's own.
func (s *stage) checkRealTime(found *records) {
	carried := found.carried(s.real())
	s.out.figure(judgeRealTime, "%d admit events", len(found.admits))
	if len(carried) > 0 {
		s.fail(judgeRealTime, "%d admissions were made outside their window, the first: %+v",
			len(carried), carried[0])
	}
}

// real maps an instant of a recorder's trace to the nodes' clock.
func (s *stage) real() func(recorder string, at int64) int64 {
	skewed := map[string]*ledger{}
	for _, f := range s.fleets {
		for _, l := range f.ledgers {
			if l.own {
				skewed[l.Recorder] = l
			}
		}
	}
	return func(recorder string, at int64) int64 {
		if l := skewed[recorder]; l != nil {
			return l.base + Unskew(at-l.base, l.ppm)
		}
		return at
	}
}

// checkTakeover holds two clusters against each other, of which one took the other's place: no
// lease of the old one is used once the new one has granted. All admissions are of one budget.
func (s *stage) checkTakeover(before, after *records) {
	first, lease := int64(0), uint64(0)
	for number, g := range after.grants {
		if lease == 0 || g.at < first {
			first, lease = g.at, number
		}
	}
	if lease == 0 {
		s.fail(judgeTakeover, "the cluster that took over has granted nothing")
		return
	}
	real, last := s.real(), int64(0)
	for _, a := range before.admits {
		last = max(last, real(a.recorder, a.last))
		if at := real(a.recorder, a.last); at >= first {
			s.fail(judgeTakeover, "%s admits on lease %d of the cluster that is gone %s after the "+
				"one in its place has granted lease %d", a.recorder, a.lease,
				time.Duration(at-first), lease)
			return
		}
	}
	s.out.figure(judgeTakeover, "%d admit events on old leases, the last one %s before the first "+
		"new grant", len(before.admits), time.Duration(first-last))
}

// checkLedgers holds what fleet processes counted themselves against the sums of their traces.
func (s *stage) checkLedgers(sums map[string]int64) {
	lives := 0
	for _, f := range s.fleets {
		for _, text := range f.errs {
			s.fail(judgeProcesses, "%s", text)
		}
		for i, l := range f.ledgers {
			lives++
			traced := sums[l.Recorder]
			switch {
			case traced < l.least() || l.Final && traced > l.Admitted:
				s.fail(judgeLedger, "%s counted %d credits, at least %d of them long ago, and its "+
					"trace has %d", l.Recorder, l.Admitted, l.least(), traced)
			case !l.Final && i == len(f.ledgers)-1:
				s.fail(judgeLedger, "%s did not end its ledger", l.Recorder)
			}
		}
	}
	s.out.figure(judgeLedger, "%d processes", lives)
}
