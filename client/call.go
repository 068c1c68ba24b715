package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Words of the wire protocol beside its messages.
const (
	// leaderTrailer carries the API address of the leader that the node knows of.
	leaderTrailer = "leased-leader"
	// Reasons in ErrorInfo of calls that surely had no effect. reasonNotLeader: the node cannot
	// decide, but the one in the trailer may.
	reasonNotLeader  = "NOT_LEADER"
	reasonOverloaded = "OVERLOADED"
	reasonFull       = "FULL"
	// reasonConflict: a budget has another revision than was expected, which is in the metadata.
	reasonConflict = "CONFLICT"
	revisionKey    = "revision"
)

// rpc is one call of a generated client.
type rpc func(ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption) error

// callError is an attempt that was not decided, so that it is worth another. It matches
// ErrUnavailable and its cause.
type callError struct {
	endpoint   string
	harmless   bool // it surely had no effect
	redirected bool // the endpoint named a leader, who is asked next
	leaderless bool // two endpoints in a row could not decide, and named nobody who can
	cause      error
}

func (e *callError) Error() string {
	return fmt.Sprintf("%v: %s: %v", ErrUnavailable, e.endpoint, e.cause)
}

func (e *callError) Unwrap() []error { return []error{ErrUnavailable, e.cause} }

// attempt calls one endpoint, once, within the call timeout. It returns nil; a refusal, which
// matches ErrUnknownBudget, ErrInvalid or ErrConflict; ErrClosed; or a *callError.
func (c *conns) attempt(ctx context.Context, call rpc) error {
	addr, cc, err := c.choose()
	if err != nil {
		return err
	}
	var trailer metadata.MD
	callCtx, cancel := context.WithTimeout(ctx, c.callTimeout)
	err = call(callCtx, cc, grpc.Trailer(&trailer))
	cancel()

	leader := ""
	if v := trailer.Get(leaderTrailer); len(v) == 1 {
		leader = v[0]
	}
	if err == nil {
		c.note(addr, leader)
		c.served()
		return nil
	}
	return c.judge(ctx, addr, leader, err)
}

// outcomeOf says what a failure at addr means for its caller: a refusal, or a *callError.
func outcomeOf(addr string, err error) error {
	st := status.Convert(err)
	switch st.Code() {
	case codes.NotFound:
		return fmt.Errorf("%w: %s", ErrUnknownBudget, st.Message())
	case codes.InvalidArgument:
		return fmt.Errorf("%w: %s", ErrInvalid, st.Message())
	}
	switch info := errorInfo(st); info.GetReason() {
	case reasonMisfit:
		return fmt.Errorf("%w: %s", ErrMisfit, st.Message())
	case reasonConflict:
		return toConflict(info)
	}
	undecided := &callError{endpoint: addr, cause: err}
	switch errorInfo(st).GetReason() {
	case reasonNotLeader, reasonOverloaded, reasonFull:
		undecided.harmless = true
	}
	return undecided
}

// judge says what a failed call means, for its caller and for the choice of endpoints.
func (c *conns) judge(ctx context.Context, addr, leader string, err error) error {
	outcome := outcomeOf(addr, err)
	undecided, ok := errors.AsType[*callError](outcome)
	if !ok {
		c.note(addr, leader)
		return outcome
	}
	info := errorInfo(status.Convert(err))
	if info.GetReason() != reasonNotLeader {
		leader = "" // the node could not get an answer from there either
	}
	switch {
	case c.isClosed():
		return ErrClosed
	case isOver(ctx): // the caller's patience, which says nothing of the endpoint
	case info != nil: // the node itself answered: it is there, but cannot decide this now
		// One that names itself has come to lead while the call waited.
		undecided.redirected = c.note(addr, leader) || leader == addr
		if !undecided.redirected {
			// A leader that is overloaded may have room at once.
			undecided.leaderless = c.passOver(addr) && info.GetReason() == reasonNotLeader
		}
	default:
		c.fail(addr)
	}
	return undecided
}

// isOver reports whether the caller's patience is at its end. The node counts the same deadline,
// and its word may be here before ctx's own timer has fired: so the clock is asked too.
func isOver(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return ctx.Err() != nil || bounded && !time.Now().Before(deadline)
}

func errorInfo(st *status.Status) *errdetails.ErrorInfo {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info
		}
	}
	return nil
}

// tries says how long a call is repeated, and who is told.
type tries struct {
	stop   <-chan struct{}  // ends the repetition, with ErrClosed; nil: only ctx does
	failed func(*callError) // told of each attempt that was not decided; may be nil
}

// retry attempts call until it is decided: done or refused. An earlier attempt may have taken
// effect, so call must be idempotent. When ctx ends first, the error matches its error and
// ErrUnavailable.
func (c *conns) retry(ctx context.Context, t tries, call rpc) error {
	return c.repeat(ctx, t, func(ctx context.Context) error { return c.attempt(ctx, call) })
}

// repeat is retry of what fails as attempt does.
func (c *conns) repeat(
	ctx context.Context, t tries, attempt func(context.Context) error,
) error {
	var pace backoff
	for {
		err := attempt(ctx)
		undecided, ok := errors.AsType[*callError](err)
		if !ok {
			return err
		}
		if t.failed != nil {
			t.failed(undecided)
		}
		if !pause(ctx, t.stop, pace.after(undecided)) {
			if ctx.Err() == nil {
				return ErrClosed
			}
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// ask calls the node at addr, once, within the call timeout, whoever else is there.
func (c *conns) ask(ctx context.Context, addr string, call rpc) error {
	c.mu.Lock()
	cc, closed := c.byAddr[addr], c.byAddr == nil
	c.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if cc == nil {
		var err error
		if cc, err = c.dial(addr); err != nil {
			return err
		}
		defer cc.Close()
	}
	ctx, cancel := context.WithTimeout(ctx, c.callTimeout)
	defer cancel()
	if err := call(ctx, cc); err != nil {
		return &callError{endpoint: addr, cause: err}
	}
	return nil
}
