package node

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/transport/leasedv1"
)

// benchStream is the client's end of one stream of calls, as bare as can be.
type benchStream struct {
	wire leasedv1.Leases_ExchangeClient

	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan *leasedv1.ExchangeResponse
}

// openStreams opens a stream on each connection.
func openStreams(b *testing.B, conns []leasedv1.LeasesClient) []*benchStream {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var hearing sync.WaitGroup
	b.Cleanup(func() {
		cancel()
		hearing.Wait()
	})
	var all []*benchStream
	for _, c := range conns {
		wire, err := c.Exchange(ctx)
		if err != nil {
			b.Fatal(err)
		}
		s := &benchStream{wire: wire, waiting: map[uint64]chan *leasedv1.ExchangeResponse{}}
		hearing.Go(s.hear)
		all = append(all, s)
	}
	return all
}

func (s *benchStream) hear() {
	for {
		answer, err := s.wire.Recv()
		if err != nil {
			return
		}
		s.mu.Lock()
		to := s.waiting[answer.GetId()]
		delete(s.waiting, answer.GetId())
		s.mu.Unlock()
		to <- answer
	}
}

// AcquireBatch makes one call on the stream.
func (s *benchStream) AcquireBatch(
	_ context.Context, req *leasedv1.AcquireBatchRequest, _ ...grpc.CallOption,
) (*leasedv1.AcquireBatchResponse, error) {
	done := make(chan *leasedv1.ExchangeResponse, 1)
	s.mu.Lock()
	s.last++
	s.waiting[s.last] = done
	err := s.wire.Send(&leasedv1.ExchangeRequest{Id: s.last,
		Call: &leasedv1.ExchangeRequest_Acquire{Acquire: req}})
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	answer := <-done
	if answer.GetAcquire() == nil {
		return nil, fmt.Errorf("came to %v", answer)
	}
	return answer.GetAcquire(), nil
}
