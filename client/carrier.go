package client

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/transport/leasedv1"
)

// aloneFor is how long the calls on a connection go alone after the node there knew no streams: it
// may be of another version by then.
const aloneFor = time.Minute

// carrier has the batches on one connection travel on one stream, which costs the coordinator less
// than a call each. It is the connection's innermost interceptor, so that whoever has interceptors
// of his own sees calls, with their outcomes, as if each went by itself.
type carrier struct {
	// run begins a goroutine, which lives until the connection is closed; false: it is closed.
	run func(func()) bool

	mu     sync.Mutex
	stream *stream // the last one; nil: there was none
	alone  time.Time
}

// dialOption puts a carrier into a connection.
func (c *carrier) dialOption() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(c.intercept)
}

// intercept makes a call on the stream where that can be: a batch that has no metadata of its own,
// to a node that knows of streams.
func (c *carrier) intercept(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn,
	invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	call := onStream(req)
	if md, ok := metadata.FromOutgoingContext(ctx); call == nil || ok && len(md) > 0 {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	s := c.open(cc)
	if s == nil {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	answer, err := s.call(ctx, call)
	if status.Code(err) == codes.Unimplemented && s.isBroken() {
		// The node knows no streams: none of the calls on it had an effect.
		c.goAlone(s)
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	if err != nil {
		return err
	}
	for _, o := range opts {
		if t, ok := o.(grpc.TrailerCallOption); ok && answer.GetLeader() != "" {
			*t.TrailerAddr = metadata.Pairs(leaderTrailer, answer.GetLeader())
		}
	}
	return handOver(answer, reply)
}

// open returns the stream to cc, a new one if the last one is broken; nil: calls go alone.
func (c *carrier) open(cc *grpc.ClientConn) *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stream != nil && !c.stream.isBroken() {
		return c.stream
	}
	if time.Now().Before(c.alone) {
		return nil
	}
	s := newStream()
	if !c.run(func() { s.run(cc) }) {
		return nil
	}
	c.stream = s
	return s
}

// goAlone opens no stream for a while after one that the node did not know.
func (c *carrier) goAlone(s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stream == s {
		c.stream, c.alone = nil, time.Now().Add(aloneFor)
	}
}

// onStream puts a batch into a message of a stream; nil: it is no batch.
func onStream(req any) *leasedv1.ExchangeRequest {
	switch r := req.(type) {
	case *leasedv1.AcquireBatchRequest:
		return &leasedv1.ExchangeRequest{Call: &leasedv1.ExchangeRequest_Acquire{Acquire: r}}
	case *leasedv1.ReturnBatchRequest:
		return &leasedv1.ExchangeRequest{Call: &leasedv1.ExchangeRequest_GiveBack{GiveBack: r}}
	case *leasedv1.OpenSessionsRequest:
		return &leasedv1.ExchangeRequest{Call: &leasedv1.ExchangeRequest_OpenSessions{OpenSessions: r}}
	}
	return nil
}

// handOver puts what a call came to into its reply, or returns the failure that it came to.
func handOver(answer *leasedv1.ExchangeResponse, reply any) error {
	var got proto.Message
	switch a := answer.GetAnswer().(type) {
	case *leasedv1.ExchangeResponse_Failure:
		return told(a.Failure, a.Failure == nil)
	case *leasedv1.ExchangeResponse_Acquire:
		if r, ok := reply.(*leasedv1.AcquireBatchResponse); ok {
			r.Results, got = a.Acquire.GetResults(), r
		}
	case *leasedv1.ExchangeResponse_GiveBack:
		if r, ok := reply.(*leasedv1.ReturnBatchResponse); ok {
			r.Results, got = a.GiveBack.GetResults(), r
		}
	case *leasedv1.ExchangeResponse_OpenSessions:
		if r, ok := reply.(*leasedv1.OpenSessionsResponse); ok {
			r.Results, got = a.OpenSessions.GetResults(), r
		}
	}
	if got == nil {
		return status.Errorf(codes.Internal, "an answer of %T to a call for %T",
			answer.GetAnswer(), reply)
	}
	return nil
}
