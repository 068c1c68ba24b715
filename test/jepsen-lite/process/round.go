//go:build linux

package process

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// callTimeout is the longest that a request lost in a fault delays the next one.
	callTimeout = 2 * time.Second
	// showEvery is how often a line of progress is printed.
	showEvery = 5 * time.Second
	// maxActive bounds the faults at a time: with more, hardly anything is admitted that could be
	// wrong.
	maxActive = 3
	// tries bounds how many kinds are tried until one has something to break.
	tries = 8
)

// Healing is one demand for service after all faults were healed.
type Healing struct {
	Into     float64 `json:"into_sec"` // the campaign
	Limiters int     `json:"limiters"`
	Unserved int     `json:"unserved"`
	// Took is how long it was until the last limiter was served, of at most Within.
	Took   float64 `json:"took_sec"`
	Within float64 `json:"within_sec"`
}

// rounds plays rounds until the campaign's time is over, or nobody is served any more.
func (s *stage) rounds(ctx context.Context) {
	end := time.Now().Add(s.o.Duration)
	for time.Now().Before(end) && ctx.Err() == nil {
		s.breakThings(ctx, time.Now().Add(min(s.o.Round, time.Until(end))))
		s.healDue(true)
		if !s.demand(ctx) {
			return
		}
	}
}

// breakThings breaks one thing after another until the round is over.
func (s *stage) breakThings(ctx context.Context, end time.Time) {
	show := time.Now()
	change := time.Now().Add(s.w.Change)
	for time.Now().Before(end) && ctx.Err() == nil {
		if time.Now().After(show) {
			s.progress()
			show = time.Now().Add(showEvery)
		}
		if s.w.Change > 0 && time.Now().After(change) {
			s.changeBudget(ctx)
			change = time.Now().Add(time.Duration(s.rng.Int64N(2 * int64(s.w.Change))))
		}
		pause(ctx, min(time.Duration(s.rng.Int64N(2*int64(s.o.Pause))), time.Until(end)))
		s.healDue(false)
		s.bury()
		for range tries {
			if len(s.active) >= maxActive || s.start(s.draw()) {
				break
			}
		}
	}
}

// draw chooses a kind of fault that can be done here.
func (s *stage) draw() kind {
	var can []kind
	for _, k := range kinds {
		allowed := len(s.o.Only) == 0 || slices.Contains(s.o.Only, k.name)
		if allowed && k.needs(s) {
			for range k.weight {
				can = append(can, k)
			}
		}
	}
	return can[s.rng.IntN(len(can))]
}

// changeBudget raises or lowers the limit. The answer may be lost: it is not waited for long.
func (s *stage) changeBudget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	amount := s.w.Amount/4 + s.rng.Int64N(2*s.w.Amount)
	if _, err := s.admin.PutBudget(ctx, s.w.Budget(amount)); err == nil {
		s.report.Changes++
	}
}

// bury notes processes that ended though nobody made them, once each, and starts others.
func (s *stage) bury() {
	for _, m := range s.nodes {
		if m.proc.died() {
			s.fail(judgeProcesses, "%s ended by itself: %v", m.proc.name, m.proc.err)
			if err := m.start(s.o, s.logs()); err != nil {
				s.fail(judgeHarness, "%v", err)
			}
		}
	}
	for _, f := range s.fleets {
		if f.proc.died() {
			s.fail(judgeProcesses, "%s ended by itself: %v", f.proc.name, f.proc.err)
			if err := f.start(s.o, s.traces(), s.logs()); err != nil {
				s.fail(judgeHarness, "%v", err)
			}
		}
	}
}

// demand has every limiter served after a healing, and reports whether they all were in time:
// an election, two windows, and the end of a request that a fault has swallowed.
func (s *stage) demand(ctx context.Context) bool {
	s.bury()
	if s.o.Plant == PlantUnhealed {
		for _, m := range s.nodes[:len(s.nodes)/2+1] {
			m.proc.signal(syscall.SIGSTOP)
			m.stopped = true
		}
	}
	begin := now()
	within := s.o.elect() + 2*s.w.Per + callTimeout
	if s.w.Change > 0 {
		if err := s.put(ctx, s.w.Amount); err != nil {
			s.fail(judgeLiveness, "the budget cannot be changed after a healing: %v", err)
		}
	}
	for _, f := range s.fleets {
		f.say(SayProbe)
	}
	err := s.await(ctx, within-time.Duration(now()-begin), "every limiter to be served",
		func() (bool, string) {
			left := 0
			for _, f := range s.fleets {
				n, _ := f.unserved()
				left += n
			}
			return left == 0, fmt.Sprintf("%d of %d are not", left, s.w.Limiters)
		})
	if ctx.Err() != nil {
		return false
	}
	h := Healing{Into: time.Since(s.begin).Seconds(), Limiters: s.w.Limiters,
		Within: within.Seconds()}
	for _, f := range s.fleets {
		n, last := f.unserved()
		h.Unserved += n
		h.Took = max(h.Took, time.Duration(last-begin).Seconds())
	}
	s.report.Healings = append(s.report.Healings, h)
	if err == nil {
		err = s.await(ctx, s.o.elect(), "all nodes to follow one leader", s.whole)
	}
	if err != nil {
		s.fail(judgeLiveness, "after a healing: %v", err)
	}
	s.say("healed: %d limiters served within %.2f s", h.Limiters-h.Unserved, h.Took)
	for _, f := range s.fleets {
		f.say(SayTraffic)
	}
	return err == nil
}

// progress shows where the campaign is.
func (s *stage) progress() {
	leader := "nobody"
	if m := s.leader(); m != nil {
		leader = m.id
	}
	var admitted int64
	for _, f := range s.fleets {
		admitted += f.admitted()
	}
	s.say("leader %-6s  %3d faults so far, %d now  %9d credits admitted", leader,
		len(s.report.Faults), len(s.active), admitted)
}

// finish ends the fleet in order, sees all replicas at one digest, and ends the nodes.
func (s *stage) finish(ctx context.Context) {
	for _, m := range s.nodes {
		if m.stopped {
			m.proc.signal(syscall.SIGCONT)
			m.stopped = false
		}
	}
	for _, f := range s.fleets {
		f.say(SayEnd)
	}
	for _, f := range s.fleets {
		f.proc.excused.Store(true)
		if err := f.proc.await(stopBound); err != nil {
			s.fail(judgeStop, "%v", err)
		}
	}
	if err := s.await(ctx, s.o.elect(), "all replicas to agree", s.agree); err != nil {
		s.fail(judgeReplicas, "%v", err)
	}
	var ending sync.WaitGroup
	ended := make([]error, len(s.nodes))
	for i, m := range s.nodes {
		ending.Go(func() { ended[i] = m.proc.end(stopBound) })
	}
	ending.Wait()
	for _, err := range ended {
		if err != nil {
			s.fail(judgeStop, "%v", err)
		}
	}
}

// agree reports whether all replicas have applied the same.
func (s *stage) agree() (bool, string) {
	if ok, why := s.whole(); !ok {
		return false, why
	}
	first, _ := s.nodes[0].look()
	for _, m := range s.nodes[1:] {
		if other, _ := m.look(); other.AppliedIndex != first.AppliedIndex ||
			other.Digest != first.Digest {
			return false, fmt.Sprintf("%s is at %d %s, %s at %d %s", first.Node,
				first.AppliedIndex, first.Digest, other.Node, other.AppliedIndex, other.Digest)
		}
	}
	s.report.Digest, s.report.Applied = first.Digest, first.AppliedIndex
	return true, ""
}
