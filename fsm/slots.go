package fsm

import (
	"fmt"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// Slots are leased as other credits are, but for a period from each grant, and a lease is kept by
// heartbeats (SlotLease!Hold): an ask that replaces it by a new one. A session whose leases are
// not over was heard of within MaxSlotPer, so it is never forgotten before they are.
const _ = uint64(SessionTTL - budget.MaxSlotPer) // does not compile if it is negative

// asksAgain is after which part of a period (one over it) a denied holder asks again, even though
// no lease ends before: a slot may be released at any time, and nobody is told.
const asksAgain = 8

// keeps returns the lease that an ask keeps slots of, and the ask. Without one, the slots that it
// would have kept are asked for like any others: a late heartbeat may take a slot again only if
// one is free (SlotLease!Room).
func (s *State) keeps(ss *session, l *limit, a lease.Ask) (lease.Ask, *held) {
	if a.Keep == 0 {
		return a, nil
	}
	i := slices.IndexFunc(ss.Leases, func(h held) bool {
		return h.Lease == a.Lease && h.Limit == l.serial && s.returnable(h)
	})
	if i >= 0 && ss.Leases[i].Amount >= a.Keep {
		return a, &ss.Leases[i]
	}
	a.Need, a.Want, a.Keep = a.Need+a.Keep, a.Want+a.Keep, 0
	return a, nil
}

// swap ends the lease that a keeps slots of, if there is one, and returns what of it is kept: until
// a lease ends that is granted now. The rest of it is free.
func (s *State) swap(
	ss *session, l *limit, key string, a lease.Ask, old *held,
) (kept held) {
	if old == nil {
		return held{}
	}
	kept = *old
	account, rest := l.accounts.own(key), old.Amount-a.Keep
	if rest > 0 && !account.Free(old.Until, rest) ||
		!account.Extend(old.Until, l.Until(s.t), a.Keep) {
		panic(broken("Books", s.index, s.term, fmt.Sprintf(
			"lease %d of %d is not charged to limit %d", old.Lease, old.Amount, old.Limit)))
	}
	kept.Amount = a.Keep
	ss.Leases = slices.DeleteFunc(ss.Leases, func(h held) bool { return h.Lease == kept.Lease })
	return kept
}

// retry is for how long a denied request need not be made again.
func (s *State) retry(l *limit, key string, need budget.Credits) time.Duration {
	wait := l.opens(l.accounts.get(key), key, need).Sub(s.t)
	if l.Kind == budget.KindSlots && !l.empty() {
		return min(wait, l.Per/asksAgain)
	}
	return wait
}

// leasedUntil names what of an account is leased until an instant.
type leasedUntil struct {
	accountOf
	until budget.Instant
}

// slotBooks: what is out of an account of slots is what is used of it, in order, and at least what
// sessions have on leases that end when it does. Leases of sessions that were closed, and parts
// that were not given back with the rest, are out until they end, and in no session's hands.
func slotBooks(l *limit, live map[leasedUntil]budget.Credits) error {
	for _, gen := range l.generations() {
		for key, a := range gen.all() {
			sum, before := budget.Credits(0), budget.Instant(-1)
			for _, o := range a.Out {
				if o.Until <= before || o.N < 1 || o.Until > l.Until(a.At) ||
					live[leasedUntil{accountOf{l.serial, key}, o.Until}] > o.N {
					return fmt.Errorf("limit %d key %q: %+v of %v", l.serial, key, o, a.Out)
				}
				before, sum = o.Until, sum+o.N
			}
			if sum != a.Used || l.forgotten != 0 {
				return fmt.Errorf("limit %d key %q: %d are used, and %d out", l.serial, key, a.Used, sum)
			}
		}
	}
	return nil
}
