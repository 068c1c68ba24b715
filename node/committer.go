package node

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/trace"
	"github.com/leased-io/leased/transport"
)

const (
	// maxBatch is how many commands close an entry: with one more call's it still holds fewer than
	// fsm.MaxCommands, which is what one apply may do before the next read. An entry costs two
	// fsyncs, one after the other, however much is in it.
	maxBatch = fsm.MaxCommands - transport.MaxBatch
	// maxQueued bounds the commands that wait for the entry in flight: a few entries' worth.
	// Beyond it, callers are refused rather than kept beyond their deadlines.
	maxQueued = 4 * fsm.MaxCommands
	// maxStale bounds how often one proposal is stamped anew after a change of epoch.
	maxStale = 3
	// enough is how many waiting commands go into an entry without those that the one before is
	// about to bring back. An entry costs about what applying so many does.
	enough = 1024
	// maxYields bounds how often a batch that grows is left to grow on. No yield waits for
	// anything but processors.
	maxYields = 8
)

// proposal is the commands of one call on their way into the log. They are in one entry, and one
// word wakes who waits for them.
type proposal struct {
	cmds  []fsm.Command // 1..transport.MaxBatch
	state atomic.Uint32 // proposalWaiting -> proposalTaken or proposalDropped
	done  chan decision // size 1: the committer never waits for a caller
}

// decision is what a proposal came to: a result for each of its commands, or why there are none.
type decision struct {
	results []fsm.Result
	err     error
}

const (
	proposalWaiting uint32 = iota
	proposalTaken          // it is, or was, part of an entry
	proposalDropped        // its caller left first: it is surely not proposed
)

// committer is group commit: proposals that arrive while an entry is in flight form the next
// one. One entry is in flight at a time, until a majority has it, and nothing lingers: the entry in
// flight is the timer. Where many wait, the next one is on its way while the last one is applied
// and answered; else those who are answered may be in it again.
type committer struct {
	raft       *raft.Raft
	leadership *leadership
	recorder   recorder

	queue    chan *proposal // has room for as many as queued may count
	queued   atomic.Int64   // the commands in queue, at most maxQueued
	commands []fsm.Command  // of the entry in flight: the next one's are written over it
	spent    sync.Pool      // of proposals: the committer's word was taken
	// committed has something when the state machine has begun to apply an entry. Size 1: it is
	// taken before each entry.
	committed chan struct{}
	answered  chan struct{} // closed when the last entry was answered
	closing   atomic.Bool   // refuses new proposals
	stop      chan struct{} // closed: commit what is queued, then end
	done      chan struct{} // closed when run has ended

	// afterStamp is called between the reading of the stamp and raft.Apply, where a goroutine
	// can sleep through the loss and regain of leadership. Nil but in tests of R3.
	afterStamp func()
}

func newCommitter(l *leadership, r recorder) *committer {
	c := &committer{
		leadership: l,
		recorder:   r,
		queue:      make(chan *proposal, maxQueued),
		committed:  make(chan struct{}, 1),
		answered:   make(chan struct{}),
		stop:       make(chan struct{}),
		done:       make(chan struct{}),
	}
	close(c.answered)
	return c
}

// propose commits cmd and returns its result; see transport.Coordinator. A result of another
// epoch surely had no effect, so that it is proposed again with a new stamp.
func (c *committer) propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
	cmds := [1]fsm.Command{cmd}
	for attempt := 1; ; attempt++ {
		results, err := c.proposeOnce(ctx, cmds[:])
		if err != nil {
			return fsm.Result{}, err
		}
		if results[0].Code != fsm.CodeStaleEpoch || attempt == maxStale {
			return results[0], nil
		}
	}
}

// proposeOnce commits cmds, which it copies, in one entry. It returns a result for each, which are
// read-only, or an error that is every command's.
func (c *committer) proposeOnce(ctx context.Context, cmds []fsm.Command) ([]fsm.Result, error) {
	if c.closing.Load() || c.leadership.current.Load() == nil {
		return nil, transport.ErrNotLeader
	}
	n := int64(len(cmds))
	if c.queued.Add(n) > maxQueued {
		c.queued.Add(-n)
		return nil, fmt.Errorf("%w: %d are queued", transport.ErrOverloaded, maxQueued)
	}
	p, used := c.spent.Get().(*proposal)
	if !used {
		p = &proposal{done: make(chan decision, 1)}
	}
	p.cmds = append(p.cmds, cmds...)
	p.state.Store(proposalWaiting)
	c.queue <- p // there is room
	return c.await(ctx, p)
}

// await returns what p came to, or what is known of it when ctx ends.
func (c *committer) await(ctx context.Context, p *proposal) ([]fsm.Result, error) {
	select {
	case d := <-p.done:
		return c.take(p, d)
	case <-ctx.Done():
		if p.state.CompareAndSwap(proposalWaiting, proposalDropped) {
			return nil, fmt.Errorf("%w: %w in the queue", transport.ErrOverloaded, ctx.Err())
		}
	case <-c.done:
		if p.state.CompareAndSwap(proposalWaiting, proposalDropped) {
			return nil, transport.ErrNotLeader
		}
	}
	// It was taken. The answer may have come at the same moment.
	select {
	case d := <-p.done:
		return c.take(p, d)
	default:
		return nil, fmt.Errorf("%w: no answer in time", transport.ErrOutcomeUnknown)
	}
}

// take ends p, of which only the caller knows any more.
func (c *committer) take(p *proposal, d decision) ([]fsm.Result, error) {
	clear(p.cmds)
	p.cmds = p.cmds[:0]
	c.spent.Put(p)
	return d.results, d.err
}

// run commits until it is told to drain. It ends only after the entry in flight was decided,
// so that no future is left to a raft that was shut down.
func (c *committer) run() {
	defer close(c.done)
	for {
		var batch []*proposal
		select {
		case p := <-c.queue:
			batch = append(batch, p)
		case <-c.stop:
			if batch = c.gather(batch); len(batch) == 0 {
				<-c.answered
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
	n := 0
	for _, p := range batch {
		n += len(p.cmds)
	}
	for n < maxBatch {
		select {
		case p := <-c.queue:
			batch = append(batch, p)
			n += len(p.cmds)
		default:
			return batch
		}
	}
	return batch
}

// commit makes one entry of a batch that has closed, appends it and waits for its results.
func (c *committer) commit(batch []*proposal) {
	taken, commands := batch[:0], c.commands[:0]
	for _, p := range batch {
		c.queued.Add(-int64(len(p.cmds)))
		if p.state.CompareAndSwap(proposalWaiting, proposalTaken) {
			taken = append(taken, p)
			commands = append(commands, p.cmds...)
		}
	}
	if len(taken) == 0 {
		return
	}
	defer func() {
		clear(commands)
		c.commands = commands
	}()
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
	future, err := c.append(entry)
	if err != nil {
		fail(taken, err)
		return
	}
	last := c.answered // at most two entries are not answered
	answered := make(chan struct{})
	c.answered = answered
	go func() { // joined by answered
		<-last
		defer close(answered)
		c.answer(future, taken)
	}()
	select {
	case <-c.committed:
		<-last
	case <-answered: // also when it was not committed
	}
	c.settle(answered)
}

// settle lets a batch form once a majority has the entry before. Who waits for that entry will ask
// again as soon as it is answered: two entries that take turns with half of the callers each would
// cost two rounds of fsyncs, and applying the one is far less than another round.
func (c *committer) settle(answered <-chan struct{}) {
	if c.queued.Load() >= enough {
		return
	}
	<-answered
	for i, before := 0, int64(-1); i < maxYields && c.queued.Load() > before; i++ {
		before = c.queued.Load()
		runtime.Gosched() // those who were answered run first
	}
}

// append hands one entry to raft.
func (c *committer) append(entry fsm.Entry) (raft.ApplyFuture, error) {
	data, err := fsm.EncodeEntry(entry)
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	if c.afterStamp != nil {
		c.afterStamp()
	}
	select {
	case <-c.committed: // of an entry before
	default:
	}
	return c.raft.Apply(data, enqueueTimeout), nil
}

// answer waits until an entry is applied, and tells each who waits what his part of it came to.
func (c *committer) answer(future raft.ApplyFuture, taken []*proposal) {
	if err := future.Error(); err != nil {
		fail(taken, sure(err))
		return
	}
	results := future.Response().(fsm.Applied).Results
	n := 0
	for _, p := range taken {
		n += len(p.cmds)
	}
	if len(results) != n {
		panic(fmt.Sprintf("node: entry %d of %d commands came to %d results",
			future.Index(), n, len(results)))
	}
	for _, p := range taken {
		n := len(p.cmds) // p is its caller's with the word
		p.done <- decision{results: results[:n:n]}
		results = results[n:]
	}
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
