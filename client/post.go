package client

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Bounds of one batch.
const (
	// maxBatch is how many requests a node takes in one message.
	maxBatch = 512
	// maxBatchBytes is what they may have in sum, half of what a node reads: a batch of few that
	// give much back at once is shorter.
	maxBatchBytes = 128 << 10
)

// errand is one request on its way to the coordinator. The same errand may go again once done was
// called. Whoever hands errands over has one under way at a time, so no more wait than there are
// limiters.
type errand struct {
	way      way
	wire     proto.Message
	patience time.Duration // of one send; 0: the call timeout
	// sending is called just before each send (R7); nil: nobody wants to know.
	sending func()
	// read takes the answer, or says what is wrong with it.
	read func(answer proto.Message) error
	// done is called once for each time that the errand was handed over, without a lock held: nil,
	// a refusal, ErrClosed or a *callError, as conns.attempt returns them.
	done func(error)

	left bool // nobody waits for it any more; guarded by the post's mu
}

// route is what the requests of a batch have in common: what is called, and for how long.
type route struct {
	way      way
	patience time.Duration
}

// post carries the requests of all limiters of a client. On each route one batch is under way at a
// time, and meanwhile the next one gathers: nothing lingers, and what is alone goes at once.
type post struct {
	conns *conns
	tasks sync.WaitGroup // one for each route that is in use

	mu     sync.Mutex
	closed bool
	queues map[route][]*errand // has a place for each route that is in use
	counts CallCounters
}

// CallCounters count what a client has sent for its limiters.
type CallCounters struct {
	Calls    uint64 // messages
	Requests uint64 // in them, each counted as often as it was sent
}

// Calls returns what was sent so far to open sessions, to acquire and to give back.
func (c *Client) Calls() CallCounters {
	c.post.mu.Lock()
	defer c.post.mu.Unlock()
	return c.post.counts
}

func newPost(c *conns) *post { return &post{conns: c, queues: make(map[route][]*errand)} }

// hand sends e with the next batch of its route. It does not block.
func (p *post) hand(e *errand) {
	r := route{e.way, min(e.patience, p.conns.callTimeout)}
	if e.patience <= 0 {
		r.patience = p.conns.callTimeout
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		e.done(ErrClosed)
		return
	}
	defer p.mu.Unlock()
	e.left = false
	queue, used := p.queues[r]
	p.queues[r] = append(queue, e)
	if !used {
		p.tasks.Go(func() { p.run(r) })
	}
}

// deliver hands e over and waits until it is done. When ctx ends first, nobody knows what becomes
// of e, which is left alone from then on.
func (p *post) deliver(ctx context.Context, e *errand) error {
	done := make(chan error, 1) // size 1: the post waits for nobody
	e.done = func(err error) { done <- err }
	p.hand(e)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	p.mu.Lock()
	e.left = true
	p.mu.Unlock()
	return &callError{endpoint: p.conns.leader(), cause: ctx.Err()}
}

// run sends what there is for a route, batch after batch, until there is nothing.
func (p *post) run(r route) {
	for batch := p.gather(r); len(batch) > 0; batch = p.gather(r) {
		p.send(r, batch)
		// Those who were answered may go on first. Where they ask again at once they come with this
		// batch, and not with one that waits for it: fewer messages, fewer entries, and no timer.
		runtime.Gosched()
	}
}

// gather takes the next batch. With none, the route is in use no more.
func (p *post) gather(r route) []*errand {
	p.mu.Lock()
	defer p.mu.Unlock()
	var batch []*errand
	queue, size := p.queues[r], 0
	for len(queue) > 0 && len(batch) < maxBatch {
		e := queue[0]
		if !e.left {
			if size += proto.Size(e.wire); size > maxBatchBytes && len(batch) > 0 {
				break
			}
			batch = append(batch, e)
		}
		queue[0], queue = nil, queue[1:]
	}
	p.queues[r] = queue
	if len(batch) == 0 {
		delete(p.queues, r)
		return nil
	}
	p.counts.Calls++
	p.counts.Requests += uint64(len(batch))
	return batch
}

// send sends one batch, once, and tells each of its errands what came of it.
func (p *post) send(r route, batch []*errand) {
	came := make([]error, len(batch))
	err := p.conns.attempt(context.Background(), func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		ctx, cancel := context.WithTimeout(ctx, r.patience)
		defer cancel()
		for _, e := range batch {
			if e.sending != nil {
				e.sending()
			}
		}
		answers, err := r.way.call(ctx, cc, batch, opts)
		if err != nil {
			return err
		}
		return p.read(batch, answers, came)
	})
	if err != nil {
		p.fail(came, err)
	}
	for i, e := range batch {
		e.done(came[i])
	}
}

// read gives each errand its own answer, and notes in came what did not come to one. It fails if
// nothing was decided at all, so that the next batch goes elsewhere.
func (p *post) read(batch []*errand, answers []answer, came []error) error {
	decided := false
	var first error
	for i, e := range batch {
		err := answers[i].failed
		if err == nil {
			err = e.read(answers[i].decision)
		}
		if err != nil {
			came[i] = outcomeOf(p.conns.leader(), err)
		}
		_, undecided := errors.AsType[*callError](came[i])
		decided = decided || !undecided
		if first == nil {
			first = err
		}
	}
	if decided {
		return nil
	}
	return first
}

// fail notes that a call failed as a whole. An errand that was told of an outcome of its own keeps
// it, and follows the others to the leader that was named.
func (p *post) fail(came []error, err error) {
	call, _ := errors.AsType[*callError](err)
	for i := range came {
		own, ok := errors.AsType[*callError](came[i])
		switch {
		case !ok:
			came[i] = err
		case call != nil:
			own.redirected, own.leaderless = call.redirected, call.leaderless
		}
	}
}

// close has every errand fail with ErrClosed from then on, and waits for those under way, which end
// with the connections.
func (p *post) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.tasks.Wait()
}
