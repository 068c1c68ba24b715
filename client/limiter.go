package client

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// Limiter admits against one account of a budget, and one of each budget above it, from leases that
// it holds. Safe for concurrent use. It is opened by Client.Limiter and ends with Close.
type Limiter struct {
	client           *Client
	budget           string
	by               *Decider // the budget
	account          account
	failOpen         bool
	unavailableAfter time.Duration
	clock            *clock
	sink             trace.Sink // nil: nothing is recorded
	log              *slog.Logger

	// The loops: stop ends them between calls, cancel ends calls under way too.
	stop   chan struct{}
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	wake   chan struct{} // size 1: one signal is enough, more are dropped
	// guarded wakes the watch over slots: likewise.
	guarded chan struct{}
	first   chan struct{} // closed when the first request is decided
	ended   chan struct{} // closed when Close is done; closeErr is set before
	// driven, if not nil, is the limiter as one key of several, which has no loops of its own.
	driven *keyed

	closeErr error

	// hot is what was lent last. The holder takes back what is in it; it stays here, empty.
	hot atomic.Pointer[hot]

	mu        sync.Mutex
	decidedAt int64 // Mono of the last decision under the lock
	holder    *lease.Holder
	session   lease.SessionID
	lay       *layout // of the holder's limits; never changed, but replaced
	scratch   lease.Cost
	queue     queue
	slots     map[*Slot]struct{} // in use; as many as the limit at most
	losses    uint64             // the holder's, as slots were told
	closed    bool
	lost      bool  // the session is no more: another must be opened
	asleep    bool  // the loop has nothing to do until it is roused, or its timer fires
	looked    int64 // Mono when the loop fell asleep
	used      int64 // Mono of the last offer

	denial   denial
	tooLarge int // the limit that the coordinator last found exceeded
	silent   silence
	outside  *outside // nil: nothing was admitted without credits
	started  bool     // the loops may run
	tending  bool     // that of tend does
	decided  [Shadowed + 1]uint64
	counts   Counters // those that are not in decided
	last     error    // of the last call that failed, nil after one that was decided
}

func newLimiter(c *Client, budget string, o limiterOptions, s opened) *Limiter {
	l := &Limiter{
		log:     c.log.With(keyBudget, budget, keyKey, s.of.String()),
		stop:    make(chan struct{}),
		wake:    make(chan struct{}, 1),
		guarded: make(chan struct{}, 1),
		first:   make(chan struct{}),
		ended:   make(chan struct{}),
	}
	l.init(c, budget, o, s)
	return l
}

// init makes l a limiter with a session, but for its loops and its log.
func (l *Limiter) init(c *Client, budget string, o limiterOptions, s opened) {
	l.client, l.budget, l.account, l.lay = c, budget, s.of, &layout{}
	l.by = o.by
	if l.by == nil {
		l.by = &Decider{Budget: budget}
	}
	l.failOpen, l.unavailableAfter = o.failOpen, o.unavailableAfter
	l.clock, l.sink = c.clock, c.sink
	l.session = s.session
	l.holder = lease.NewHolder(lease.Config{
		Session:  s.session,
		Revision: s.revision,
		Limits:   s.limits,
		Rules:    s.rules,
		Levels:   s.levels,
		DriftPPM: max(s.driftPPM, c.driftPPM),
		Sink:     c.sink,
		Sizing:   sizingOf(o.sizing, s.session),
	})
	l.layOutLocked()
}

// Allow is AllowN(1).
func (l *Limiter) Allow() Decision { return l.AllowN(1) }

// AllowN decides at once on n credits of the budget's only metric. n is 1..budget.MaxAmount;
// on a budget with several metrics the verdict is Invalid: use AllowCost. It never waits for
// the network, and does not overtake callers of Wait.
func (l *Limiter) AllowN(n int64) Decision {
	h := l.hot.Load()
	if h != nil && h.plain {
		// R10: the grant was loaded. Only now the clock is read, and only then credits are spent.
		var now lease.Reading
		if l.clock.monotonic { // as in clock.now, which does not fit in here
			now.Mono = int64(time.Since(l.clock.base))
		} else {
			now = l.clock.both()
		}
		if h.purse.Spend(now, callerHint(), budget.Credits(n)) {
			if h.refusal == nil {
				return Decision{Verdict: Allowed, Decider: l.by}
			}
			return h.refused(now.Mono)
		}
	}
	return l.decide(ask{n: n}, h)
}

// AllowCost decides at once on all of cost, or none of it. It never waits for the network, and
// does not overtake callers of Wait. cost is not kept.
func (l *Limiter) AllowCost(cost Cost) Decision {
	h := l.hot.Load()
	if mono, spent := h.spendCost(l, cost); spent {
		return h.decision(l, mono)
	}
	return l.decide(cost.ask(), h)
}

// decide decides under the lock: tried could not.
func (l *Limiter) decide(a ask, tried *hot) Decision {
	l.mu.Lock()
	if h := l.hot.Load(); h != tried { // another caller was here first
		if mono, spent := h.spendAsk(l, a, false); spent {
			l.mu.Unlock()
			return h.decision(l, mono)
		}
	}
	// R10: taking the lock loaded the grant, which nobody can replace while it is held. Only
	// now the clock is read, and only then credits are spent.
	now := l.clock.now()
	d := l.decideLocked(now, a)
	l.countLocked(now, d)
	l.lendLocked(now)
	l.mu.Unlock()
	return d
}

// countLocked counts a decision, and rouses the loop if that is due after it.
func (l *Limiter) countLocked(now lease.Reading, d Decision) {
	l.decided[d.Verdict]++
	if l.dueLocked(now, cmp.Or(d.Would, d.Verdict)) {
		l.rouse()
	}
}

func (l *Limiter) decideLocked(now lease.Reading, a ask) Decision {
	l.used = now.Mono
	d := l.shadeLocked(now, l.verdictLocked(now, a), l.scratch)
	if a.slot != nil && d.Allowed() {
		l.beginLocked(a.slot, l.scratch, d.Verdict)
	}
	return d
}

func (l *Limiter) verdictLocked(now lease.Reading, a ask) Decision {
	if l.closed {
		return Decision{Verdict: Closed, Decider: l.by}
	}
	if err := l.lay.vector(l.scratch, a); err != nil {
		return l.invalid(err)
	}
	if len(l.lay.free) > 0 && !slices.ContainsFunc(l.scratch, positive) {
		return Decision{Verdict: Allowed, Decider: l.by} // of unlimited metrics alone
	}
	if l.queue.length > 0 {
		return l.behindLocked(now, l.scratch)
	}
	v := l.holder.Admit(now, l.scratch)
	if v == lease.Admitted {
		return Decision{Verdict: Allowed, Decider: l.by}
	}
	return l.explainLocked(now, v, l.scratch)
}

// layout returns how limits lie: the keys of one limiter share it.
func (l *Limiter) layout(
	limits []budget.Limit, levels budget.Levels, unlimited []string,
) *layout {
	if l.driven == nil {
		return newLayout(limits, levels, unlimited)
	}
	shared := &l.driven.owner.layout
	lay := shared.Load()
	if lay == nil || !lay.isOf(limits, levels, unlimited) {
		lay = newLayout(limits, levels, unlimited)
		shared.Store(lay)
	}
	return lay
}

// layOutLocked takes over the holder's limits, after they changed: costs have other places.
// Waiters whose cost no longer fits are told so.
func (l *Limiter) layOutLocked() {
	l.flushLocked() // under the limits that it was admitted under
	old := l.lay.limits
	l.lay = l.layout(l.holder.Limits(), l.holder.Levels(), l.holder.Rules().Unlimited)
	l.scratch = make(lease.Cost, len(l.lay.limits))
	l.outside = l.outside.relayed(old, l.lay.limits)
	l.denial, l.tooLarge = denial{}, 0
	line := l.queue.head
	l.queue = queue{total: make(lease.Cost, len(l.lay.limits))}
	for line != nil {
		w := line
		line = w.next
		w.prev, w.next, w.cost = nil, nil, make(lease.Cost, len(l.lay.limits))
		err := l.lay.vector(w.cost, w.ask)
		l.queue.push(w)
		if err != nil {
			l.queue.settle(w, l.invalid(err))
		} else if l.tooLargeLocked(w.cost) >= 0 { // wherever in the line it stands
			l.queue.settle(w, l.explainLocked(l.clock.now(), lease.Oversized, w.cost))
		}
	}
	l.backlogLocked()
	l.tendLocked()
}
