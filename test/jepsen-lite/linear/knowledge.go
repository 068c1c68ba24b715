package linear

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// request is what attempts have in common.
type request struct{ session, seq uint64 }

// opened is the session that op opened, or 0.
func opened(op Op) uint64 {
	if op.Input.Kind == OpenSession && op.Output != nil {
		return op.Output.Session
	}
	return 0
}

// knowledge is what the answers of a history say of its other operations.
type knowledge struct {
	answers map[request]*Output // what a request came to
	told    map[request]int64   // the tick at which it was told for the first time
	last    map[request]int64   // and for the last time
	firsts  map[request]int     // the first attempt that was not answered, of those that were told
	limits  map[uint64][]Limit  // by revision
	keys    map[uint64]string   // by session
	ends    map[uint64]int64    // by lease, of its window
	opens   map[request]int64   // when the limit opens that it was denied by
	classes map[string]int
	horizon int64
	dates   []int64 // cluster times of effects, by operation; 0: unknown
	past    []dated // dates by tick of the answer, none earlier than that before it
	future  []dated // dates by tick of the call, none later than that after it
}

// dated is a tick, and a cluster time.
type dated struct{ tick, at int64 }

// learn reads a history, which is in the order of its calls.
func learn(h History) *knowledge {
	k := &knowledge{
		answers: map[request]*Output{}, told: map[request]int64{}, last: map[request]int64{},
		firsts: map[request]int{}, limits: map[uint64][]Limit{}, keys: map[uint64]string{},
		ends: map[uint64]int64{}, opens: map[request]int64{}, classes: map[string]int{},
		dates: make([]int64, len(h)),
	}
	for i := range h {
		in, out := h[i].Input, h[i].Output
		r := request{in.Session, in.Seq}
		switch {
		case out == nil:
			continue
		case in.Kind == PutBudget && out.Answer == Done:
			k.limits[out.Revision] = in.Limits
		case len(out.Limits) > 0:
			k.limits[out.Revision] = out.Limits
		}
		k.keys[opened(h[i])] = in.Key
		k.last[r] = max(k.last[r], h[i].Return)
		switch out.Answer {
		case Granted, Denied, TooLarge, Changed:
			if k.answers[r] == nil {
				k.answers[r] = out
			}
			k.told[r] = min(cmp.Or(k.told[r], h[i].Return), h[i].Return)
		}
	}
	for i, op := range slices.Backward(h) {
		r := request{op.Input.Session, op.Input.Seq}
		if op.Output == nil && op.Input.Kind == Acquire && op.Call < k.told[r] {
			k.firsts[r] = i
		}
	}
	k.date(h)
	return k
}

// date finds out the cluster times of effects: first of grants, which tell, then with their help
// of denials.
func (k *knowledge) date(h History) {
	_, k.horizon = dates(h)
	var answered []int
	for i, op := range h {
		k.dates[i] = k.granted(op.Output)
		if op.Output != nil {
			answered = append(answered, i)
		}
	}
	k.look(h)
	slices.SortFunc(answered, func(a, b int) int { return cmp.Compare(h[a].Return, h[b].Return) })
	for _, i := range answered {
		if h[i].Output.Answer == Denied {
			k.dates[i] = k.denied(h[i])
			if r := (request{h[i].Input.Session, h[i].Input.Seq}); k.dates[i] > 0 {
				k.opens[r] = k.dates[i] + h[i].Output.Denial.RetryAfter
			}
		}
		k.pass(h[i].Return, k.dates[i])
	}
	k.look(h)
}

// pass takes a date into the past.
func (k *knowledge) pass(tick, at int64) {
	if at == 0 {
		return
	}
	if n := len(k.past); n > 0 {
		at = max(at, k.past[n-1].at)
	}
	k.past = append(k.past, dated{tick, at})
}

// look takes the dates into the future.
func (k *knowledge) look(h History) {
	k.future = nil
	by := int64(math.MaxInt64)
	for i, op := range slices.Backward(h) {
		if at := k.dates[i]; at > 0 {
			by = min(by, at)
			k.future = append(k.future, dated{op.Call, by})
		}
	}
	slices.Reverse(k.future)
}

// until returns the latest that cluster time can have been at a tick.
func (k *knowledge) until(tick int64) int64 {
	i, _ := slices.BinarySearchFunc(k.future, tick+1, func(d dated, tick int64) int {
		return cmp.Compare(d.tick, tick)
	})
	if i == len(k.future) {
		return math.MaxInt64
	}
	return k.future[i].at
}

// since returns the earliest that cluster time can have been at a tick.
func (k *knowledge) since(tick int64) int64 {
	i, _ := slices.BinarySearchFunc(k.past, tick, func(d dated, tick int64) int {
		return cmp.Compare(d.tick, tick)
	})
	if i == 0 {
		return 0
	}
	return k.past[i-1].at
}

// granted returns the cluster time at which out was decided, or told again, if it tells; or 0.
func (k *knowledge) granted(out *Output) int64 {
	if out == nil || out.Answer != Granted || len(out.Grants) == 0 {
		return 0
	}
	limits := k.limits[out.Revision]
	at := int64(math.MaxInt64)
	for _, g := range out.Grants {
		if g.Limit >= len(limits) {
			return 0
		}
		k.ends[g.Lease] = (g.Window + 1) * limits[g.Limit].Per
		at = min(at, k.ends[g.Lease]-g.TTL)
	}
	return max(at, 0)
}

// denied returns the cluster time of a denial: its limit's window ends when it says, and no
// other time like it lies between the answers before and after the call; or 0.
func (k *knowledge) denied(op Op) int64 {
	d, limits := op.Output.Denial, k.limits[op.Output.Revision]
	if d == nil || d.Limit >= len(limits) {
		return 0
	}
	low := k.since(op.Call)
	per, until := limits[d.Limit].Per, k.until(op.Return)
	at := (low+d.RetryAfter+per-1)/per*per - d.RetryAfter
	if until == math.MaxInt64 || at+per <= until {
		return 0
	}
	return at
}

// class is the same for calls that say the same.
func (k *knowledge) class(op Op) int {
	said := fmt.Sprintf("%+v %d", op.Input, op.Settled)
	if _, ok := k.classes[said]; !ok {
		k.classes[said] = len(k.classes)
	}
	return k.classes[said]
}

// call returns operation i as a follower takes it.
func (k *knowledge) call(i int, op Op) *call {
	in := op.Input
	c := &call{
		c: &command{Input: in, horizon: k.horizon, until: math.MaxInt64, settled: op.Settled,
			dated: op.dated},
		out: op.Output, client: op.Client, key: in.Key, session: opened(op), by: math.MaxInt64,
		began: op.Call, ended: op.Return,
	}
	if in.Session > 0 {
		c.key = k.keys[in.Session]
	}
	r := request{in.Session, in.Seq}
	_, attempts := k.firsts[r]
	if op.Output == nil {
		c.c.class = k.class(op)
		if attempts {
			c.lost, c.out, c.c.told = true, k.answers[r], k.answers[r]
			c.by = cmp.Or(k.ends[c.first()], k.opens[r], math.MaxInt64) - 1
			c.lease = c.first()
		}
		return c
	}
	c.again = attempts && in.Kind == Acquire
	c.c.until = k.until(op.Return)
	c.last = in.Kind == Acquire && k.last[r] == op.Return
	if c.at = k.dates[i]; c.at > 0 {
		c.c.until, c.by = min(c.c.until, c.at), c.at
	}
	if c.takes() {
		for _, given := range in.Returns {
			c.by = min(c.by, cmp.Or(k.ends[given.Lease], math.MaxInt64)-1)
		}
	}
	for j, u := range op.Output.Usage {
		if j < len(op.Output.Limits) {
			c.by = min(c.by, (u.Window+1)*op.Output.Limits[j].Per-u.EndsIn)
		}
	}
	if !c.again {
		c.lease = c.first()
	}
	return c
}

// first is the first lease that c was told, or 0.
func (c *call) first() uint64 {
	if c.out == nil || len(c.out.Grants) == 0 {
		return 0
	}
	return c.out.Grants[0].Lease
}
