package transport

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/leased-io/leased/transport/leasedv1"
)

// maxUnderWay bounds the calls under way on one stream: while there are as many, nothing more is
// read from it. A client has one batch of a kind under way at a time.
const maxUnderWay = 64

// exchange is one stream of calls, each of which is decided as it would be by itself.
type exchange struct {
	server *leasesServer
	stream grpc.BidiStreamingServer[leasedv1.ExchangeRequest, leasedv1.ExchangeResponse]
	// work hands calls to workers that have nothing to do: no goroutine is made for each.
	work chan *leasedv1.ExchangeRequest
	// stuck is closed when the other end took no answer for as long as a call may last.
	stuck     chan struct{}
	stuckOnce sync.Once

	// sending has room for who sends: a stream takes one answer at a time. Size 1.
	sending chan struct{}

	mu       sync.Mutex
	underWay int
	ending   bool
	idle     chan struct{} // closed when it is ending and nothing is under way
}

// Exchange decides the calls on a stream until it ends, the server stops, or its other end takes
// no answers. Calls that are under way when the server stops are answered first.
func (s *leasesServer) Exchange(
	stream grpc.BidiStreamingServer[leasedv1.ExchangeRequest, leasedv1.ExchangeResponse],
) error {
	x := &exchange{
		server: s, stream: stream,
		work:    make(chan *leasedv1.ExchangeRequest),
		stuck:   make(chan struct{}),
		sending: make(chan struct{}, 1),
		idle:    make(chan struct{}),
	}
	read := make(chan error, 1)
	if !s.tasks.begin(func() { read <- x.read() }) {
		return toStatus(ErrNotLeader)
	}
	var err error
	select {
	case err = <-read:
	case <-s.stopping:
	case <-x.stuck:
	}
	x.end()
	select {
	case <-x.idle:
	case <-stream.Context().Done():
	case <-x.stuck:
		err = refuse(row{codes.Unavailable, ReasonOverloaded}, "the stream's answers are not read")
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// read takes calls from the stream until it ends, and hands each to a worker.
func (x *exchange) read() error {
	defer close(x.work)
	for workers := 0; ; {
		req, err := x.stream.Recv()
		if err != nil {
			return err
		}
		if !x.begin() {
			return nil // it ends: nobody knows what becomes of this call, which is nothing
		}
		select {
		case x.work <- req:
			continue
		default:
		}
		if workers < maxUnderWay && x.server.tasks.begin(x.serve) {
			workers++
		}
		select {
		case x.work <- req:
		case <-x.stream.Context().Done():
			x.done()
			return x.stream.Context().Err()
		}
	}
}

// serve decides one call after the other.
func (x *exchange) serve() {
	for req := range x.work {
		answer := x.decide(req)
		late := time.AfterFunc(x.server.timeout, x.getStuck)
		x.sending <- struct{}{}
		// Where the stream is broken, the other end knows.
		_ = x.stream.Send(answer)
		<-x.sending
		late.Stop()
		x.done()
	}
}

// decide decides one call.
func (x *exchange) decide(req *leasedv1.ExchangeRequest) *leasedv1.ExchangeResponse {
	named := &trailer{}
	ctx := grpc.NewContextWithServerTransportStream(x.stream.Context(), named)
	if patience := time.Duration(req.GetTimeoutNanos()); patience > 0 && patience < x.server.timeout {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	answer := &leasedv1.ExchangeResponse{Id: req.GetId()}
	var err error
	switch c := req.GetCall().(type) {
	case *leasedv1.ExchangeRequest_OpenSessions:
		a := &leasedv1.ExchangeResponse_OpenSessions{}
		a.OpenSessions, err = x.server.OpenSessions(ctx, c.OpenSessions)
		answer.Answer = a
	case *leasedv1.ExchangeRequest_Acquire:
		a := &leasedv1.ExchangeResponse_Acquire{}
		a.Acquire, err = x.server.AcquireBatch(ctx, c.Acquire)
		answer.Answer = a
	case *leasedv1.ExchangeRequest_GiveBack:
		a := &leasedv1.ExchangeResponse_GiveBack{}
		a.GiveBack, err = x.server.ReturnBatch(ctx, c.GiveBack)
		answer.Answer = a
	default:
		err = invalid("call: is none, must be open_sessions, acquire or give_back")
	}
	if err != nil {
		answer.Answer = &leasedv1.ExchangeResponse_Failure{Failure: failureOf(err)}
	}
	answer.Leader = named.leader
	return answer
}

// begin counts a call that is to be decided, unless the stream ends.
func (x *exchange) begin() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.ending {
		x.underWay++
	}
	return !x.ending
}

// done counts a call as answered.
func (x *exchange) done() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.underWay--; x.ending && x.underWay == 0 {
		close(x.idle)
	}
}

// end begins no more calls. It is called once.
func (x *exchange) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ending = true; x.underWay == 0 {
		close(x.idle)
	}
}

func (x *exchange) getStuck() { x.stuckOnce.Do(func() { close(x.stuck) }) }

// trailer takes what a call on a stream would have put into its trailer: who leads.
type trailer struct{ leader string }

var _ grpc.ServerTransportStream = (*trailer)(nil)

// Method is asked by nobody.
func (t *trailer) Method() string { return leasedv1.Leases_Exchange_FullMethodName }

// SetHeader and SendHeader have nothing to do: no call has headers.
func (t *trailer) SetHeader(metadata.MD) error { return nil }

// SendHeader does nothing.
func (t *trailer) SendHeader(metadata.MD) error { return nil }

// SetTrailer keeps the leader.
func (t *trailer) SetTrailer(md metadata.MD) error {
	if v := md.Get(LeaderTrailer); len(v) == 1 {
		t.leader = v[0]
	}
	return nil
}

// tasks are goroutines that outlive the call that began them, and that a stopped server has none
// of.
type tasks struct {
	mu     sync.Mutex
	closed bool
	all    sync.WaitGroup
}

// begin runs do, unless the server has stopped.
func (t *tasks) begin(do func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.all.Go(do)
	}
	return !t.closed
}

// join begins no more and waits for all.
func (t *tasks) join() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.all.Wait()
}
