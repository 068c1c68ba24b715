package transport

import (
	"context"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// MaxBatch bounds the requests of one batch: half of what an entry takes, so that a batch seldom
// has to be in two, and far more than saves a round trip.
const MaxBatch = 512

// decided is what one request of a batch came to: an answer, or the failure of a call of its own.
type decided[A any] struct {
	answer A
	err    error
}

// failure returns the failure in a message; nil if there is none.
func (d decided[A]) failure() *leasedv1.Failure {
	if d.err == nil {
		return nil
	}
	return failureOf(d.err)
}

// failureOf puts a status into a message.
func failureOf(err error) *leasedv1.Failure {
	s := status.Convert(err)
	f := &leasedv1.Failure{Code: uint32(s.Code()), Message: s.Message()}
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			f.Reason = info.GetReason()
		}
	}
	return f
}

// decideAll decides the requests of a batch. One that is malformed is not proposed, and keeps none
// of the others from it. It fails as a whole if none was decided, all for the same reason: who
// asked has to look elsewhere.
func decideAll[Q proto.Message, P, A any](
	ctx context.Context, s *Server, requests []Q,
	parse func(Q) (P, error), command func(*P) fsm.Command, answer func(P, fsm.Result) (A, error),
) ([]decided[A], error) {
	all := make([]decided[A], len(requests))
	parsed := make([]P, len(requests))
	var commands []fsm.Command
	var places []int // of the commands among the requests
	for i, r := range requests {
		if parsed[i], all[i].err = parse(r); all[i].err == nil {
			commands = append(commands, command(&parsed[i]))
			places = append(places, i)
		}
	}
	if len(commands) == 0 {
		return all, nil
	}
	alike := 0
	for i, p := range s.coordinator.ProposeAll(ctx, commands) {
		at := places[i]
		if p.Err != nil {
			all[at].err = toStatus(p.Err)
			if all[at].failure().GetReason() == all[places[0]].failure().GetReason() {
				alike++
			}
			continue
		}
		all[at].answer, all[at].err = answer(parsed[at], p.Result)
	}
	if alike == len(requests) {
		return nil, all[0].err
	}
	return all, nil
}

// checkBatch refuses a batch that is empty, or longer than may be.
func checkBatch(n int) error {
	if n < 1 || n > MaxBatch {
		return invalid("requests: %d, must be 1..%d", n, MaxBatch)
	}
	return nil
}

// OpenSessions is OpenSession for many.
func (s *leasesServer) OpenSessions(
	ctx context.Context, req *leasedv1.OpenSessionsRequest,
) (*leasedv1.OpenSessionsResponse, error) {
	if err := checkBatch(len(req.GetRequests())); err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.OpenSessionsResponse, error) {
		all, err := decideAll(ctx, s.Server, req.GetRequests(), parseOpenSession,
			func(o *fsm.OpenSession) fsm.Command { return fsm.Command{OpenSession: o} }, s.opened)
		if err != nil {
			return nil, err
		}
		resp := &leasedv1.OpenSessionsResponse{}
		for _, d := range all {
			r := &leasedv1.OpenSessionResult{}
			if f := d.failure(); f != nil {
				r.Decision = &leasedv1.OpenSessionResult_Failure{Failure: f}
			} else {
				r.Decision = &leasedv1.OpenSessionResult_Response{Response: d.answer}
			}
			resp.Results = append(resp.Results, r)
		}
		return resp, nil
	}
	return call(ctx, s.Server, leasedv1.Leases_OpenSessions_FullMethodName, req, decide)
}

// AcquireBatch is Acquire for many.
func (s *leasesServer) AcquireBatch(
	ctx context.Context, req *leasedv1.AcquireBatchRequest,
) (*leasedv1.AcquireBatchResponse, error) {
	if err := checkBatch(len(req.GetRequests())); err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.AcquireBatchResponse, error) {
		all, err := decideAll(ctx, s.Server, req.GetRequests(), parseAcquire,
			func(r *lease.Request) fsm.Command { return fsm.Command{Acquire: r} }, s.acquired)
		if err != nil {
			return nil, err
		}
		resp := &leasedv1.AcquireBatchResponse{}
		for _, d := range all {
			r := &leasedv1.AcquireResult{}
			if f := d.failure(); f != nil {
				r.Decision = &leasedv1.AcquireResult_Failure{Failure: f}
			} else {
				r.Decision = &leasedv1.AcquireResult_Response{Response: d.answer}
			}
			resp.Results = append(resp.Results, r)
		}
		return resp, nil
	}
	return call(ctx, s.Server, leasedv1.Leases_AcquireBatch_FullMethodName, req, decide)
}

// ReturnBatch is Return for many.
func (s *leasesServer) ReturnBatch(
	ctx context.Context, req *leasedv1.ReturnBatchRequest,
) (*leasedv1.ReturnBatchResponse, error) {
	if err := checkBatch(len(req.GetRequests())); err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.ReturnBatchResponse, error) {
		all, err := decideAll(ctx, s.Server, req.GetRequests(), parseReturn,
			func(r *fsm.Return) fsm.Command { return fsm.Command{Return: r} }, returned)
		if err != nil {
			return nil, err
		}
		resp := &leasedv1.ReturnBatchResponse{}
		for _, d := range all {
			r := &leasedv1.ReturnResult{}
			if f := d.failure(); f != nil {
				r.Decision = &leasedv1.ReturnResult_Failure{Failure: f}
			} else {
				r.Decision = &leasedv1.ReturnResult_Response{Response: d.answer}
			}
			resp.Results = append(resp.Results, r)
		}
		return resp, nil
	}
	return call(ctx, s.Server, leasedv1.Leases_ReturnBatch_FullMethodName, req, decide)
}
