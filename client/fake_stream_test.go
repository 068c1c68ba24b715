package client

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/transport/leasedv1"
)

// fakeStreams is how one node of the fake deals with streams.
type fakeStreams struct {
	old    bool // it knows none
	deaf   bool // it reads nothing
	late   bool // it answers also when a call's time is over
	opened int
	calls  int // that came on them
}

// openStream counts a stream that is opened, and reports how it is dealt with.
func (n *fakeNode) openStream() fakeStreams {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.streams.opened++
	return n.streams
}

// Exchange takes a stream apart: each call is one to the rest of the fake.
func (n *fakeNode) Exchange(
	stream grpc.BidiStreamingServer[leasedv1.ExchangeRequest, leasedv1.ExchangeResponse],
) error {
	how := n.openStream()
	if how.old {
		return n.UnimplementedLeasesServer.Exchange(stream)
	}
	if how.deaf {
		<-stream.Context().Done()
		return stream.Context().Err()
	}
	var deciding sync.WaitGroup
	defer deciding.Wait()
	var sending sync.Mutex
	for {
		req, err := stream.Recv()
		if err != nil {
			return err
		}
		n.mu.Lock()
		n.streams.calls++
		n.mu.Unlock()
		deciding.Go(func() {
			answer, err := n.decideOnStream(stream.Context(), req, how.late)
			if err != nil {
				return // it is never answered: what comes of it is seen elsewhere
			}
			sending.Lock()
			defer sending.Unlock()
			stream.Send(answer) //nolint:errcheck // the client sees that it is broken
		})
	}
}

func (n *fakeNode) decideOnStream(
	ctx context.Context, req *leasedv1.ExchangeRequest, late bool,
) (*leasedv1.ExchangeResponse, error) {
	if !late {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(req.GetTimeoutNanos()))
		defer cancel()
	}
	named := &fakeTrailer{}
	ctx = grpc.NewContextWithServerTransportStream(ctx, named)
	answer := &leasedv1.ExchangeResponse{Id: req.GetId()}
	var err error
	switch c := req.GetCall().(type) {
	case *leasedv1.ExchangeRequest_OpenSessions:
		a := &leasedv1.ExchangeResponse_OpenSessions{}
		a.OpenSessions, err = n.OpenSessions(ctx, c.OpenSessions)
		answer.Answer = a
	case *leasedv1.ExchangeRequest_Acquire:
		a := &leasedv1.ExchangeResponse_Acquire{}
		a.Acquire, err = n.AcquireBatch(ctx, c.Acquire)
		answer.Answer = a
	case *leasedv1.ExchangeRequest_GiveBack:
		a := &leasedv1.ExchangeResponse_GiveBack{}
		a.GiveBack, err = n.ReturnBatch(ctx, c.GiveBack)
		answer.Answer = a
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		s := status.Convert(err)
		answer.Answer = &leasedv1.ExchangeResponse_Failure{Failure: &leasedv1.Failure{
			Code: uint32(s.Code()), Reason: errorInfo(s).GetReason(), Message: s.Message(),
		}}
		if s.Code() == codes.OK {
			return nil, err
		}
	}
	answer.Leader = named.leader()
	return answer, nil
}

// fakeTrailer takes what a call would have put into its trailer.
type fakeTrailer struct {
	grpc.ServerTransportStream
	mu sync.Mutex
	md metadata.MD
}

func (t *fakeTrailer) SetTrailer(md metadata.MD) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.md = metadata.Join(md)
	return nil
}

func (t *fakeTrailer) leader() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.md.Get(leaderTrailer); len(v) == 1 {
		return v[0]
	}
	return ""
}
