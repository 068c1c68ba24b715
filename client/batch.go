package client

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/transport/leasedv1"
)

// way is what a batch's requests ask for.
type way uint8

const (
	opening way = iota + 1
	acquiring
	returning
)

// answer is what one request of a batch came to.
type answer struct {
	decision proto.Message
	failed   error // a status
}

// call sends one batch. An answer that is not one for each request is none.
func (w way) call(
	ctx context.Context, cc grpc.ClientConnInterface, batch []*errand, opts []grpc.CallOption,
) ([]answer, error) {
	var answers []answer
	leases := leasedv1.NewLeasesClient(cc)
	switch w {
	case opening:
		req := &leasedv1.OpenSessionsRequest{}
		for _, e := range batch {
			req.Requests = append(req.Requests, e.wire.(*leasedv1.OpenSessionRequest))
		}
		resp, err := leases.OpenSessions(ctx, req, opts...)
		if err != nil {
			return nil, err
		}
		for _, r := range resp.GetResults() {
			answers = append(answers, answer{r.GetResponse(), told(r.GetFailure(), r.Decision == nil)})
		}
	case acquiring:
		req := &leasedv1.AcquireBatchRequest{}
		for _, e := range batch {
			req.Requests = append(req.Requests, e.wire.(*leasedv1.AcquireRequest))
		}
		resp, err := leases.AcquireBatch(ctx, req, opts...)
		if err != nil {
			return nil, err
		}
		for _, r := range resp.GetResults() {
			answers = append(answers, answer{r.GetResponse(), told(r.GetFailure(), r.Decision == nil)})
		}
	case returning:
		req := &leasedv1.ReturnBatchRequest{}
		for _, e := range batch {
			req.Requests = append(req.Requests, e.wire.(*leasedv1.ReturnRequest))
		}
		resp, err := leases.ReturnBatch(ctx, req, opts...)
		if err != nil {
			return nil, err
		}
		for _, r := range resp.GetResults() {
			answers = append(answers, answer{r.GetResponse(), told(r.GetFailure(), r.Decision == nil)})
		}
	}
	if len(answers) != len(batch) {
		return nil, fmt.Errorf("%d answers to %d requests", len(answers), len(batch))
	}
	return answers, nil
}

var errNoDecision = errors.New("neither an answer nor a failure")

// told returns a failure as the status that a call of its own would have had.
func told(f *leasedv1.Failure, none bool) error {
	switch {
	case none:
		return errNoDecision
	case f == nil:
		return nil
	case codes.Code(f.GetCode()) == codes.OK:
		return fmt.Errorf("a failure of code 0: %s", f.GetMessage())
	}
	s := status.New(codes.Code(f.GetCode()), f.GetMessage())
	if f.GetReason() != "" {
		info := &errdetails.ErrorInfo{Reason: f.GetReason()}
		if detailed, err := s.WithDetails(info); err == nil {
			s = detailed
		}
	}
	return s.Err()
}
