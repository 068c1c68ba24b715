package twin

import (
	"cmp"
	"slices"
)

// What sliding limits and buckets promise is about any interval of real time (AnyInterval): no
// windows, no log, no leases are in it. So it is held against the admissions alone, in the order
// of real time, where one clock covers all recorders.
//
// A process's file may tell an admission long after others of the time. But the admissions of a
// window are before those of the next (NoCarryOver), and when a window's leases are over all of
// them are known. So they are judged window by window, when all before are over.

// spend is an admit event: n credits in [first, last], wherever in it.
type spend struct {
	at          *Located // nil once it was judged
	first, last int64
	n, bound    int64 // bound: the amount in force when its lease was granted
}

// watch is one account of a sliding limit or a bucket, over all of its windows.
type watch struct {
	limit *limit
	key   string
	// queue are its windows that are not judged yet, oldest first, and newest the newest window.
	queue  []*account
	newest int64
	// judge takes the admissions in order. It returns what was admitted in the fullest interval
	// that ends with s, and what that may be.
	judge interface {
		take(s *spend) (admitted, bound int64)
	}
	fullest IntervalTally
}

// IntervalTally is the interval of an account of a sliding limit or a bucket in which the largest
// part was admitted of what may be in any such interval; or the instant at which the largest part
// of an account of slots was believed to be held.
type IntervalTally struct {
	Kind   string `json:"kind"` // KindSliding, KindBucket or KindSlots
	Budget string `json:"budget"`
	Metric string `json:"metric"`
	Key    string `json:"key,omitempty"`
	Limit  uint64 `json:"limit"`
	Per    int64  `json:"per"`
	// Bound is the largest amount in force, or the burst.
	Bound int64 `json:"bound"`
	// Admitted is in an interval as long as the period; or the least burst of a bucket that would
	// have let through all that was admitted.
	Admitted int64 `json:"admitted"`
}

// watches has a's admissions judged, where that can be done.
func (c *checker) watches(a *account) {
	l := a.window.limit
	if l.kind == KindWindow || len(c.clocks) != 1 || a.watch != nil {
		return
	}
	w := l.watches[a.key]
	if w == nil {
		w = &watch{limit: l, key: a.key, fullest: IntervalTally{Kind: l.kind, Budget: l.budget,
			Metric: l.metric, Key: a.key, Limit: l.serial, Per: l.per}}
		per := l.real(c.report.DriftPPM)
		if l.kind == KindSliding {
			w.judge = &slidingJudge{per: per - int64(c.opts.Slack)}
		} else {
			w.judge = &bucketJudge{levels: &l.levels, per: per, slack: int64(c.opts.Slack)}
		}
		l.watches[a.key] = w
	}
	a.watch, w.newest = w, a.window.number
	if len(w.queue) == 0 {
		c.watched[w] = true
	}
	w.queue = append(w.queue, a)
}

// judged is called when nothing more is known to come of a's window.
func (c *checker) judged(a *account) {
	a.told = true
	w := a.watch
	if w == nil {
		return
	}
	for len(w.queue) > 0 && w.queue[0].told {
		c.judge(w, w.queue[0])
		w.queue = w.queue[1:]
	}
	if len(w.queue) == 0 {
		delete(c.watched, w)
	}
}

// judge holds the admissions of one of w's windows against AnyInterval.
func (c *checker) judge(w *watch, a *account) {
	slices.SortFunc(a.spent, func(s, t spend) int {
		return cmp.Or(cmp.Compare(s.last, t.last), cmp.Compare(s.first, t.first))
	})
	for i := range a.spent {
		s := &a.spent[i]
		admitted, bound := w.judge.take(s)
		if admitted > bound && c.overshot == nil {
			c.overshot = w.overshoot(s, admitted, bound)
		}
		if f := &w.fullest; f.Bound == 0 || fuller(admitted, bound, f.Admitted, f.Bound) {
			f.Admitted, f.Bound = admitted, bound
			if r := c.report.FullestInterval; r == nil ||
				fuller(admitted, bound, r.Admitted, r.Bound) {
				tally := *f
				c.report.FullestInterval = &tally
			}
		}
	}
	a.spent = nil
}

func (w *watch) overshoot(s *spend, admitted, bound int64) error {
	l, events := w.limit, []Located{*s.at, w.limit.at}
	if l.kind == KindSliding {
		return violated(AnyInterval, events,
			"%d credits of %s %s, key %q, were admitted within %d ns; its limit was %d",
			admitted, l.budget, l.metric, w.key, l.per, bound)
	}
	return violated(AnyInterval, events,
		"only a bucket of %d would have admitted what was of %s %s, key %q; its burst was %d",
		admitted, l.budget, l.metric, w.key, bound)
}

// judgeStuck judges the windows of w that were over a horizon ago: their leases were taken, and
// never said to be over, which does not hold up the windows after them.
func (c *checker) judgeStuck(w *window) {
	for _, a := range w.accounts {
		if !a.told {
			c.judged(a)
		}
	}
}

// judgeRest judges what is left when all files are at their ends.
func (c *checker) judgeRest() error {
	rest := make([]*watch, 0, len(c.watched))
	for w := range c.watched {
		rest = append(rest, w)
	}
	slices.SortFunc(rest, func(v, w *watch) int {
		return cmp.Or(cmp.Compare(v.limit.serial, w.limit.serial), cmp.Compare(v.key, w.key))
	})
	for _, w := range rest {
		for _, a := range slices.Clone(w.queue) {
			c.judged(a)
		}
	}
	return c.overshot
}

// recycleWatches forgets those of which no interval reaches into the present.
func (l *limit) recycleWatches() {
	for key, w := range l.watches {
		if len(w.queue) == 0 && l.number*l.span-(w.newest+1)*l.span > l.memory(l.amount) {
			delete(l.watches, key)
		}
	}
}
