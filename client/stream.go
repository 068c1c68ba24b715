package client

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/transport/leasedv1"
)

// maxOnStream bounds the calls under way on one stream. A client has one batch of each route under
// way, so that only one with very many patiences comes near.
const maxOnStream = 1024

// stream is one stream of calls, from its opening to its end. Calls are told apart by their ids.
type stream struct {
	out    chan *leasedv1.ExchangeRequest // size 0: who waits here has sent nothing
	broken chan struct{}                  // closed when it is of no more use

	mu      sync.Mutex
	last    uint64                                     // id
	waiting map[uint64]chan *leasedv1.ExchangeResponse // by id; each of size 1
	err     error                                      // why it broke
}

func newStream() *stream {
	return &stream{
		out:     make(chan *leasedv1.ExchangeRequest),
		broken:  make(chan struct{}),
		waiting: make(map[uint64]chan *leasedv1.ExchangeResponse),
	}
}

// call sends one call and waits for its answer. When ctx ends, or the stream breaks, the call may
// have taken effect, unless the stream broke with UNIMPLEMENTED.
func (s *stream) call(
	ctx context.Context, call *leasedv1.ExchangeRequest,
) (*leasedv1.ExchangeResponse, error) {
	answer := make(chan *leasedv1.ExchangeResponse, 1)
	if err := s.enter(call, answer); err != nil {
		return nil, err
	}
	defer s.leave(call.GetId())
	if deadline, ok := ctx.Deadline(); ok {
		// At least 1: a call without is one without a bound of its own.
		call.TimeoutNanos = max(1, int64(time.Until(deadline)))
	}
	select {
	case s.out <- call:
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-s.broken:
		return nil, s.reason()
	}
	select {
	case a := <-answer:
		return a, nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-s.broken:
	}
	select {
	case a := <-answer: // it came before the end
		return a, nil
	default:
		return nil, s.reason()
	}
}

// enter gives a call its id.
func (s *stream) enter(
	call *leasedv1.ExchangeRequest, answer chan *leasedv1.ExchangeResponse,
) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return s.err
	case len(s.waiting) >= maxOnStream:
		return status.Errorf(codes.Unavailable, "%d calls are under way", maxOnStream)
	}
	s.last++
	call.Id = s.last
	s.waiting[call.GetId()] = answer
	return nil
}

func (s *stream) leave(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, id)
}

// run opens the stream on cc, which may have to connect first, and sends calls until it breaks.
func (s *stream) run(cc *grpc.ClientConn) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	wire, err := leasedv1.NewLeasesClient(cc).Exchange(ctx)
	if err != nil {
		s.end(err)
		return
	}
	var hearing sync.WaitGroup
	hearing.Go(func() { s.hear(wire) })
	defer hearing.Wait()
	defer cancel()
	for {
		select {
		case call := <-s.out:
			// What it fails with is what is heard, or else the end of the stream.
			if err := wire.Send(call); err != nil && !errors.Is(err, io.EOF) {
				s.end(err)
				return
			}
		case <-s.broken:
			return
		}
	}
}

// hear hands answers to those who wait for them. One that nobody waits for any more is dropped.
func (s *stream) hear(wire leasedv1.Leases_ExchangeClient) {
	for {
		answer, err := wire.Recv()
		if err != nil {
			s.end(err)
			return
		}
		s.mu.Lock()
		to := s.waiting[answer.GetId()]
		delete(s.waiting, answer.GetId())
		s.mu.Unlock()
		if to != nil {
			to <- answer // there is room, for this one
		}
	}
}

// end breaks the stream, the first time.
func (s *stream) end(err error) {
	if errors.Is(err, io.EOF) { // the node has ended it, as when it stops
		err = status.Error(codes.Unavailable, "the node has ended the stream")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		close(s.broken)
	}
}

func (s *stream) isBroken() bool {
	select {
	case <-s.broken:
		return true
	default:
		return false
	}
}

func (s *stream) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
