package cluster

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// pipelined bounds the requests under way in a pipeline.
const pipelined = 16

// pipeline sends entries without waiting for the answers to those before. They arrive in order.
type pipeline struct {
	p      *port
	to     raft.ServerAddress
	queue  chan *appended
	done   chan raft.AppendFuture
	closed chan struct{}
	close  sync.Once
}

// AppendEntriesPipeline begins a pipeline, which raft closes.
func (p *port) AppendEntriesPipeline(
	_ raft.ServerID, to raft.ServerAddress,
) (raft.AppendPipeline, error) {
	l := &pipeline{
		p: p, to: to,
		queue: make(chan *appended, pipelined), done: make(chan raft.AppendFuture, pipelined),
		closed: make(chan struct{}),
	}
	go l.run() // ends with Close
	return l, nil
}

// AppendEntries queues a request.
func (l *pipeline) AppendEntries(
	args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse,
) (raft.AppendFuture, error) {
	a := &appended{start: time.Now(), args: args, resp: resp, ready: make(chan struct{})}
	select {
	case <-l.closed:
		return nil, raft.ErrPipelineShutdown
	default:
	}
	select {
	case l.queue <- a:
		return a, nil
	case <-l.closed:
		return nil, raft.ErrPipelineShutdown
	}
}

// Consumer is where raft takes the answers from.
func (l *pipeline) Consumer() <-chan raft.AppendFuture { return l.done }

// Close drops what is under way.
func (l *pipeline) Close() error {
	l.close.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeline) run() {
	for {
		select {
		case a := <-l.queue:
			a.err = ask(l.p, l.to, raft.RPC{Command: a.args}, rpcTimeout, a.resp)
			close(a.ready)
			select {
			case l.done <- a:
			case <-l.closed:
				return
			}
		case <-l.closed:
			return
		}
	}
}

// appended is one request of a pipeline.
type appended struct {
	start time.Time
	args  *raft.AppendEntriesRequest
	resp  *raft.AppendEntriesResponse
	ready chan struct{}
	err   error // read after ready
}

// Error waits for the answer.
func (a *appended) Error() error { <-a.ready; return a.err }

// Start is when the request was queued.
func (a *appended) Start() time.Time { return a.start }

// Request is what was sent.
func (a *appended) Request() *raft.AppendEntriesRequest { return a.args }

// Response is what was answered, if Error is nil.
func (a *appended) Response() *raft.AppendEntriesResponse { return a.resp }
