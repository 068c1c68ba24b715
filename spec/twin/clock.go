package twin

import (
	"math/bits"

	"github.com/leased-io/leased/trace"
)

// million is the parts that drift is given in.
const million = 1_000_000

// clusterClock is what the log says of time (ClusterClock.tla).
type clusterClock struct {
	index uint64 // of the last entry applied
	term  uint64
	epoch uint64 // the one that is open
	now   int64  // T

	state     Located   // the last KindState
	restored  []Located // snapshots not yet compared with the log
	proposals map[uint64][]proposal
	slowest   []extreme // on each clock
}

func newClusterClock() clusterClock {
	return clusterClock{proposals: make(map[uint64][]proposal)}
}

// extreme is the effective entry since which the cluster clock has run fastest: the one of
// least T - phi * First, so that one comparison covers all pairs (Theorem 0).
type extreme struct {
	clock        int
	baseAt       int64 // what excess is measured from
	baseT        int64
	excess       int64
	at, proposal Located
}

// passTime checks what an entry does to epoch and time, and lets time pass.
func (c *checker) passTime(g *group) error {
	e := &g.entry.Event
	if e.Term < c.term {
		return violated(EpochOnly, []Located{g.entry},
			"entry %d is of term %d, after one of term %d", e.Index, e.Term, c.term)
	}
	c.term = e.Term
	if c.opens(g) {
		return c.openEpoch(g)
	}
	effective := e.Epoch == c.epoch && c.epoch > 0
	if e.OK != effective {
		return violated(EpochOnly, []Located{g.entry},
			"entry %d was stamped under epoch %d while epoch %d was open, and its effect is %t",
			e.Index, e.Epoch, c.epoch, e.OK)
	}
	t := c.now
	if effective {
		t = max(c.now, e.Stamp)
	} else {
		c.report.Stale++
		if len(g.events) > 0 {
			return violated(EpochOnly, []Located{g.entry, g.events[0]},
				"entry %d has no effect, and yet an event", e.Index)
		}
	}
	if e.T != t {
		return violated(Monotone, []Located{g.entry},
			"entry %d took effect at %d; with stamp %d at time %d it had to at %d",
			e.Index, e.T, e.Stamp, c.now, t)
	}
	if effective {
		if err := c.neverFast(e.T); err != nil {
			return err
		}
	}
	return c.advanceTo(t)
}

// opens reports whether an entry opens an epoch. Where its events are cut off, it must be one
// if it had effect under an epoch that was not open.
func (c *checker) opens(g *group) bool {
	if len(g.events) > 0 {
		return g.events[0].Event.Kind == trace.KindEpoch
	}
	return g.cut && g.entry.Event.OK && g.entry.Event.Epoch != c.epoch
}

func (c *checker) openEpoch(g *group) error {
	e := &g.entry.Event
	if !e.OK || e.Epoch != 0 && e.Epoch != e.Term || e.Stamp != 0 || e.Term <= c.epoch {
		return violated(EpochOnly, []Located{g.entry},
			"entry %d of term %d cannot open an epoch after epoch %d", e.Index, e.Term, c.epoch)
	}
	if e.T != c.now {
		return violated(Monotone, []Located{g.entry},
			"an epoch was opened at %d; the log's time is %d", e.T, c.now)
	}
	if len(g.events) > 1 {
		return violated(EpochOnly, []Located{g.events[1], g.entry},
			"entry %d opens an epoch and does more", e.Index)
	}
	if len(g.events) > 0 {
		if o := &g.events[0].Event; o.Epoch != e.Term || o.T != c.now {
			return violated(EpochOnly, []Located{g.events[0], g.entry},
				"epoch %d at %d was opened by an entry of term %d at %d",
				o.Epoch, o.T, e.Term, c.now)
		}
	}
	c.epoch = e.Term
	c.report.Epochs++
	for epoch := range c.proposals {
		if epoch < c.epoch {
			delete(c.proposals, epoch)
		}
	}
	return nil
}

// neverFast compares the entry's cluster time and real time with all earlier ones'. What is
// known of real time is when leaders proposed.
func (c *checker) neverFast(t int64) error {
	p := &c.step.proposal
	if p.Line == 0 {
		return nil
	}
	var x *extreme
	for i := range c.slowest {
		if c.slowest[i].clock == c.step.proposer {
			x = &c.slowest[i]
		}
	}
	now := extreme{clock: c.step.proposer, at: c.step.entry, proposal: *p}
	if x == nil {
		now.baseAt, now.baseT = p.Event.First, t
		c.slowest = append(c.slowest, now)
		return nil
	}
	now.baseAt, now.baseT = x.baseAt, x.baseT
	// The theorem's interval is from the earlier stamp's reading to the later entry's append.
	ran := t - x.baseT - c.fastest(p.Event.At-x.baseAt)
	now.excess = t - x.baseT - c.fastest(p.Event.First-x.baseAt)
	// Two roundings down differ by less than 2 ns from the exact comparison.
	if ran-x.excess > c.fastest(int64(c.opts.Slack))+2 {
		return violated(NeverFast,
			[]Located{c.step.entry, *p, x.at, x.proposal},
			"cluster time ran from %d to %d, %d ns, in %d ns of real time",
			x.at.Event.T, t, t-x.at.Event.T, p.Event.At-x.proposal.Event.First)
	}
	if now.excess < x.excess {
		*x = now
	}
	return nil
}

// fastest returns how far a cluster clock may run in d of real time: d * (1+rho), rounded down.
func (c *checker) fastest(d int64) int64 {
	if d < 0 {
		return -c.fastest(-d)
	}
	return d + scale(d, c.report.DriftPPM, million)
}

// scale returns floor(v * num / den) for v >= 0 and 0 <= num <= den.
func scale(v, num, den int64) int64 {
	hi, lo := bits.Mul64(uint64(v), uint64(num))
	q, _ := bits.Div64(hi, lo, uint64(den))
	return int64(q)
}
