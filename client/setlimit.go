package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// LimitSetting gives a limit of a budget another amount than the budget says.
type LimitSetting struct {
	// Metric, Per and Kind name the limit: it must be the only one. Per 0 and Kind "" mean any.
	Metric string
	Per    time.Duration
	Kind   budget.Kind
	// Key is whose limit it is, of a keyed budget; empty: of everybody who has none of his own. A
	// bucket is of everybody alike.
	Key string
	// Amount is 1..budget.MaxAmount. Burst is what a bucket holds; 0: in proportion.
	Amount, Burst budget.Credits
	// For is how long it lasts, in cluster time; 0: until it is cleared.
	For time.Duration
	// Clear ends it. Amount, Burst and For are 0 then.
	Clear bool
}

// Override is a LimitSetting in force.
type Override struct {
	Limit  int    // what it overrides: index in BudgetStatus.Budget.Limits
	Key    string // empty: of everybody who has none of his own
	Amount budget.Credits
	Burst  budget.Credits // of a bucket
	EndsIn time.Duration  // cluster time; 0: when it is cleared
}

// SetLimit gives a limit of the budget of a name another amount, for everybody or for one key, for
// a time or until it is cleared. PutBudget leaves it in force where it says of the limit what it
// said before; where it says something else, it ends what holds for everybody, and leaves what
// holds for keys. It blocks and fails as PutBudget does; errors match ErrUnknownBudget, too. An
// attempt whose outcome is unknown is made again, and its time counts from then.
func (c *Client) SetLimit(
	ctx context.Context, name string, s LimitSetting, conditions ...Condition,
) (PutResult, error) {
	var result PutResult
	req := &leasedv1.SetLimitRequest{
		Budget: name, Metric: s.Metric, PerNanos: int64(s.Per), Kind: string(s.Kind), Key: s.Key,
		Amount: int64(s.Amount), Burst: int64(s.Burst), ForNanos: int64(s.For), Clear: s.Clear,
		Expect: expected(conditions),
	}
	err := c.change(ctx, func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		resp, err := leasedv1.NewBudgetsClient(cc).SetLimit(ctx, req, opts...)
		result = PutResult{Revision: resp.GetRevision(), Changed: resp.GetChanged(),
			Complies: time.Duration(resp.GetCompliesNanos())}
		return err
	})
	return result, named("set limit "+s.Metric+" of budget", name, err)
}

func toOverrides(wire []*leasedv1.Override, limits int) ([]Override, error) {
	var overrides []Override
	for i, w := range wire {
		if int(w.GetLimit()) >= limits || w.GetAmount() < 1 || w.GetEndsInNanos() < 0 {
			return nil, fmt.Errorf("overrides[%d]: %d of limit %d for %d ns", i,
				w.GetAmount(), w.GetLimit(), w.GetEndsInNanos())
		}
		overrides = append(overrides, Override{
			Limit:  int(w.GetLimit()),
			Key:    w.GetKey(),
			Amount: budget.Credits(w.GetAmount()),
			Burst:  budget.Credits(w.GetBurst()),
			EndsIn: time.Duration(w.GetEndsInNanos()),
		})
	}
	return overrides, nil
}

// maxPatches bounds how often one patch is tried: so often others may change the budget between
// reading and writing it.
const maxPatches = 16

// PatchBudget changes the budget of a name by what change makes of it, as it was put: it reads the
// budget and puts it on condition that nobody has changed it meanwhile, up to some times, each with
// the budget as it is then. It blocks until that is decided or ctx ends. Accounts and overrides of
// limits that stay as they were are left alone.
//
// It fails with what change returns, and as PutBudget does; errors match ErrUnknownBudget, too. One
// that matches ErrConflict and not ErrUnavailable has changed nothing.
func (c *Client) PatchBudget(
	ctx context.Context, name string, change func(*budget.Budget) error,
) (PutResult, error) {
	var pace backoff
	for tried := 1; ; tried++ {
		status, err := c.GetBudget(ctx, name, "")
		if err != nil {
			return PutResult{}, err
		}
		b := status.Budget
		if err := change(&b); err != nil {
			return PutResult{}, named("patch budget", name, err)
		}
		result, err := c.PutBudget(ctx, b, IfRevision(status.Revision))
		if !errors.Is(err, ErrConflict) || errors.Is(err, ErrUnavailable) || tried == maxPatches {
			return result, err
		}
		if !pause(ctx, c.conns.closed, pace.next(false)) {
			return PutResult{}, fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
