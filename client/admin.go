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

// PutResult is what PutBudget, PatchBudget or SetLimit came to.
type PutResult struct {
	Revision uint64 // of the budget; it counts up with each change
	Created  bool
	Changed  bool // false: the budget was already so
	// Complies is for how long limiters may still admit on what they were granted before: the rest of
	// the longest lease that may be out, in cluster time. After it the whole fleet goes by the
	// change. A limiter goes by it as soon as it asks for anything, which it does when it is told.
	Complies time.Duration
}

// BudgetStatus is a budget with what is charged to its accounts.
type BudgetStatus struct {
	Budget   budget.Budget // as it was put
	Revision uint64
	Limits   []LimitUsage // in the order of Budget.Limits
	// Overrides are what SetLimit has set; in a list of budgets without those of keys.
	Overrides []Override
}

// LimitUsage is the account of one limit for one key.
type LimitUsage struct {
	Limit  budget.Limit // in force for the key
	Window budget.Window
	// Used is granted and not taken back, in all windows that count, or what a bucket lacks until
	// it is full; Left may be granted now.
	Used, Left budget.Credits
	EndsIn     time.Duration // cluster time until the limit rolls
	// OpensIn is the cluster time until all of the limit may be granted again; where that depends
	// on leases that run now, until these are over.
	OpensIn time.Duration
}

// PutBudget creates b or replaces its limits, and blocks until that is decided or ctx ends.
// It is idempotent, so an unknown outcome is tried again. Without a condition, the last one who
// puts a budget wins.
// Errors match ErrInvalid, ErrMisfit, ErrConflict, ErrClosed, or ErrUnavailable with ctx's error.
func (c *Client) PutBudget(
	ctx context.Context, b budget.Budget, conditions ...Condition,
) (PutResult, error) {
	var result PutResult
	req := &leasedv1.PutBudgetRequest{Budget: fromBudget(b), Expect: expected(conditions)}
	err := c.change(ctx, func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		resp, err := leasedv1.NewBudgetsClient(cc).PutBudget(ctx, req, opts...)
		result = PutResult{resp.GetRevision(), resp.GetCreated(), resp.GetChanged(),
			time.Duration(resp.GetCompliesNanos())}
		return err
	})
	return result, named("put budget", b.Name, err)
}

// DeleteBudget removes a budget: its limiters admit nothing more once their leases are over.
// One that is not there is ErrUnknownBudget, but not when an earlier attempt of this call,
// whose outcome was unknown, may have removed it. It blocks and fails as PutBudget does.
func (c *Client) DeleteBudget(ctx context.Context, name string, conditions ...Condition) error {
	attempts := 0
	req := &leasedv1.DeleteBudgetRequest{Name: name, Expect: expected(conditions)}
	err := c.change(ctx, func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		attempts++
		_, err := leasedv1.NewBudgetsClient(cc).DeleteBudget(ctx, req, opts...)
		return err
	})
	if attempts > 1 && errors.Is(err, ErrUnknownBudget) {
		err = nil
	}
	return named("delete budget", name, err)
}

// GetBudget reads a budget and the account of key, confirmed by the leader.
// Errors match ErrUnknownBudget, ErrInvalid, ErrClosed, or ErrUnavailable with ctx's error.
func (c *Client) GetBudget(ctx context.Context, name, key string) (BudgetStatus, error) {
	return c.getBudget(ctx, &leasedv1.GetBudgetRequest{Name: name, Key: key})
}

func (c *Client) getBudget(
	ctx context.Context, req *leasedv1.GetBudgetRequest,
) (BudgetStatus, error) {
	var result BudgetStatus
	err := c.conns.retry(ctx, c.tries(), func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		resp, err := leasedv1.NewBudgetsClient(cc).GetBudget(ctx, req, opts...)
		if err != nil {
			return err
		}
		result, err = toBudgetStatus(resp)
		return err
	})
	return result, named("get budget", req.GetName(), err)
}

// GetBudgetOf is GetBudget for the account that the budget's template makes of labels.
func (c *Client) GetBudgetOf(
	ctx context.Context, name string, labels map[string]string,
) (BudgetStatus, error) {
	if err := budget.LabelsOf(labels).Validate(); err != nil {
		return BudgetStatus{}, named("get budget", name, fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	return c.getBudget(ctx, &leasedv1.GetBudgetRequest{Name: name, Labels: labels})
}

// Budgets reads all budgets, with the accounts of the empty key, confirmed by the leader.
// Errors match ErrClosed, or ErrUnavailable with ctx's error.
func (c *Client) Budgets(ctx context.Context) ([]BudgetStatus, error) {
	var result []BudgetStatus
	err := c.conns.retry(ctx, c.tries(), func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		resp, err := leasedv1.NewBudgetsClient(cc).
			ListBudgets(ctx, &leasedv1.ListBudgetsRequest{}, opts...)
		result = make([]BudgetStatus, 0, len(resp.GetBudgets()))
		for _, wire := range resp.GetBudgets() {
			b, bad := toBudgetStatus(wire)
			if bad != nil {
				return bad
			}
			result = append(result, b)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list budgets: %w", err)
	}
	return result, nil
}

func (c *Client) tries() tries { return tries{stop: c.conns.closed} }

func toBudgetStatus(wire *leasedv1.GetBudgetResponse) (BudgetStatus, error) {
	policy, err := toBudget(wire.GetBudget())
	if err != nil {
		return BudgetStatus{}, err
	}
	limits := policy.Limits
	b := BudgetStatus{Budget: policy, Revision: wire.GetRevision()}
	if len(wire.GetLimits()) != len(limits) {
		return BudgetStatus{}, fmt.Errorf("budget %q: %d accounts for %d limits",
			b.Budget.Name, len(wire.GetLimits()), len(limits))
	}
	for _, w := range wire.GetLimits() {
		inForce, err := toLimits([]*leasedv1.Limit{w.GetLimit()})
		if err != nil {
			return BudgetStatus{}, fmt.Errorf("budget %q in force: %w", b.Budget.Name, err)
		}
		b.Limits = append(b.Limits, LimitUsage{
			Limit:   inForce[0],
			Window:  budget.Window(w.GetWindow()),
			Used:    budget.Credits(w.GetUsed()),
			Left:    budget.Credits(w.GetLeft()),
			EndsIn:  time.Duration(w.GetEndsInNanos()),
			OpensIn: time.Duration(w.GetOpensInNanos()),
		})
	}
	b.Overrides, err = toOverrides(wire.GetOverrides(), len(limits))
	return b, err
}

func named(verb, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", verb, name, err)
}
