package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// adminPatience bounds one change of a budget.
const adminPatience = time.Minute

// admin changes budgets, one at a time, and remembers what was acknowledged.
type admin struct {
	client *client.Client
	loads  []Load
	rng    *rand.Rand
	state  []policy // by load
}

// policy is what is known of a budget.
type policy struct {
	acked    budget.Budget
	deleted  bool // by what was acknowledged last
	revision uint64
	// unsure are changes whose outcome is unknown: they may take effect at any time.
	unsure  []budget.Budget
	changes int // acknowledged
}

func newAdmin(c *nodes) (*admin, error) {
	a := &admin{
		loads: c.o.Loads, state: make([]policy, len(c.o.Loads)),
		rng: rand.New(rand.NewPCG(c.o.Seed, 0xad31)),
	}
	var err error
	a.client, err = c.connect("admin")
	return a, err
}

// put changes a budget.
func (a *admin) put(ctx context.Context, i int, b budget.Budget) error {
	ctx, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	s := &a.state[i]
	result, err := a.client.PutBudget(ctx, b)
	if err != nil {
		s.unsure = append(s.unsure, b)
		return err
	}
	s.acked, s.deleted, s.revision, s.changes = b, false, result.Revision, s.changes+1
	return nil
}

// ensure puts every budget that is not surely there.
func (a *admin) ensure(ctx context.Context) error {
	var errs []error
	for i := range a.state {
		if s := &a.state[i]; s.changes == 0 || s.deleted {
			errs = append(errs, a.put(ctx, i, a.loads[i].Budget))
		}
	}
	return errors.Join(errs...)
}

// change draws another amount, or another window, for some budget.
func (a *admin) change(ctx context.Context) {
	i := a.rng.IntN(len(a.loads))
	b := a.loads[i].Budget
	b.Limits = slices.Clone(b.Limits)
	for j := range b.Limits {
		l := &b.Limits[j]
		l.Amount = l.Amount * budget.Credits(60+a.rng.IntN(100)) / 100
		if a.rng.IntN(8) == 0 {
			l.Per /= 2
		}
	}
	_ = a.put(ctx, i, b) // noted
}

// replace deletes a budget, and creates it again a little later.
func (a *admin) replace(ctx context.Context) {
	i := a.rng.IntN(len(a.loads))
	s := &a.state[i]
	patient, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	err := a.client.DeleteBudget(patient, a.loads[i].Budget.Name)
	if err != nil && !errors.Is(err, client.ErrUnknownBudget) {
		s.changes = 0 // it may be there, or not
		return
	}
	s.deleted, s.changes = true, s.changes+1
	pause(ctx, time.Duration(a.rng.Int64N(int64(3*time.Second))))
	_ = a.put(ctx, i, a.loads[i].Budget) // noted
}

// verify reports which budget is not as it was last acknowledged.
func (a *admin) verify(ctx context.Context) error {
	var errs []error
	for i := range a.state {
		s := &a.state[i]
		var got client.BudgetStatus
		same := func(b budget.Budget) bool { return got.Budget.Equal(b.Canonical().Adopt(got.Budget)) }
		got, err := a.client.GetBudget(ctx, a.loads[i].Budget.Name, "")
		if a.loads[i].Budget.Keyed {
			got, err = a.client.GetBudget(ctx, a.loads[i].Budget.Name, "k0")
		}
		switch {
		case err != nil:
			errs = append(errs, err)
		case same(s.acked) && got.Revision >= s.revision:
		case slices.ContainsFunc(s.unsure, same):
		default:
			errs = append(errs, fmt.Errorf(
				"cluster: budget is %+v of revision %d; acknowledged was %+v of revision %d",
				got.Budget, got.Revision, s.acked, s.revision))
		}
	}
	return errors.Join(errs...)
}
