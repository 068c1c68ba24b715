package transport

import (
	"context"
	"fmt"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// leasesServer is what limiters call.
type leasesServer struct {
	leasedv1.UnimplementedLeasesServer
	*Server
}

var _ leasedv1.LeasesServer = (*leasesServer)(nil)

// OpenSession starts a holder's incarnation.
func (s *leasesServer) OpenSession(
	ctx context.Context, req *leasedv1.OpenSessionRequest,
) (*leasedv1.OpenSessionResponse, error) {
	open, err := parseOpenSession(req)
	if err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.OpenSessionResponse, error) {
		res, err := s.coordinator.Propose(ctx, fsm.Command{OpenSession: &open})
		if err != nil {
			return nil, toStatus(err)
		}
		return s.opened(open, res)
	}
	return call(ctx, s.Server, leasedv1.Leases_OpenSession_FullMethodName, req, decide)
}

func (s *Server) opened(
	open fsm.OpenSession, res fsm.Result,
) (*leasedv1.OpenSessionResponse, error) {
	if res.Code != fsm.CodeDone {
		return nil, refusal(res, fmt.Sprintf("open session on budget %q", open.Budget))
	}
	return &leasedv1.OpenSessionResponse{
		Session:  uint64(res.Session),
		Revision: res.Revision,
		Limits:   limitsToProto(res.Limits),
		Levels:   levelsToProto(res.Levels),
		DriftPpm: s.driftPPM,
		Rules:    rulesToProto(res.Rules),
	}, nil
}

// outcomes are the answers of Acquire. Every other code is an error status.
var outcomes = map[fsm.Code]leasedv1.Outcome{
	fsm.CodeDone:           leasedv1.Outcome_OUTCOME_GRANTED,
	fsm.CodeDenied:         leasedv1.Outcome_OUTCOME_DENIED,
	fsm.CodeTooLarge:       leasedv1.Outcome_OUTCOME_TOO_LARGE,
	fsm.CodeChanged:        leasedv1.Outcome_OUTCOME_CHANGED,
	fsm.CodeUnknownBudget:  leasedv1.Outcome_OUTCOME_UNKNOWN_BUDGET,
	fsm.CodeUnknownSession: leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION,
	fsm.CodeStale:          leasedv1.Outcome_OUTCOME_STALE,
}

// Acquire asks for leases. It carries no time: the leader stamps it after it arrived (R1).
func (s *leasesServer) Acquire(
	ctx context.Context, req *leasedv1.AcquireRequest,
) (*leasedv1.AcquireResponse, error) {
	acquire, err := parseAcquire(req)
	if err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.AcquireResponse, error) {
		res, err := s.coordinator.Propose(ctx, fsm.Command{Acquire: &acquire})
		if err != nil {
			return nil, toStatus(err)
		}
		return s.acquired(acquire, res)
	}
	return call(ctx, s.Server, leasedv1.Leases_Acquire_FullMethodName, req, decide)
}

func (s *Server) acquired(
	acquire lease.Request, res fsm.Result,
) (*leasedv1.AcquireResponse, error) {
	outcome, ok := outcomes[res.Code]
	if !ok {
		return nil, refusal(res, fmt.Sprintf("acquire of session %d", acquire.Session))
	}
	return &leasedv1.AcquireResponse{
		Outcome:  outcome,
		Grants:   grantsToProto(res.Grants),
		Denial:   denialToProto(res.Denial),
		Revision: res.Revision,
		Limits:   limitsToProto(res.Limits),
		Levels:   levelsToProto(res.Levels),
		Limit:    uint32(res.Limit),
		DriftPpm: s.driftPPM,
		Rules:    rulesToProto(res.Rules),
	}, nil
}

// Return gives credits back. An unknown session is an answer: its credits count as spent.
func (s *leasesServer) Return(
	ctx context.Context, req *leasedv1.ReturnRequest,
) (*leasedv1.ReturnResponse, error) {
	ret, err := parseReturn(req)
	if err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.ReturnResponse, error) {
		res, err := s.coordinator.Propose(ctx, fsm.Command{Return: &ret})
		if err != nil {
			return nil, toStatus(err)
		}
		return returned(ret, res)
	}
	return call(ctx, s.Server, leasedv1.Leases_Return_FullMethodName, req, decide)
}

func returned(ret fsm.Return, res fsm.Result) (*leasedv1.ReturnResponse, error) {
	switch res.Code {
	case fsm.CodeDone:
		return &leasedv1.ReturnResponse{Taken: taken(res.Taken), SessionKnown: true}, nil
	case fsm.CodeUnknownSession:
		return &leasedv1.ReturnResponse{Taken: make([]int64, len(ret.Returns))}, nil
	}
	return nil, refusal(res, fmt.Sprintf("return of session %d", ret.Session))
}

// grantsToProto keeps the order, which is that of the asks.
func grantsToProto(grants []lease.Grant) []*leasedv1.Grant {
	out := make([]*leasedv1.Grant, 0, len(grants))
	for _, g := range grants {
		out = append(out, &leasedv1.Grant{
			Lease:    uint64(g.Lease),
			Limit:    uint32(g.Limit),
			Window:   int64(g.Window),
			Amount:   int64(g.Amount),
			TtlNanos: int64(g.TTL),
		})
	}
	return out
}

func denialToProto(d *lease.Denial) *leasedv1.Denial {
	if d == nil {
		return nil
	}
	return &leasedv1.Denial{
		Limit:           uint32(d.Limit),
		Left:            int64(d.Left),
		RetryAfterNanos: int64(d.RetryAfter),
	}
}
