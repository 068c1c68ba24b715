package transport

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

const (
	// LeaderTrailer is the response trailer that names the leader's API address, so that
	// clients go there directly. Absent when no leader is known.
	LeaderTrailer = "leased-leader"
	// ForwardedHeader marks a request that another node passed on. It is not passed on again:
	// two nodes that each take the other for the leader would play ball.
	ForwardedHeader = "leased-forwarded"
)

// call decides a request that was already found valid: here when this node leads, else by one
// forward to the leader. Without one it is held: see seek. It is bounded, and names the leader in
// the trailer.
func call[T any, R interface {
	*T
	proto.Message
}](
	ctx context.Context, s *Server, method string, req proto.Message,
	decide func(context.Context) (R, error),
) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	leader, conn, err := s.seek(ctx)
	if err == nil && leader.Self {
		resp, err := decide(ctx)
		if reasonOf(err) != ReasonNotLeader { // else who asked looks elsewhere
			setTrailer(ctx, leader)
		}
		return resp, err
	}
	setTrailer(ctx, leader)
	if err != nil {
		return nil, err
	}
	resp := R(new(T))
	if err := forward(ctx, conn, leader.API, method, req, resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// forward passes req on to the node at address. An answer of that node passes through; without
// one nobody knows what became of the request.
func forward(
	ctx context.Context, conn *grpc.ClientConn, address, method string, req, resp proto.Message,
) error {
	ctx = metadata.AppendToOutgoingContext(ctx, ForwardedHeader, "1")
	err := conn.Invoke(ctx, method, req, resp)
	if err == nil || ours(err) {
		return err
	}
	unknown := row{codes.Unavailable, ReasonOutcomeUnknown}
	return refuse(unknown, "forwarded to the leader at "+address+": "+err.Error())
}

// setTrailer names the leader. It fails only outside of a call, as in a unit test.
func setTrailer(ctx context.Context, leader Leader) {
	if leader.API != "" {
		_ = grpc.SetTrailer(ctx, metadata.Pairs(LeaderTrailer, leader.API))
	}
}
