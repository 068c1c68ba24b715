package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/trace"
)

// Outcome is what one schedule came to.
type Outcome struct {
	Violations []string // the oracle's, first ones first; empty for a sound schedule
	Starved    []string // processes that the healed phase did not serve
	Hash       string   // of the final state, the same on every replica

	Entries                 int
	Grants, Rolls, Admitted int64
	Failovers, Sleepers     int
}

// Recorder receives every event of a schedule as it happens. Nil records nothing.
type Recorder func(recorder string, e trace.Event)

// Run plays the schedule that belongs to o and returns what it came to. It panics only where
// the product does.
func Run(o Options, rec Recorder) Outcome {
	judge := newOracle()
	w := &world{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x5eed))}
	w.record = func(recorder string, e trace.Event) {
		judge.see(e)
		if rec != nil {
			rec(recorder, e)
		}
	}
	c := newCluster(w)
	put(c, o, 0)
	fleet := make([]*process, o.Holders)
	for i := range fleet {
		fleet[i] = newProcess(w, c, i)
	}
	faults(w, c, fleet)
	w.run(int64(o.Length))
	w.healed = true
	put(c, o, 0)
	w.run(int64(o.Length + o.Healed))

	out := Outcome{
		Violations: judge.violations, Entries: len(c.log), Grants: judge.grants,
		Rolls: judge.rolls, Admitted: judge.admitted, Failovers: c.failovers, Sleepers: c.sleepers,
	}
	for _, p := range fleet {
		if o.ample() && p.lastServed < int64(o.Length) {
			out.Starved = append(out.Starved, p.name)
		}
	}
	for _, r := range c.replicas {
		c.apply(r, len(c.log))
		h := r.state.Hash()
		if out.Hash != "" && h != out.Hash {
			out.Violations = append(out.Violations,
				fmt.Sprintf("replica %s: state %s, others %s", r.name, h, out.Hash))
		}
		out.Hash = h
	}
	return out
}

// put keeps proposing the budget until it is in force; change is added to every amount.
func put(c *cluster, o Options, change budget.Credits) {
	b := budget.Budget{Name: "b", Keyed: o.Keys > 0}
	for _, l := range o.Limits {
		l.Amount = max(1, l.Amount+change)
		b.Limits = append(b.Limits, l)
	}
	done := false
	var try func()
	try = func() {
		if done {
			return
		}
		c.propose(fsm.Command{PutBudget: &fsm.PutBudget{Budget: b}}, func(fsm.Result) { done = true })
		c.w.after(10*time.Millisecond, try)
	}
	try()
}

// faults starts whatever goes wrong on its own.
func faults(w *world, c *cluster, fleet []*process) {
	o := w.o
	per := o.Limits[0].Per
	someone := func() *process { return fleet[w.rng.IntN(len(fleet))] }
	w.every(o.Failover, c.fail)
	w.every(o.Restore, c.restore)
	w.every(o.Crash, func() { someone().crash() })
	w.every(o.Suspend, func() {
		if p := someone(); p.sleepy {
			p.suspend(w.spread(2 * per))
		}
	})
	w.every(o.Change, func() {
		put(c, o, budget.Credits(w.rng.Int64N(int64(o.Limits[0].Amount)+1))-o.Limits[0].Amount/2)
	})
	w.every(o.Delete, func() {
		c.propose(fsm.Command{DeleteBudget: &fsm.DeleteBudget{Name: "b"}}, nil)
		w.after(w.spread(per/2), func() { put(c, o, 0) })
	})
	w.every(per, func() { // clock rates wander; wall clocks jump
		p := someone()
		p.mono.change(max(w.now, p.asleep), w.drift())
		if w.rng.IntN(4) == 0 {
			jump := w.rng.Int64N(2*int64(per)) - int64(per)
			if p.sleepy {
				jump = max(0, jump)
			}
			p.wall += jump
		}
		if c.ready {
			c.tick.change(w.now, w.drift())
		}
	})
}
