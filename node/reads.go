package node

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/transport"
)

// maxReads bounds the reads that wait for a confirmation.
const maxReads = 4096

// reader confirms reads: it asks a majority whether this node still leads, once for all reads
// that arrived before the asking (Ongaro's thesis, section 6.4).
//
// No index has to be waited for, as there is in the thesis: a change is acknowledged only after
// this leader applied it, or, if an earlier leader acknowledged it, it lies before the epoch
// command that this leader has applied.
type reader struct {
	raft       *raft.Raft
	leadership *leadership

	queue chan chan<- confirmation
	once  sync.Once
	stop  chan struct{} // closed: end
	done  chan struct{} // closed when run has ended
}

// confirmation is the clock of the epoch in which the node was confirmed as the leader.
type confirmation struct {
	clock *epochClock
	err   error
}

func newReader(l *leadership) *reader {
	return &reader{
		raft:       l.raft,
		leadership: l,
		queue:      make(chan chan<- confirmation, maxReads),
		stop:       make(chan struct{}),
		done:       make(chan struct{}),
	}
}

// confirm returns once this node was the leader at some moment after the call.
func (r *reader) confirm(ctx context.Context) (*epochClock, error) {
	waiter := make(chan confirmation, 1) // size 1: run never waits for a caller
	select {
	case r.queue <- waiter:
	default:
		return nil, fmt.Errorf("%w: %d reads are queued", transport.ErrOverloaded, maxReads)
	}
	select {
	case c := <-waiter:
		return c.clock, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.done:
		return nil, transport.ErrNotLeader
	}
}

// run confirms until close.
func (r *reader) run() {
	defer close(r.done)
	for {
		var waiters []chan<- confirmation
		select {
		case w := <-r.queue:
			waiters = append(waiters, w)
		case <-r.stop:
			return
		}
		for range len(r.queue) { // this is the only receiver
			waiters = append(waiters, <-r.queue)
		}
		c := r.ask()
		for _, w := range waiters {
			w <- c
		}
	}
}

// ask has raft contact a majority. The epoch is the same before and after, so that it was open
// in the term that was confirmed.
func (r *reader) ask() confirmation {
	clock := r.leadership.current.Load()
	if clock == nil {
		return confirmation{err: transport.ErrNotLeader}
	}
	if err := r.raft.VerifyLeader().Error(); err != nil {
		return confirmation{err: fmt.Errorf("%w: %w", transport.ErrNotLeader, err)}
	}
	if r.leadership.current.Load() != clock {
		return confirmation{err: transport.ErrNotLeader}
	}
	return confirmation{clock: clock}
}

// close has run end; reads that still wait fail with ErrNotLeader.
func (r *reader) close() { r.once.Do(func() { close(r.stop) }) }
