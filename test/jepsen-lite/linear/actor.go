package linear

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/transport/leasedv1"
)

const (
	// attempts bounds how often a request is sent before its client goes on without knowing.
	attempts = 5
	// callTimeout bounds an attempt. It is shorter than some elections.
	callTimeout = 700 * time.Millisecond
	// keepLeases bounds the leases that an actor remembers to give back.
	keepLeases = 6
)

// actor is a client that goes to the coordinator for everything, as fast as it is answered, and
// keeps to no good manners but those that the protocol asks for.
type actor struct {
	rng    *rand.Rand
	conns  []*grpc.ClientConn // a node each
	budget string
	keys   []string
	limits int // of the budget
	most   int64

	session, seq, revision uint64
	leases                 []*leasedv1.Return // granted, and not given back
	given                  []*leasedv1.Return // the last that was given back
}

// any node takes any call.
func (a *actor) conn() grpc.ClientConnInterface { return a.conns[a.rng.IntN(len(a.conns))] }

// run acts until ctx ends.
func (a *actor) run(ctx context.Context) {
	for ctx.Err() == nil {
		pause(ctx, time.Duration(a.rng.Int64N(int64(200*time.Millisecond))))
		switch n := a.rng.IntN(20); {
		case a.session == 0:
			a.open(ctx)
		case n < 12:
			a.acquire(ctx)
		case n < 16:
			a.giveBack(ctx)
		default:
			a.read(ctx)
		}
	}
}

// try sends a request until it is answered, and reports whether it was.
func (a *actor) try(ctx context.Context, call func(context.Context) error) bool {
	for range attempts {
		attempt, cancel := context.WithTimeout(ctx, callTimeout)
		err := call(attempt)
		cancel()
		if err == nil {
			return true
		}
		if ctx.Err() != nil || reason(err) == "UNKNOWN_BUDGET" {
			return false
		}
		pause(ctx, time.Duration(a.rng.Int64N(int64(300*time.Millisecond))))
	}
	return false
}

func (a *actor) key() string { return a.keys[a.rng.IntN(len(a.keys))] }

func (a *actor) open(ctx context.Context) {
	req := &leasedv1.OpenSessionRequest{Budget: a.budget, Key: a.key()}
	a.try(ctx, func(ctx context.Context) error {
		resp, err := leasedv1.NewLeasesClient(a.conn()).OpenSession(ctx, req)
		a.session, a.revision = resp.GetSession(), resp.GetRevision()
		a.seq, a.leases = 0, nil
		return err
	})
}

func (a *actor) acquire(ctx context.Context) {
	a.seq++
	req := &leasedv1.AcquireRequest{Session: a.session, Seq: a.seq, Revision: a.revision}
	for i := range a.limits {
		if i > 0 && a.rng.IntN(2) == 0 {
			continue
		}
		need := a.rng.Int64N(a.most)
		want := max(1, need) + a.rng.Int64N(a.most)
		req.Asks = append(req.Asks, &leasedv1.Ask{Limit: uint32(i), Need: need, Want: want})
	}
	if a.rng.IntN(4) == 0 {
		req.Returns = a.give()
	}
	a.try(ctx, func(ctx context.Context) error {
		resp, err := leasedv1.NewLeasesClient(a.conn()).Acquire(ctx, req)
		if err == nil {
			a.take(resp)
		}
		return err
	})
}

// take remembers what the answer brought.
func (a *actor) take(resp *leasedv1.AcquireResponse) {
	switch resp.GetOutcome() {
	case leasedv1.Outcome_OUTCOME_CHANGED:
		a.revision = resp.GetRevision()
	case leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION:
		a.session = 0
	}
	for _, g := range resp.GetGrants() {
		a.leases = append(a.leases, &leasedv1.Return{
			Lease: g.GetLease(), Window: g.GetWindow(), Amount: g.GetAmount(),
		})
	}
	if over := len(a.leases) - keepLeases; over > 0 {
		a.leases = slices.Delete(a.leases, 0, over)
	}
}

// give gives up the latest leases, and parts of leases.
func (a *actor) give() []*leasedv1.Return {
	n := min(len(a.leases), 1+a.rng.IntN(2))
	gives := slices.Clone(a.leases[len(a.leases)-n:])
	a.leases = a.leases[:len(a.leases)-n]
	for _, g := range gives {
		if a.rng.IntN(2) == 0 {
			g.Amount = 1 + a.rng.Int64N(g.GetAmount())
		}
	}
	a.given = gives
	return gives
}

// giveBack gives back leases; now and then it is some that were given back already.
func (a *actor) giveBack(ctx context.Context) {
	req := &leasedv1.ReturnRequest{Session: a.session, Close: a.rng.IntN(12) == 0}
	if req.Returns = a.given; a.rng.IntN(4) > 0 {
		req.Returns = a.give()
	}
	a.try(ctx, func(ctx context.Context) error {
		_, err := leasedv1.NewLeasesClient(a.conn()).Return(ctx, req)
		return err
	})
	if req.GetClose() {
		a.session, a.given = 0, nil
	}
}

func (a *actor) read(ctx context.Context) {
	req := &leasedv1.GetBudgetRequest{Name: a.budget, Key: a.key()}
	a.try(ctx, func(ctx context.Context) error {
		_, err := leasedv1.NewBudgetsClient(a.conn()).GetBudget(ctx, req)
		return err
	})
}
