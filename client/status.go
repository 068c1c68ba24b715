package client

import (
	"maps"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/sizing"
)

// Status is what a limiter knows and has done.
type Status struct {
	Budget   string
	Key      string
	Labels   map[string]string // in place of Key, with WithLabels
	Session  lease.SessionID
	Revision uint64 // of the budget, as last told
	Limits   []LimitStatus
	// Rules are the budget's: its mode, and what it does while the coordinator is unavailable.
	Rules   budget.Rules
	Waiting int // callers of Wait in line
	// Endpoint is whom the client calls next: the leader, once it is known.
	Endpoint string
	// Unavailable says that the coordinator has owed a decision for too long.
	Unavailable bool
	// LastError is of the last call that failed; nil once a call was decided after it.
	LastError error
	Counters  Counters
}

// LimitStatus is what a limiter holds of one limit.
type LimitStatus struct {
	Budget string // whose it is: the limiter's own, or one above it
	Metric string
	Kind   budget.Kind
	Per    time.Duration
	Amount budget.Credits // the whole limit's
	Burst  budget.Credits // what it holds, if it is a bucket; else 0
	Live   budget.Credits // credits held here, to be spent at once
	InUse  budget.Credits // slots held here that are in use
	Window budget.Window  // theirs; meaningful if there are any
	// Left is how long the last of them may be spent: the rest of the window, less the drift
	// margin.
	Left time.Duration
	// With fewer live credits than Low the limiter asks ahead, so that it has Target.
	Low, Target budget.Credits
	// Sizing is what WithSizing has chosen; nil without it.
	Sizing *sizing.Status
}

// Counters count from the limiter's opening.
type Counters struct {
	// Decisions by verdict. Admitted and FailedOpen count callers of Wait too, once they are
	// served; the others do not.
	Admitted    uint64
	Denied      uint64
	Pending     uint64
	Unavailable uint64
	TooLarge    uint64
	Invalid     uint64
	FailedOpen  uint64 // outside the budget's bound
	// Shadowed counts what was admitted because the budget is in shadow mode, outside its bound.
	// Each is counted above as well, as what it would have been.
	Shadowed uint64
	// Waited counts the callers of Wait that had to queue.
	Waited uint64
	// SlotsLost counts the slots that were lost before they were released.
	SlotsLost uint64
	// Calls counts attempts to have something decided; Retries those of them that repeated an
	// earlier one; Unknown those that may have taken effect without an answer.
	Calls   uint64
	Retries uint64
	Unknown uint64
}

func (l *Limiter) countersLocked() Counters {
	c := l.counts
	lent := l.holder.Recall(l.clock.now())
	c.Admitted = l.decided[Allowed] + lent.Admitted
	c.Denied = l.decided[Denied] + lent.Refused
	c.Pending = l.decided[Pending]
	c.Unavailable = l.decided[Unavailable]
	c.TooLarge = l.decided[TooLarge]
	c.Invalid = l.decided[Invalid]
	c.FailedOpen = l.decided[FailedOpen]
	c.Shadowed = l.decided[Shadowed]
	return c
}

// Status returns a consistent copy. It does not block on the network.
func (l *Limiter) Status() Status {
	endpoint := l.client.conns.leader()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	held := l.holder.Status(now)
	s := Status{
		Budget:      l.budget,
		Key:         l.account.key,
		Labels:      maps.Clone(l.account.labels),
		Session:     l.session,
		Revision:    held.Revision,
		Rules:       l.holder.Rules(),
		Waiting:     l.queue.length,
		Endpoint:    endpoint,
		Unavailable: l.unavailableLocked(now),
		LastError:   l.last,
		Counters:    l.countersLocked(),
	}
	for i, limit := range l.lay.limits {
		s.Limits = append(s.Limits, LimitStatus{
			Budget: l.lay.owner(i, l.budget),
			Metric: limit.Metric,
			Kind:   limit.Kind,
			Per:    limit.Per,
			Amount: limit.Amount,
			Burst:  limit.Burst,
			Live:   held.Limits[i].Live,
			InUse:  held.Limits[i].InUse,
			Window: held.Limits[i].Window,
			Left:   held.Limits[i].Left,
			Low:    held.Limits[i].Low,
			Target: held.Limits[i].Target,
			Sizing: sizingStatus(held.Limits[i].Sizer, now),
		})
	}
	return s
}
