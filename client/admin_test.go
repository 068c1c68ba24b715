package client

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/budget"
)

func TestBudgetsArePutReadAndDeleted(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		ctx := within(t, time.Minute)
		llm := budget.Budget{Name: "llm", Limits: []budget.Limit{
			perMinute("requests", 10), perMinute("tokens", 1000),
		}}
		for _, want := range []PutResult{
			{Revision: 1, Created: true, Changed: true}, {Revision: 1},
		} {
			got, err := c.PutBudget(ctx, llm)
			if err != nil || got != want {
				t.Fatalf("put: got %+v, %v; want %+v", got, err, want)
			}
		}
		l := open(t, c, "llm")
		want(t, l.AllowCost(Cost{"requests": 1, "tokens": 1}), Allowed)
		got, err := c.GetBudget(ctx, "llm", "")
		if err != nil {
			t.Fatal(err)
		}
		if got.Budget.Name != "llm" || !slices.Equal(got.Budget.Limits, llm.Limits) {
			t.Errorf("got %+v, want %+v", got.Budget, llm)
		}
		if u := got.Limits[1]; u.Limit != llm.Limits[1] || u.Used < 1 || u.EndsIn > time.Minute {
			t.Errorf("got usage %+v", u)
		}
		all, err := c.Budgets(ctx)
		if err != nil || len(all) != 1 || all[0].Revision != 1 {
			t.Errorf("list: got %+v, %v", all, err)
		}
		if err := c.DeleteBudget(ctx, "llm"); err != nil {
			t.Fatal(err)
		}
		wantErr(t, c.DeleteBudget(ctx, "llm"), ErrUnknownBudget)
		_, err = c.GetBudget(ctx, "llm", "")
		wantErr(t, err, ErrUnknownBudget)
		_, err = c.PutBudget(ctx, budget.Budget{Name: "none"})
		wantErr(t, err, ErrInvalid)
	})
}

func TestDeleteWithUnknownOutcomeIsDone(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		var lost atomic.Bool
		bendAll(f, func(_ context.Context, _ any, decide func() (any, error)) (any, error) {
			resp, err := decide()
			if !lost.Swap(true) {
				return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "lost leadership")
			}
			return resp, err
		})
		if err := c.DeleteBudget(within(t, time.Minute), "llm"); err != nil {
			t.Errorf("got %v, want none: the first attempt did it", err)
		}
	})
}

func TestAdminEndsWithItsContext(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.lead("")
		start := time.Now()
		_, err := c.PutBudget(within(t, 7*time.Second), budget.Budget{Name: "llm"})
		wantErr(t, err, ErrUnavailable, context.DeadlineExceeded)
		if took := time.Since(start); took > 7*time.Second {
			t.Errorf("took %s, want 7s", took)
		}
	})
}

func TestNodeStatus(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		pass(time.Second)
		got, err := c.Status(within(t, time.Second), "b:1")
		if err != nil {
			t.Fatal(err)
		}
		if got.Node != "b:1" || got.Leader != "a:1" || got.Term != 7 || got.AppliedIndex != 42 ||
			got.ClusterTime != time.Second || len(got.Members) != 1 || !got.Members[0].Voter {
			t.Errorf("got %+v", got)
		}
		_, err = c.Status(within(t, time.Second), "elsewhere:1")
		wantErr(t, err, ErrUnavailable)
		_, err = c.Status(within(t, time.Second), "nonsense")
		wantErr(t, err, ErrInvalid)
	})
}

func TestNewRefusesNonsense(t *testing.T) {
	for name, test := range map[string]struct {
		endpoints []string
		opts      []Option
	}{
		"no endpoints":     {nil, nil},
		"no port":          {[]string{"10.0.0.1"}, nil},
		"no host":          {[]string{":7070"}, nil},
		"unknown resolver": {[]string{"a:1", "\x00://x"}, nil},
		"call timeout":     {[]string{"a:1"}, []Option{WithCallTimeout(0)}},
		"drift":            {[]string{"a:1"}, []Option{WithDrift(200_001)}},
		"logger":           {[]string{"a:1"}, []Option{WithLogger(nil)}},
	} {
		c, err := New(test.endpoints, test.opts...)
		if err == nil {
			t.Errorf("%s: accepted", name)
			if err := c.Close(context.Background()); err != nil {
				t.Error(err)
			}
			continue
		}
		wantErr(t, err, ErrInvalid)
	}
}
