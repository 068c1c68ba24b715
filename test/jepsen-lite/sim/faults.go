package sim

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
)

// startFaults starts whatever goes wrong on its own.
func startFaults(w *world, c *cluster, fleet []*process) {
	o := w.o
	per := o.Limits[0].Per
	someone := func() *process { return fleet[w.rng.IntN(len(fleet))] }
	w.every(o.Failover, c.fail)
	w.every(o.Restore, c.restore)
	w.every(o.Crash, func() { someone().crash() })
	w.every(o.Close, func() { someone().closing() })
	w.every(o.Reshape, func() {
		w.strike(Reshape, "", 0)
		reshape(c, o)
	})
	w.every(o.Override, func() {
		w.strike(Override, "", 0)
		override(c, o)
	})
	outsider := &stranger{w: w, c: c}
	w.every(o.Strange, outsider.act)
	w.every(o.Suspend, func() {
		if p := someone(); p.sleepy {
			p.suspend(w.spread(2 * per))
		}
	})
	w.every(o.Change, func() {
		w.strike(Change, "", 0)
		behead(c, o)
		put(c, o, budget.Credits(w.rng.Int64N(int64(o.Limits[0].Amount)+1))-o.Limits[0].Amount/2)
	})
	w.every(o.Delete, func() {
		gone := w.spread(per / 2)
		w.strike(Deleted, "", gone)
		c.propose(fsm.Command{DeleteBudget: &fsm.DeleteBudget{Name: "b"}}, nil)
		w.after(gone, once(func() {
			w.strike(Created, "", 0)
			put(c, o, 0)
		}), 0)
	})
	w.every(per, func() { wander(w, c, someone()) })
}

// wander gives a process's clock and the leader's another rate, sets the process's wall clock now
// and then, and asks it how it is, which must change nothing.
func wander(w *world, c *cluster, p *process) {
	o, per := w.o, int64(w.o.Limits[0].Per)
	if o.DriftPPM > 0 {
		w.strike(Drift, p.name, 0)
	}
	p.mono.change(max(w.now, p.asleep), w.drift())
	if o.Local {
		p.wall.change(w.now, p.mono.ppm)
	}
	if w.rng.IntN(4) == 0 {
		jump := w.rng.Int64N(2*per) - per
		if p.sleepy || !o.Local { // see Options.Local
			jump = max(0, jump)
		}
		if jump != 0 {
			w.strike(Jump, p.name, 0)
		}
		p.wall.local += jump
	}
	if c.ready {
		c.tick.change(w.now, w.drift())
	}
	if p.holder != nil && p.asleep <= w.now {
		p.holder.Status(p.reading())
	}
}
