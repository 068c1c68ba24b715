package client

import (
	"github.com/leased-io/leased/lease"
)

// MaxWaiters bounds the callers that wait at one limiter: beyond it, Wait fails at once with
// ErrOverloaded. Each holds a goroutine already; a longer line is one nobody leaves in time.
const MaxWaiters = 65_536

// waiter is one caller of Wait, in line.
type waiter struct {
	ask  ask
	cost lease.Cost    // ask in the current layout
	done chan struct{} // closed once decided; decision is set before
	// decides: it waits for a decision, not for credits.
	decides  bool
	decision Decision

	queued     bool
	prev, next *waiter
}

// queue is the line of waiters, first come first served: leaving it from any place takes
// constant time. Its total is the sum of its costs. Not safe for concurrent use.
type queue struct {
	head, tail *waiter
	length     int
	deciding   int // those that decide
	total      lease.Cost
}

// push puts w at the end.
func (q *queue) push(w *waiter) {
	w.prev, w.queued = q.tail, true
	if q.tail == nil {
		q.head = w
	} else {
		q.tail.next = w
	}
	q.tail = w
	q.length++
	if w.decides {
		q.deciding++
	}
	for i, n := range w.cost {
		q.total[i] += n
	}
}

// remove takes w out, wherever it stands.
func (q *queue) remove(w *waiter) {
	if w.prev == nil {
		q.head = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next, w.queued = nil, nil, false
	q.length--
	if w.decides {
		q.deciding--
	}
	for i, n := range w.cost {
		q.total[i] -= n
	}
}

// settle takes w out and tells its caller.
func (q *queue) settle(w *waiter, d Decision) {
	q.remove(w)
	w.decision = d
	close(w.done)
}
