package client

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

func budgetOf(amount budget.Credits) budget.Budget {
	return budget.Budget{Name: "llm", Limits: []budget.Limit{perMinute("requests", amount)}}
}

// wantConflict wants a refusal that tells the revision in force.
func wantConflict(t *testing.T, err error, revision uint64, unknown bool) {
	t.Helper()
	conflict, ok := errors.AsType[*ConflictError](err)
	if !ok || !errors.Is(err, ErrConflict) || conflict.Revision != revision ||
		conflict.Unknown != unknown || errors.Is(err, ErrUnavailable) != unknown {
		t.Errorf("got %v, want a conflict with revision %d, unknown %t", err, revision, unknown)
	}
}

func TestChangesOnCondition(t *testing.T) {
	bubble(t, 3, func(t *testing.T, _ *fakeCluster, c *Client) {
		ctx := within(t, time.Minute)
		_, err := c.PutBudget(ctx, budgetOf(10), IfRevision(3))
		wantConflict(t, err, 0, false)
		if _, err := c.PutBudget(ctx, budgetOf(10), IfAbsent()); err != nil {
			t.Fatal(err)
		}
		_, err = c.PutBudget(ctx, budgetOf(20), IfAbsent())
		wantConflict(t, err, 1, false)
		if got, err := c.PutBudget(ctx, budgetOf(20), IfRevision(1)); err != nil || got.Revision != 2 {
			t.Errorf("got %+v %v", got, err)
		}
		set := LimitSetting{Metric: "requests", Amount: 5}
		_, err = c.SetLimit(ctx, "llm", set, IfRevision(1))
		wantConflict(t, err, 2, false)
		got, err := c.SetLimit(ctx, "llm", set, IfRevision(2))
		if err != nil || got != (PutResult{Revision: 3, Changed: true, Complies: time.Minute}) {
			t.Errorf("got %+v %v", got, err)
		}
		_, err = c.SetLimit(ctx, "none", set)
		wantErr(t, err, ErrUnknownBudget)
		wantConflict(t, c.DeleteBudget(ctx, "llm", IfRevision(2)), 3, false)
		if err := c.DeleteBudget(ctx, "llm", IfRevision(3)); err != nil {
			t.Error(err)
		}
	})
}

// bendPuts has the answers of puts pass through bent, with which of them it is, from 1.
func bendPuts(f *fakeCluster, bent func(nth int64, resp any, err error) (any, error)) {
	var puts atomic.Int64
	bendAll(f, func(_ context.Context, req any, decide func() (any, error)) (any, error) {
		if _, is := req.(*leasedv1.PutBudgetRequest); !is {
			return decide()
		}
		nth := puts.Add(1)
		resp, err := decide()
		return bent(nth, resp, err)
	})
}

// TestAnUnknownOutcomeIsNoConflict: a put whose answer was lost finds its own work; if somebody
// else has changed that, nobody can tell.
func TestAnUnknownOutcomeIsNoConflict(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		somebody := false
		bendPuts(f, func(nth int64, resp any, err error) (any, error) {
			if nth%2 == 0 {
				return resp, err
			}
			if somebody {
				f.put("llm", perMinute("requests", 77))
			}
			return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "lost leadership")
		})
		got, err := c.PutBudget(within(t, time.Minute), budgetOf(20), IfRevision(1))
		if err != nil || got.Revision != 2 || got.Changed {
			t.Errorf("got %+v %v, want its own work", got, err)
		}
		somebody = true
		_, err = c.PutBudget(within(t, time.Minute), budgetOf(30), IfRevision(2))
		wantConflict(t, err, 4, true)
	})
}

// TestPatchesAreNotLost: what somebody else changes between the reading and the writing of a patch
// stays, and a patch that never comes through says so.
func TestPatchesAreNotLost(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		ctx := within(t, time.Hour)
		more := func(b *budget.Budget) error {
			b.Limits[0].Amount++
			return nil
		}
		tried := 0
		got, err := c.PatchBudget(ctx, "llm", func(b *budget.Budget) error {
			if tried++; tried <= 3 {
				f.put("llm", perMinute("requests", budget.Credits(100*tried)))
			}
			return more(b)
		})
		if err != nil || !got.Changed || tried != 4 {
			t.Errorf("got %+v %v after %d tries", got, err, tried)
		}
		if st, err := c.GetBudget(ctx, "llm", ""); err != nil || st.Budget.Limits[0].Amount != 301 {
			t.Errorf("got %+v %v, want 301", st, err)
		}
		tried = 0
		_, err = c.PatchBudget(ctx, "llm", func(b *budget.Budget) error {
			tried++
			f.put("llm", perMinute("requests", budget.Credits(1000*tried)))
			return more(b)
		})
		if wantErr(t, err, ErrConflict); tried != maxPatches {
			t.Errorf("tried %d times, want %d", tried, maxPatches)
		}
		sorry := errors.New("sorry")
		_, err = c.PatchBudget(ctx, "llm", func(*budget.Budget) error { return sorry })
		wantErr(t, err, sorry)
		_, err = c.PatchBudget(ctx, "none", more)
		wantErr(t, err, ErrUnknownBudget)
	})
}

// TestAPatchWithUnknownOutcomeIsMadeOnce: it is not made again of its own result.
func TestAPatchWithUnknownOutcomeIsMadeOnce(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		bendPuts(f, func(nth int64, resp any, err error) (any, error) {
			if nth > 1 {
				return resp, err
			}
			f.put("llm", perMinute("requests", 77)) // somebody else, after it took effect
			return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "lost leadership")
		})
		made := 0
		_, err := c.PatchBudget(within(t, time.Minute), "llm", func(b *budget.Budget) error {
			made++
			b.Limits[0].Amount++
			return nil
		})
		if wantConflict(t, err, 3, true); made != 1 {
			t.Errorf("made %d times, want once", made)
		}
	})
}
