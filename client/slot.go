package client

import (
	"context"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// Slot is a place among the few that may work at a time, by a limit of kind slots. It is held
// until Release, and kept by heartbeats that its limiter sends. Safe for concurrent use.
//
// If the heartbeats stay unanswered for too long, or the limit is replaced, or the limiter
// closed, the slot is lost: others may have it from then on. Nobody can stop the work, so its
// holder has to watch Lost, or ask Err before each step that must not be done twice.
type Slot struct {
	limiter *Limiter
	lost    chan struct{}

	// Guarded by the limiter's mu.
	uses       []lease.Use
	losses     uint64 // the holder's, when the slot was taken
	isLost     bool
	failedOpen bool // uses are extras
}

// AcquireSlot blocks until one slot of the budget's only metric is free, and takes it. Callers are
// served in the order they came, and errors are those of Wait. On a budget without slots the
// error matches ErrCost. The caller releases the slot.
//
// Where a metric has other limits too, such as a number per minute, the slot costs one of each;
// only slots are given back.
func (l *Limiter) AcquireSlot(ctx context.Context) (*Slot, error) {
	return l.acquireSlot(ctx, ask{n: 1})
}

// AcquireSlotCost is AcquireSlot for all of cost, or none of it.
func (l *Limiter) AcquireSlotCost(ctx context.Context, cost Cost) (*Slot, error) {
	return l.acquireSlot(ctx, cost.ask())
}

func (l *Limiter) acquireSlot(ctx context.Context, a ask) (*Slot, error) {
	a.slot = l.newSlot()
	if err := l.wait(ctx, a); err != nil {
		return nil, err
	}
	return a.slot, nil
}

// TrySlot takes one slot of the budget's only metric if one is held here and idle. Otherwise the
// slot is nil, and the decision says why. It never waits for the network: what it misses is asked
// for, and is there a little later if there is any.
func (l *Limiter) TrySlot() (*Slot, Decision) {
	a := ask{n: 1, slot: l.newSlot()}
	d := l.decide(a, l.hot.Load())
	if !d.Allowed() {
		return nil, d
	}
	return a.slot, d
}

func (l *Limiter) newSlot() *Slot { return &Slot{limiter: l, lost: make(chan struct{})} }

// Release gives the slot back. Only the first call counts, and none does once the slot is lost.
func (s *Slot) Release() {
	l := s.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.failedOpen {
		s.failedOpen = false
		l.releaseExtraLocked(s.uses)
	}
	if _, held := l.slots[s]; !held {
		return
	}
	delete(l.slots, s)
	l.holder.Release(l.clock.now(), s.losses, s.uses)
	l.tellLostLocked()
	l.serveLocked()
	l.rouse()
}

// Lost returns a channel that is closed when the slot is lost before it is released.
func (s *Slot) Lost() <-chan struct{} { return s.lost }

// Err returns ErrSlotLost if the slot is lost, by what the clocks say now: Lost may be closed a
// little later, or much later in a process that was suspended. Nil: it is held, or was released
// in time, or was taken by FailOpen and is outside the bound.
func (s *Slot) Err() error {
	l := s.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holder.LostIn(l.clock.now()) // lets time pass
	l.tellLostLocked()
	if s.isLost {
		return ErrSlotLost
	}
	return nil
}

// beginLocked notes that a slot was admitted, within the bound if that is why.
func (l *Limiter) beginLocked(s *Slot, cost lease.Cost, why Verdict) {
	if s == nil {
		return
	}
	s.uses, s.losses, s.failedOpen = l.holder.Uses(cost), l.holder.Losses(), why == FailedOpen
	if why != Allowed {
		return
	}
	if l.slots == nil {
		l.slots = make(map[*Slot]struct{})
	}
	l.slots[s] = struct{}{}
	l.guard()
}

// tellLostLocked tells the slots that were lost.
func (l *Limiter) tellLostLocked() {
	if l.losses == l.holder.Losses() {
		return
	}
	l.losses = l.holder.Losses()
	for s := range l.slots {
		if s.losses != l.losses {
			l.loseLocked(s)
		}
	}
}

func (l *Limiter) loseLocked(s *Slot) {
	delete(l.slots, s)
	s.isLost = true
	close(s.lost)
	l.counts.SlotsLost++
}

// watch tells slots that they are lost when they are, also while a call is under way.
func (l *Limiter) watch(ctx context.Context) {
	for {
		l.mu.Lock()
		in, used := l.holder.LostIn(l.clock.now())
		l.tellLostLocked()
		l.mu.Unlock()
		if !used {
			in = idleMost
		}
		timer := time.NewTimer(max(in, idleLeast))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-l.stop:
			timer.Stop()
			return
		case <-l.guarded:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// guard has the watch look again. It never blocks: one signal is as good as many.
func (l *Limiter) guard() {
	select {
	case l.guarded <- struct{}{}:
	default:
	}
}

// slotTries is how many calls a lease of slots has time for: one that hangs shall not cost it.
const slotTries = 4

// patience returns how long one attempt may take, of a limiter whose lease depends on it.
func (l *Limiter) patience() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	least := l.client.conns.callTimeout
	for _, limit := range l.lay.limits {
		if limit.Kind == budget.KindSlots {
			least = min(least, limit.Per/slotTries)
		}
	}
	return least
}
