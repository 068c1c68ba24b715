package sim

import (
	"slices"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// begin puts the budget; on a cluster that takes another one's place, after that.
func begin(c *cluster, o Options) {
	if !o.Heir {
		put(c, o, 0)
		return
	}
	per := o.Limits[0].Per
	takeOver := func(backup byte) once {
		last := fsm.Counters{Session: 7, Lease: lease.ID(c.w.rng.IntN(1000)), Limit: 3, Revision: 5}
		cmd := fsm.Command{TakeOver: &fsm.TakeOver{
			Backup: strings.Repeat(string(backup), fsm.BackupIDLen), Last: last,
		}}
		return func() { c.propose(cmd, nil) }
	}
	c.w.after(c.w.spread(2*per), once(func() {
		c.w.strike(Inherit, "", 0)
		takeOver('a')()
		put(c, o, 0)
	}), 0)
	// Whoever asks again, for the same backup or for another, changes nothing.
	c.w.after(c.w.spread(8*per), takeOver('a'), 0)
	c.w.after(c.w.spread(8*per), takeOver('b'), 0)
}

// put keeps proposing the budget until it is in force; change is added to every amount, and to
// what buckets hold, as far as that makes a bucket.
func put(c *cluster, o Options, change budget.Credits) {
	limits := slices.Clone(o.Limits)
	for i := range limits {
		l := &limits[i]
		l.Amount = max(1, l.Amount+change)
		if l.Kind != budget.KindBucket {
			continue
		}
		l.Burst = max(1, l.Burst+change)
		if l.Validate() != nil {
			*l = o.Limits[i]
		}
	}
	putLimits(c, o.shifted(change), limits)
}

// putLimits keeps proposing the budget with these limits until it is in force, or another one
// is proposed. In the healed phase it goes on: a deletion may be asleep still.
func putLimits(c *cluster, o Options, limits []budget.Limit) {
	putBudget(c, o, o.budget(limits))
}

// putBudget is putLimits with all of a budget, and with those above it.
func putBudget(c *cluster, o Options, b budget.Budget) {
	c.puts++
	put, done := c.puts, false
	var try func()
	try = func() {
		if done && !c.w.healed || put != c.puts {
			return
		}
		for _, up := range o.above() {
			c.propose(fsm.Command{PutBudget: &fsm.PutBudget{Budget: up}}, nil)
		}
		var told answerer = onResult(func() { done = true })
		if len(o.Above) > 0 { // without its parents it is refused
			told = onDone(func() { done = true })
		}
		c.propose(fsm.Command{PutBudget: &fsm.PutBudget{Budget: b}}, told)
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
		if len(o.Above) > 0 {
			orphan(c, o, limits)
			return
		}
		keyed := o
		keyed.Keys = 1 - min(1, o.Keys)
		putLimits(c, keyed, limits)
		c.w.after(c.w.spread(first.Per/4), once(func() { put(c, o, 0) }), 0)
		return
	default:
		if first.Kind != budget.KindWindow && c.w.rng.IntN(2) == 0 { // of another kind
			limits[0].Kind, limits[0].Slots, limits[0].Burst = budget.KindWindow, 0, 0
			break
		}
		limits[0].Per *= 2
	}
	if (budget.Budget{Name: "b", Limits: limits}).Validate() == nil { // not the same one twice
		putLimits(c, o, limits)
	}
}
