package linear

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/transport/leasedv1"
)

// maxDelay bounds how long a message of a client is under way, and how late a copy arrives.
const (
	maxDelay = 30 * time.Millisecond
	maxLate  = 3 * time.Second
)

// hostile is the network between a client and the nodes. It delays what is said, loses requests
// and answers, and has copies of decided requests arrive late.
type hostile struct {
	lost   int // permille of the requests, and of the answers
	copies int // permille of the decided requests

	mu   sync.Mutex
	rng  *rand.Rand
	late sync.WaitGroup
}

func newHostile(seed uint64, lost, copies int) *hostile {
	return &hostile{lost: lost, copies: copies, rng: rand.New(rand.NewPCG(seed, 0x4057))}
}

func (h *hostile) draw(n int64) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rng.Int64N(n)
}

// intercept is the network on the way of a call. It goes last in the chain.
func (h *hostile) intercept(ctx context.Context, method string, req, resp any,
	cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	pause(ctx, time.Duration(h.draw(int64(maxDelay))))
	if h.draw(1000) < int64(h.lost) {
		return status.Error(codes.Unavailable, "the request was lost")
	}
	if err := invoke(ctx, method, req, resp, cc, opts...); err != nil {
		return err
	}
	pause(ctx, time.Duration(h.draw(int64(maxDelay))))
	if repeatable(req, resp) && h.draw(1000) < int64(h.copies) {
		h.repeat(method, req, cc, invoke)
	}
	if h.draw(1000) < int64(h.lost) {
		return status.Error(codes.Unavailable, "the answer was lost")
	}
	return nil
}

// repeatable reports whether a copy of the request must have no effect of its own: it was
// decided for ever.
func repeatable(req, resp any) bool {
	switch req.(type) {
	case *leasedv1.AcquireRequest:
		return answers[resp.(*leasedv1.AcquireResponse).GetOutcome()] == Granted
	case *leasedv1.ReturnRequest:
		return true
	}
	return false
}

// repeat has a copy of a request arrive later.
func (h *hostile) repeat(method string, req any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker) {
	wait := time.Duration(h.draw(int64(maxLate)))
	h.late.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*maxLate)
		defer cancel()
		pause(ctx, wait)
		switch req.(type) {
		case *leasedv1.AcquireRequest:
			_ = invoke(ctx, method, req, &leasedv1.AcquireResponse{}, cc) // nobody waits for it
		case *leasedv1.ReturnRequest:
			_ = invoke(ctx, method, req, &leasedv1.ReturnResponse{}, cc) // nor for this
		}
	})
}
