package peers

import (
	"context"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// BenchmarkLocal is one admission in one process: of a fleet's budget, on a lease that is held, and
// of a limit of this process alone.
func BenchmarkLocal(b *testing.B) {
	endpoints := startLeased(b)
	for name, opts := range map[string][]client.Option{
		"leased": nil, "leased-monotonic": {client.MonotonicOnly()},
	} {
		b.Run(name, func(b *testing.B) {
			l := openLocal(b, endpoints, opts)
			b.ReportAllocs()
			for b.Loop() {
				if !l.Allow().Allowed() {
					b.Fatal("not allowed")
				}
			}
		})
	}
	b.Run("x-time-rate", func(b *testing.B) {
		l := rate.NewLimiter(1e9, 1<<40)
		b.ReportAllocs()
		for b.Loop() {
			if !l.Allow() {
				b.Fatal("not allowed")
			}
		}
	})
}

// openLocal returns a limiter that holds more than a benchmark spends.
func openLocal(b *testing.B, endpoints []string, opts []client.Option) *client.Limiter {
	c, err := client.New(endpoints, opts...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	})
	if _, err := c.PutBudget(b.Context(), budget.Budget{Name: "local", Limits: []budget.Limit{{
		Metric: "requests", Kind: budget.KindWindow, Amount: budget.MaxAmount, Per: 24 * time.Hour,
	}}}); err != nil {
		b.Fatal(err)
	}
	l, err := c.Limiter(b.Context(), "local")
	if err != nil {
		b.Fatal(err)
	}
	if err := l.Wait(b.Context(), 1<<38); err != nil { // so that much is asked for
		b.Fatal(err)
	}
	return l
}
