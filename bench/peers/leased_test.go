package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/node"
	"github.com/leased-io/leased/sizing"
)

const (
	// leasedNodes sync their logs, each grant on a majority of them.
	leasedNodes = 3
	// chunk is the size of a lease where it is fixed.
	chunk = 100
	// oneOf so many admissions from a lease is timed.
	oneOf = 64
)

// BenchmarkLeased is three nodes that sync their logs, and a limiter for each caller, all of one
// client and on one budget. In strict mode each admission is a grant of its own; with chunk=100 each
// limiter asks for a hundred credits once it has none; adaptive is the default.
func BenchmarkLeased(b *testing.B) {
	endpoints := startLeased(b)
	for _, mode := range []struct {
		name    string
		rules   budget.Rules
		sampled int
		options []client.LimiterOption
	}{
		{"strict", budget.Rules{Mode: budget.ModeStrict}, 1, nil},
		{"chunk=100", budget.Rules{}, oneOf, []client.LimiterOption{
			client.WithSizing(sizing.Config{Policy: sizing.PolicyFixed, Size: chunk, Stranding: 1})}},
		{"adaptive", budget.Rules{}, oneOf, nil},
	} {
		b.Run(mode.name, func(b *testing.B) {
			policy := budget.Budget{Name: "requests-" + mode.name[:5], Rules: mode.rules,
				Limits: []budget.Limit{{Metric: "requests", Kind: budget.KindWindow,
					Amount: budget.MaxAmount, Per: time.Minute}}}
			t := &fleet{endpoints: endpoints, policy: policy, options: mode.options,
				strict: mode.rules.Mode == budget.ModeStrict}
			run(b, target{sampled: mode.sampled, open: t.open, after: t.after})
		})
	}
}

// fleet is the limiters of one run.
type fleet struct {
	endpoints []string
	policy    budget.Budget
	options   []client.LimiterOption
	strict    bool

	client   *client.Client
	limiters []*client.Limiter
}

func (f *fleet) open(b *testing.B, n int) []caller {
	var err error
	if f.client, err = client.New(f.endpoints); err != nil {
		b.Fatal(err)
	}
	c := f.client
	b.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	})
	if _, err := c.PutBudget(b.Context(), f.policy); err != nil {
		b.Fatal(err)
	}
	f.limiters = make([]*client.Limiter, n)
	all := make([]caller, n)
	for i := range all {
		l, err := c.Limiter(b.Context(), f.policy.Name, f.options...)
		if err != nil {
			b.Fatal(err)
		}
		f.limiters[i] = l
		all[i] = func(ctx context.Context) error {
			if !f.strict && l.Allow().Allowed() {
				return nil
			}
			return l.Wait(ctx, 1)
		}
	}
	return all
}

// after reports what the admissions cost the coordinator, warming up included.
func (f *fleet) after(b *testing.B, _ int64) {
	var admitted uint64
	for _, l := range f.limiters {
		admitted += l.Status().Counters.Admitted
	}
	calls := f.client.Calls()
	b.ReportMetric(float64(calls.Calls)*1000/float64(admitted), "calls/1k")
	b.ReportMetric(float64(admitted)/float64(max(1, calls.Requests)), "credits/request")
}

// startLeased returns where its nodes answer.
func startLeased(b *testing.B) []string {
	var all []*node.Node
	for i := range leasedNodes {
		cfg := node.DefaultConfig()
		cfg.ID, cfg.DataDir = fmt.Sprintf("n%d", i+1), b.TempDir()
		cfg.ListenAPI, cfg.ListenRaft, cfg.ListenGossip = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
		cfg.BootstrapExpect = leasedNodes
		cfg.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
		if i > 0 {
			cfg.Join = []string{all[0].GossipAddr()}
		}
		n, err := node.Start(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(b.Context()), patience)
			defer cancel()
			if err := n.Stop(ctx); err != nil {
				b.Error(err)
			}
		})
		all = append(all, n)
	}
	eventually(b, "leased has a leader", func(context.Context) error {
		for _, n := range all {
			if n.IsLeader() {
				return nil
			}
		}
		return errors.New("nobody leads")
	})
	var endpoints []string
	for _, n := range all {
		endpoints = append(endpoints, n.APIAddr())
	}
	return endpoints
}
