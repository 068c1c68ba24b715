package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/trace"
	"github.com/leased-io/leased/transport"
)

const (
	// maxBatch bounds the commands of an entry, well below fsm.MaxCommands: what one apply
	// may do before the next read.
	maxBatch = 4096
	// maxQueued bounds the proposals that wait for the entry in flight: a few entries' worth.
	// Beyond it, callers are refused rather than kept beyond their deadlines.
	maxQueued = 16384
	// maxStale bounds how often one proposal is stamped anew after a change of epoch.
	maxStale = 3
)

// proposal is one command on its way into the log.
type proposal struct {
	cmd   fsm.Command
	state atomic.Uint32 // proposalWaiting -> proposalTaken or proposalDropped
	done  chan decision // size 1: the committer never waits for a caller
}

type decision struct {
	result fsm.Result
	err    error
}

const (
	proposalWaiting uint32 = iota
	proposalTaken          // it is, or was, part of an entry
	proposalDropped        // its caller left first: it is surely not proposed
)

// committer is group commit: proposals that arrive while an entry is in flight form the next
// one. One entry is in flight at a time and nothing lingers: the entry in flight is the timer.
type committer struct {
	raft       *raft.Raft
	leadership *leadership
	recorder   recorder

	queue chan *proposal
	// arrivals is held, to read, by each who puts several proposals into the queue: an entry is
	// not closed amid them.
	arrivals sync.RWMutex
	closing  atomic.Bool   // refuses new proposals
	stop     chan struct{} // closed: commit what is queued, then end
	done     chan struct{} // closed when run has ended

	// afterStamp is called between the reading of the stamp and raft.Apply, where a goroutine
	// can sleep through the loss and regain of leadership. Nil but in tests of R3.
	afterStamp func()
}

func newCommitter(l *leadership, r recorder) *committer {
	return &committer{
		raft:       l.raft,
		leadership: l,
		recorder:   r,
		queue:      make(chan *proposal, maxQueued),
		stop:       make(chan struct{}),
		done:       make(chan struct{}),
	}
}

// propose commits cmd and returns its result; see transport.Coordinator. A result of another
// epoch surely had no effect, so that it is proposed again with a new stamp.
func (c *committer) propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
	for attempt := 1; ; attempt++ {
		result, err := c.proposeOnce(ctx, cmd)
		if err != nil || result.Code != fsm.CodeStaleEpoch || attempt == maxStale {
			return result, err
		}
	}
}

func (c *committer) proposeOnce(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
	if c.closing.Load() || c.leadership.current.Load() == nil {
		return fsm.Result{}, transport.ErrNotLeader
	}
	p, err := c.enqueue(cmd)
	if err != nil {
		return fsm.Result{}, err
	}
	return c.await(ctx, p)
}

func (c *committer) enqueue(cmd fsm.Command) (*proposal, error) {
	p := &proposal{cmd: cmd, done: make(chan decision, 1)}
	select {
	case c.queue <- p:
		return p, nil
	default:
		return nil, fmt.Errorf("%w: %d are queued", transport.ErrOverloaded, maxQueued)
	}
}

// await returns what p came to, or what is known of it when ctx ends.
func (c *committer) await(ctx context.Context, p *proposal) (fsm.Result, error) {
	select {
	case d := <-p.done:
		return d.result, d.err
	case <-ctx.Done():
		if p.state.CompareAndSwap(proposalWaiting, proposalDropped) {
			return fsm.Result{}, fmt.Errorf("%w: %w in the queue", transport.ErrOverloaded, ctx.Err())
		}
	case <-c.done:
		if p.state.CompareAndSwap(proposalWaiting, proposalDropped) {
			return fsm.Result{}, transport.ErrNotLeader
		}
	}
	// It was taken. The answer may have come at the same moment.
	select {
	case d := <-p.done:
		return d.result, d.err
	default:
		return fsm.Result{}, fmt.Errorf("%w: no answer in time", transport.ErrOutcomeUnknown)
	}
}

// run commits until it is told to drain. It ends only after the entry in flight was decided,
// so that no future is left to a raft that was shut down.
func (c *committer) run() {
	defer close(c.done)
	batch := make([]*proposal, 0, maxBatch)
	for {
		batch = batch[:0]
		select {
		case p := <-c.queue:
			batch = append(batch, p)
		case <-c.stop:
			if batch = c.gather(batch); len(batch) == 0 {
				return
			}
		}
		c.commit(c.gather(batch))
	}
}

// drain refuses new proposals, and has run end once those in the queue were decided.
func (c *committer) drain() {
	if !c.closing.Swap(true) {
		close(c.stop)
	}
}

// gather closes a batch: what has arrived by now, and still has a caller, is in it.
func (c *committer) gather(batch []*proposal) []*proposal {
	c.arrivals.Lock() // whoever holds it has only to fill the queue
	defer c.arrivals.Unlock()
	for len(batch) < maxBatch {
		select {
		case p := <-c.queue:
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// commit makes one entry of a batch that has closed, appends it and waits for its results.
func (c *committer) commit(batch []*proposal) {
	taken := batch[:0]
	commands := make([]fsm.Command, 0, len(batch))
	for _, p := range batch {
		if p.state.CompareAndSwap(proposalWaiting, proposalTaken) {
			taken = append(taken, p)
			commands = append(commands, p.cmd)
		}
	}
	if len(taken) == 0 {
		return
	}
	clock := c.leadership.current.Load()
	if clock == nil {
		fail(taken, transport.ErrNotLeader)
		return
	}
	before := c.recorder.now()
	entry := fsm.Entry{Epoch: clock.epoch, Stamp: clock.now(), Commands: commands} // R1, R3
	// The recorder's clock is read on both sides of the stamp. Cluster time may have run from no
	// later than the one (Theorem 0); no lease of a window that the stamp ends may be spent
	// after the other, which lies before the append (Theorem 1).
	c.recorder.record(trace.Event{
		Kind: trace.KindPropose, First: before, Epoch: entry.Epoch, Stamp: int64(entry.Stamp),
	})
	results, err := c.append(entry)
	if err != nil {
		fail(taken, err)
		return
	}
	for i, p := range taken {
		p.done <- decision{result: results[i]}
	}
}

// append commits one entry.
func (c *committer) append(entry fsm.Entry) ([]fsm.Result, error) {
	data, err := fsm.EncodeEntry(entry)
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	if c.afterStamp != nil {
		c.afterStamp()
	}
	future := c.raft.Apply(data, enqueueTimeout)
	if err := future.Error(); err != nil {
		return nil, sure(err)
	}
	results := future.Response().(fsm.Applied).Results
	if len(results) != len(entry.Commands) {
		panic(fmt.Sprintf("node: entry %d of %d commands came to %d results",
			future.Index(), len(entry.Commands), len(results)))
	}
	return results, nil
}

// sure sorts raft's errors: those of an entry that surely was not appended, and all others.
func sure(err error) error {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return fmt.Errorf("%w: %w", transport.ErrNotLeader, err)
	case errors.Is(err, raft.ErrEnqueueTimeout):
		return fmt.Errorf("%w: %w", transport.ErrOverloaded, err)
	}
	return fmt.Errorf("%w: %w", transport.ErrOutcomeUnknown, err)
}

func fail(batch []*proposal, err error) {
	for _, p := range batch {
		p.done <- decision{err: err}
	}
}
