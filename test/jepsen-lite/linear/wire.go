package linear

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/transport/leasedv1"
)

// Intercept records the calls of a client's connections, each attempt by itself. It goes first
// in the chain, so that it sees what the client sees.
func (r *Recorder) Intercept(client int) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, resp any, cc *grpc.ClientConn,
		invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		in := inputs(req)
		if len(in) == 0 {
			return invoke(ctx, method, req, resp, cc, opts...)
		}
		ops := make([]*Op, len(in))
		for i := range in {
			ops[i] = r.Begin(client, in[i])
		}
		var out sending
		err := invoke(context.WithValue(ctx, sendingKey{}, &out), method, req, resp, cc, opts...)
		unsent := out.watched.Load() && !out.sent.Load()
		for i, t := range told(resp, err, len(ops)) {
			r.close(ops[i], t, unsent)
		}
		return err
	}
}

// close notes what the client of one operation was told.
func (r *Recorder) close(op *Op, t answerTo, unsent bool) {
	switch {
	case t.why == "" && !t.failed:
		r.Answered(op, t.out)
	case t.why == "UNKNOWN_BUDGET":
		r.Answered(op, Output{Answer: NoBudget})
	case unsent, t.why == "NOT_LEADER", t.why == "OVERLOADED", t.why == "INVALID",
		// Or they were taken, whatever the asks came to.
		t.why == "FULL" && len(op.Input.Returns) == 0:
		r.Harmless(op)
	default:
		r.Failed(op)
	}
}

// DialOptions are those of the connections of a client that is recorded: Intercept, and a look
// at what is sent. A call that never left the client surely had no effect.
func (r *Recorder) DialOptions(client int) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(r.Intercept(client)), grpc.WithStatsHandler(watcher{}),
	}
}

// sending is whether a call has left its client, if that is watched.
type sending struct{ watched, sent atomic.Bool }

type sendingKey struct{}

// watcher notes which calls leave the client.
type watcher struct{}

var _ stats.Handler = watcher{}

// TagRPC begins to watch a call.
func (watcher) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	if s, ok := ctx.Value(sendingKey{}).(*sending); ok {
		s.watched.Store(true)
	}
	return ctx
}

// HandleRPC notes that a call has a stream.
func (watcher) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, out := s.(*stats.OutHeader); !out {
		return
	}
	if s, ok := ctx.Value(sendingKey{}).(*sending); ok {
		s.sent.Store(true)
	}
}

// TagConn does nothing.
func (watcher) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (watcher) HandleConn(context.Context, stats.ConnStats) {}

// reason is the protocol's word for what went wrong, or nothing if no node said it.
func reason(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// input returns a request as an input, if it is of an operation that is recorded.
func input(req any) (Input, bool) {
	switch m := req.(type) {
	case *leasedv1.OpenSessionRequest:
		return Input{Kind: OpenSession, Budget: m.GetBudget(), Key: m.GetKey()}, true
	case *leasedv1.AcquireRequest:
		in := Input{Kind: Acquire, Session: m.GetSession(), Seq: m.GetSeq(),
			Revision: m.GetRevision(), Returns: returns(m.GetReturns())}
		for _, a := range m.GetAsks() {
			in.Asks = append(in.Asks, Ask{int(a.GetLimit()), a.GetNeed(), a.GetWant()})
		}
		return in, true
	case *leasedv1.ReturnRequest:
		return Input{Kind: GiveBack, Session: m.GetSession(), Returns: returns(m.GetReturns()),
			Close: m.GetClose()}, true
	case *leasedv1.PutBudgetRequest:
		b := m.GetBudget()
		return Input{Kind: PutBudget, Budget: b.GetName(), Keyed: b.GetKeyed(),
			Limits: limits(b.GetLimits())}, true
	case *leasedv1.GetBudgetRequest:
		return Input{Kind: GetBudget, Budget: m.GetName(), Key: m.GetKey()}, true
	case *leasedv1.DeleteBudgetRequest:
		return Input{Kind: DeleteBudget, Budget: m.GetName()}, true
	}
	return Input{}, false
}

var answers = map[leasedv1.Outcome]Answer{
	leasedv1.Outcome_OUTCOME_GRANTED:         Granted,
	leasedv1.Outcome_OUTCOME_DENIED:          Denied,
	leasedv1.Outcome_OUTCOME_TOO_LARGE:       TooLarge,
	leasedv1.Outcome_OUTCOME_CHANGED:         Changed,
	leasedv1.Outcome_OUTCOME_UNKNOWN_BUDGET:  NoBudget,
	leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION: NoSession,
	leasedv1.Outcome_OUTCOME_STALE:           Stale,
}

// output returns a response as an output. One that makes no sense has no Answer, and fits no
// state.
func output(resp any) Output {
	switch m := resp.(type) {
	case *leasedv1.OpenSessionResponse:
		return Output{Answer: Done, Session: m.GetSession(), Revision: m.GetRevision(),
			Limits: limits(m.GetLimits())}
	case *leasedv1.AcquireResponse:
		return acquired(m)
	case *leasedv1.ReturnResponse:
		return Output{Answer: Done, Taken: m.GetTaken(), SessionKnown: m.GetSessionKnown()}
	case *leasedv1.PutBudgetResponse:
		return Output{Answer: Done, Revision: m.GetRevision(), Created: m.GetCreated(),
			Changed: m.GetChanged()}
	case *leasedv1.GetBudgetResponse:
		out := Output{Answer: Done, Revision: m.GetRevision(), Keyed: m.GetBudget().GetKeyed(),
			Limits: limits(m.GetBudget().GetLimits())}
		for _, l := range m.GetLimits() {
			out.Usage = append(out.Usage, Usage{l.GetWindow(), l.GetUsed(), l.GetEndsInNanos()})
		}
		return out
	case *leasedv1.DeleteBudgetResponse:
		return Output{Answer: Done}
	}
	return Output{}
}

func acquired(m *leasedv1.AcquireResponse) Output {
	out := Output{Answer: answers[m.GetOutcome()], Revision: m.GetRevision(),
		Limits: limits(m.GetLimits()), Limit: int(m.GetLimit())}
	for _, g := range m.GetGrants() {
		out.Grants = append(out.Grants, Grant{g.GetLease(), int(g.GetLimit()), g.GetWindow(),
			g.GetAmount(), g.GetTtlNanos()})
	}
	if d := m.GetDenial(); d != nil {
		out.Denial = &Denial{int(d.GetLimit()), d.GetLeft(), d.GetRetryAfterNanos()}
	}
	return out
}

func returns(in []*leasedv1.Return) []Return {
	var out []Return
	for _, r := range in {
		out = append(out, Return{r.GetLease(), r.GetWindow(), r.GetAmount()})
	}
	return out
}

// limits puts them into canonical order: by metric, then by period, then by kind.
func limits(in []*leasedv1.Limit) []Limit {
	var out []Limit
	for _, l := range in {
		out = append(out, Limit{l.GetMetric(), kindOf(l), l.GetAmount(),
			l.GetPerNanos()})
	}
	slices.SortFunc(out, func(a, b Limit) int {
		return cmp.Or(cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Per, b.Per),
			cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// kindOf is a limit's kind: those that follow the calendar are not for this model either.
func kindOf(l *leasedv1.Limit) string {
	if l.GetAlign() != "" {
		return "aligned"
	}
	return cmp.Or(l.GetKind(), "window")
}
