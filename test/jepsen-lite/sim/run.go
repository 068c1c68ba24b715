package sim

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/trace"
)

// Outcome is what one schedule came to.
type Outcome struct {
	Violations []string // the oracle's, first ones first; empty for a sound schedule
	Starved    []string // processes that the healed phase did not serve
	Hash       string   // of the final state, the same on every replica
	// Broken is the first of fsm.Invariants that a state broke; empty if none did, or Verify
	// is off.
	Broken string

	Entries                 int
	Windows                 int64 // of the first limit, that cluster time went through
	Grants, Rolls, Admitted int64
	Failovers, Sleepers     int
}

// Recorder receives every event of a schedule as it happens. Nil records nothing.
type Recorder func(recorder string, e trace.Event)

// Run plays the schedule that belongs to o and returns what it came to. It panics only where
// the product does.
func Run(o Options, rec Recorder) Outcome {
	w := newWorld(o, rec)
	judge, c := w.judge, newCluster(w)
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
		Violations: judge.violations, Entries: c.entries, Grants: judge.grants,
		Rolls: judge.rolls, Admitted: judge.admitted, Failovers: c.failovers, Sleepers: c.sleepers,
		Broken: c.broken, Windows: judge.t / int64(o.Limits[0].Per),
	}
	for _, p := range fleet {
		if o.Healed > 0 && o.ample() && p.lastServed < int64(o.Length) {
			out.Starved = append(out.Starved, p.name)
		}
	}
	hashes := c.hashes()
	out.Hash = hashes[0]
	for _, h := range hashes {
		if h != out.Hash {
			out.Violations = append(out.Violations,
				fmt.Sprintf("at the end: the replicas differ: %s and %s", out.Hash, h))
		}
	}
	return out
}

// put keeps proposing the budget until it is in force; change is added to every amount.
func put(c *cluster, o Options, change budget.Credits) {
	limits := slices.Clone(o.Limits)
	for i := range limits {
		limits[i].Amount = max(1, limits[i].Amount+change)
	}
	putLimits(c, o, limits)
}

// putLimits keeps proposing the budget with these limits until it is in force, or another one
// is proposed. In the healed phase it goes on: a deletion may be asleep still.
func putLimits(c *cluster, o Options, limits []budget.Limit) {
	b := budget.Budget{Name: "b", Keyed: o.Keys > 0, Limits: limits}
	c.puts++
	put, done := c.puts, false
	var try func()
	try = func() {
		if done && !c.w.healed || put != c.puts {
			return
		}
		c.propose(fsm.Command{PutBudget: &fsm.PutBudget{Budget: b}}, onResult(func() { done = true }))
		wait := o.Insist
		if done {
			wait = o.Limits[0].Per / 2
		}
		c.w.after(wait, once(try), 0)
	}
	try()
}

// reshape puts the budget with another set of limits: the second one is gone, or there is one
// that was not, the first has another period, or accounts have keys.
func reshape(c *cluster, o Options) {
	limits := slices.Clone(o.Limits)
	switch first := limits[0]; c.w.rng.IntN(4) {
	case 0:
		limits = limits[:1]
	case 1:
		limits = append(limits[:1], budget.Limit{
			Metric: "bytes", Kind: budget.KindWindow, Per: first.Per, Amount: 1000,
		})
	case 2: // with keys if it had none, and the reverse: nobody can use it, for a while
		keyed := o
		keyed.Keys = 1 - min(1, o.Keys)
		putLimits(c, keyed, limits)
		c.w.after(c.w.spread(first.Per/4), once(func() { put(c, o, 0) }), 0)
		return
	default:
		limits[0].Per *= 2
	}
	putLimits(c, o, limits)
}

// faults starts whatever goes wrong on its own.
func faults(w *world, c *cluster, fleet []*process) {
	o := w.o
	per := o.Limits[0].Per
	someone := func() *process { return fleet[w.rng.IntN(len(fleet))] }
	w.every(o.Failover, c.fail)
	w.every(o.Restore, c.restore)
	w.every(o.Crash, func() { someone().crash() })
	w.every(o.Close, func() { someone().closing() })
	w.every(o.Reshape, func() { reshape(c, o) })
	outsider := &stranger{w: w, c: c}
	w.every(o.Strange, outsider.act)
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
		w.after(w.spread(per/2), once(func() { put(c, o, 0) }), 0)
	})
	w.every(per, func() { // clock rates wander; wall clocks jump
		p := someone()
		p.mono.change(max(w.now, p.asleep), w.drift())
		if o.Local {
			p.wall.change(w.now, p.mono.ppm)
		}
		if w.rng.IntN(4) == 0 {
			jump := w.rng.Int64N(2*int64(per)) - int64(per)
			if p.sleepy || !o.Local { // see Options.Local
				jump = max(0, jump)
			}
			p.wall.local += jump
		}
		if c.ready {
			c.tick.change(w.now, w.drift())
		}
	})
}
