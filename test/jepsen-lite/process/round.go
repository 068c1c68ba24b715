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
	s.due = time.Now().Add(s.upTo(2 * s.o.Pause))
	for time.Now().Before(end) && ctx.Err() == nil {
		s.stir(ctx)
		pause(ctx, settle)
	}
}

// stir does what is due by now: it mends what was broken for long enough, and breaks something
// else.
func (s *stage) stir(ctx context.Context) {
	now := time.Now()
	if now.After(s.show) {
		s.progress()
		s.show = now.Add(showEvery)
	}
	if s.w.Change > 0 && now.After(s.change) {
		s.changeBudget(ctx)
		s.change = time.Now().Add(s.upTo(2 * s.w.Change))
	}
	s.healDue(false)
	s.bury()
	if now.Before(s.due) {
		return
	}
	for range tries {
		k, ok := s.draw()
		if !ok || len(s.active) >= maxActive || s.start(k) {
			break
		}
	}
	s.due = time.Now().Add(s.upTo(2 * s.o.Pause))
}

// upTo draws a duration below d, which is more than nothing.
func (s *stage) upTo(d time.Duration) time.Duration {
	return time.Duration(s.rng.Int64N(int64(d)))
}

// draw chooses a kind of fault that can be done here and now, if there is one.
func (s *stage) draw() (kind, bool) {
	var can []kind
	for _, k := range kinds() {
		allowed := len(s.o.Only) == 0 || slices.Contains(s.o.Only, k.name)
		if allowed && k.needs(s) && (!s.busy || !k.long) {
			for range k.weight {
				can = append(can, k)
			}
		}
	}
	if len(can) == 0 {
		return kind{}, false
	}
	return can[s.rng.IntN(len(can))], true
}

// changeBudget raises or lowers the limit. The answer may be lost: it is not waited for long.
func (s *stage) changeBudget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	amount := s.w.Amount/4 + s.rng.Int64N(2*s.w.Amount)
	_, _ = s.admin.PutBudget(ctx, s.w.Budget(amount)) // its outcome is the trace's to tell
}

// bury notes processes that ended though nobody made them, once each, and starts others.
func (s *stage) bury() {
	for _, m := range slices.Concat(s.nodes, s.former) {
		if m.ailing && m.impaired == 0 && m.proc.ended() {
			if err := m.start(s.o, s.logs()); err != nil {
				s.fail(judgeHarness, "%v", err)
			}
		}
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
			if err := f.start(s); err != nil {
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
	if since := time.Duration(begin - s.current().begin); len(s.runs) > 1 && since < within {
		within += 2 * s.w.Per // a cluster that took another one's place grants nothing at first
	}
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
			s.bury()
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
	unserved, took := 0, time.Duration(0)
	for _, f := range s.fleets {
		n, last := f.unserved()
		unserved += n
		took = max(took, time.Duration(last-begin))
	}
	s.out.healed(took, within)
	if err == nil {
		err = s.complete(ctx)
	}
	if err != nil {
		s.fail(judgeLiveness, "after a healing: %v", err)
	}
	s.say("healed: %d limiters served within %.2f s", s.w.Limiters-unserved, took.Seconds())
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
		len(s.out.run.Faults), len(s.active), admitted)
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
	s.converge(ctx)
	var ending sync.WaitGroup
	all := slices.Concat(s.nodes, s.former)
	ended := make([]error, len(all))
	for i, m := range all {
		ending.Go(func() { ended[i] = m.proc.end(stopBound) })
	}
	ending.Wait()
	for _, err := range ended {
		if err != nil {
			s.fail(judgeStop, "%v", err)
		}
	}
}

// converge sees all replicas of a cluster without traffic at one digest.
func (s *stage) converge(ctx context.Context) {
	if err := s.await(ctx, s.o.elect(), "all replicas to agree", s.agree); err != nil {
		s.fail(judgeReplicas, "%v", err)
		return
	}
	if _, what := s.agree(); what != "" {
		s.out.figure(judgeReplicas, "%s", what)
	}
}

// agree reports whether all replicas have applied the same, and where they are.
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
	return true, fmt.Sprintf("%d replicas at index %d, digest %s", len(s.nodes),
		first.AppliedIndex, first.Digest)
}
