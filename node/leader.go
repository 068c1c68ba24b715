package node

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/trace"
)

const (
	// enqueueTimeout bounds the wait for raft's main loop to take an entry. What it did not
	// take is surely not in the log.
	enqueueTimeout = 2 * time.Second
	// openRetry is the pause before an epoch command that failed is proposed again.
	openRetry = 100 * time.Millisecond
)

// leadership follows this node's leadership and opens an epoch with each (R2, R3).
type leadership struct {
	raft   *raft.Raft
	mono   func() time.Duration
	log    *slog.Logger
	record trace.Sink
	// changed is called when the leader may be another, or has opened its epoch; it must not block.
	changed func()

	// notify is raft's NotifyCh. It has no buffer: raft waits until a transition was taken
	// note of before it acts on it, so that none is dropped, and that current is nil before
	// raft can answer anything in a later term.
	notify chan bool
	// observed wakes run when raft sees another leader. Size 1: more of the same are dropped.
	observed chan raft.Observation

	// current is the clock of the open epoch; nil unless this node leads and may stamp.
	current atomic.Pointer[epochClock]

	open sync.WaitGroup // the goroutine that opens

	mu     sync.Mutex
	closed bool
	resign context.CancelFunc // ends the opening of the present leadership; nil if none
	term   uint64             // of the present leadership
}

func newLeadership(
	mono func() time.Duration, log *slog.Logger, record trace.Sink, changed func(),
) *leadership {
	return &leadership{
		mono:     mono,
		log:      log,
		record:   record,
		changed:  changed,
		notify:   make(chan bool),
		observed: make(chan raft.Observation, 1),
	}
}

// run follows raft until stop is closed, which must be after raft was shut down. It must not
// wait for raft: raft waits for it.
func (l *leadership) run(stop <-chan struct{}) {
	for {
		select {
		case gained := <-l.notify:
			if gained {
				l.gained()
			} else {
				l.lost()
			}
		case <-l.observed:
		case <-stop:
			l.lost()
			return
		}
		l.changed()
	}
}

// gained starts to open an epoch.
func (l *leadership) gained() {
	term := l.raft.CurrentTerm()
	l.record(trace.Event{Kind: trace.KindLeader, Term: term, OK: true})
	l.log.Info("gained leadership", "term", term)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.resign, l.term = cancel, term
	l.open.Go(func() { l.openEpoch(ctx) })
}

// lost stops all stamping at once.
func (l *leadership) lost() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resign == nil {
		return
	}
	l.resign()
	l.resign = nil
	l.current.Store(nil)
	l.record(trace.Event{Kind: trace.KindLeader, Term: l.term})
	l.log.Info("lost leadership", "term", l.term)
}

// close stops stamping for good and waits for the opening goroutine, which raft must still be
// there to answer.
func (l *leadership) close() {
	l.mu.Lock()
	l.closed = true
	if l.resign != nil {
		l.resign()
	}
	l.current.Store(nil)
	l.mu.Unlock()
	l.open.Wait()
}

// openEpoch proposes the epoch command until it is applied or the leadership is over.
func (l *leadership) openEpoch(ctx context.Context) {
	for ctx.Err() == nil {
		applied, err := l.propose()
		if err == nil {
			l.begin(ctx, applied)
			l.changed()
			return
		}
		l.log.Warn("epoch not opened", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(openRetry):
		}
	}
}

// propose commits one epoch command.
func (l *leadership) propose() (fsm.Applied, error) {
	data, err := fsm.EncodeEntry(fsm.Entry{Open: true})
	if err != nil {
		return fsm.Applied{}, fmt.Errorf("encode epoch command: %w", err)
	}
	future := l.raft.Apply(data, enqueueTimeout)
	if err := future.Error(); err != nil {
		return fsm.Applied{}, err
	}
	return future.Response().(fsm.Applied), nil
}

// begin starts the epoch's clock, unless the leadership that opened it is over: a later one
// opens its own.
func (l *leadership) begin(ctx context.Context, applied fsm.Applied) {
	clock := startClock(applied.Epoch, applied.T, l.mono)
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	l.current.Store(clock)
	l.log.Info("opened epoch", "epoch", applied.Epoch, "cluster_time", time.Duration(applied.T))
}
