package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
)

// The nodes of the test binary log as "leased serve" does with --log-level warn.
func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

// fleetRun is how long one row of the fleet's table is measured: some windows.
const fleetRun = 2 * time.Second

// BenchmarkFleet is what a fleet costs its coordinator, three nodes that are processes and sync
// their logs, at a demand that is the same for 1 to 1,000 limiters and at one that is ten times as
// high. The limiters belong to one client, as in one process, or to as many as there may be
// processes, with a connection and a loop of their own, or are spread over processes.
func BenchmarkFleet(b *testing.B) {
	cluster, err := startNodes(b.Context(), testNode(b), "", "")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := cluster.stop(); err != nil {
			b.Error(err)
		}
	})
	for _, row := range []struct{ limiters, clients, rate int }{
		{1, 1, 20_000}, {10, 1, 20_000}, {100, 1, 20_000}, {1000, 1, 20_000},
		{10, 10, 20_000}, {100, 100, 20_000}, {1000, 1000, 20_000},
		{100, 1, 200_000}, {100, 100, 200_000},
	} {
		name := fmt.Sprintf("limiters=%d/clients=%d/rate=%dk", row.limiters, row.clients,
			row.rate/1000)
		b.Run(name, func(b *testing.B) {
			cfg := DefaultConfig()
			cfg.Limiters, cfg.Clients, cfg.Rate = row.limiters, row.clients, row.rate
			cfg.Duration, cfg.Window = fleetRun, time.Second
			benchFleet(b, cluster, cfg)
		})
	}
	for _, row := range []struct{ limiters, processes int }{{100, 10}, {1000, 10}} {
		name := fmt.Sprintf("limiters=%d/processes=%d/rate=20k", row.limiters, row.processes)
		b.Run(name, func(b *testing.B) {
			cfg := DefaultConfig()
			cfg.Limiters, cfg.Rate = row.limiters, 20_000
			cfg.Duration, cfg.Window = fleetRun, time.Second
			benchProcesses(b, cluster, cfg, row.processes)
		})
	}
}

func benchFleet(b *testing.B, cluster *nodes, cfg Config) {
	policy := cfg.policy()
	admin, err := client.New(cluster.endpoints())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := admin.PutBudget(b.Context(), policy); err != nil {
		b.Fatal(err)
	}
	f, err := openFleet(b.Context(), cfg, cluster.endpoints(), policy.Name, "", "")
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		ctx := context.WithoutCancel(b.Context())
		if err := f.close(ctx); err != nil {
			b.Error(err)
		}
		if err := admin.Close(ctx); err != nil {
			b.Error(err)
		}
	}()
	var sum part
	var cpu time.Duration
	for b.Loop() {
		before, busy := f.calls(), nodesCPU(b, cluster)
		l := newLoad(cfg, columns)
		l.drive(b.Context(), f.limiters, cfg.Duration)
		after := f.calls()
		cpu += nodesCPU(b, cluster) - busy
		_, latency := l.timeline.summary(cfg.Duration)
		sum.add(part{Admitted: l.admitted.Load(), Calls: after.Calls - before.Calls,
			Requests: after.Requests - before.Requests, P50: latency.P50, P999: latency.P999})
		if n := l.failed.Load(); n > 0 {
			b.Fatalf("%d requests failed: %v", n, *l.failure.Load())
		}
	}
	reportFleet(b, cfg, sum, cpu)
}

func nodesCPU(b *testing.B, cluster *nodes) time.Duration {
	used, known := cluster.cpu()
	if !known {
		b.Skip("ABSENT: this system does not tell what a process uses of the processors")
	}
	return used
}

// BenchmarkEdges is limiters on one budget, at four fifths of it and requests at fixed instants:
// how soon after a roll they hold credits again, and the tail of Wait beside a grant's median. Its
// trace is judged.
func BenchmarkEdges(b *testing.B) {
	for _, limiters := range []int{100, 1000} {
		b.Run(fmt.Sprintf("limiters=%d", limiters), func(b *testing.B) {
			for b.Loop() {
				cfg := edgesConfig(b)
				cfg.Limiters = limiters
				r := measured(b, cfg)
				worst, ok := r.Edges.worst()
				if !ok {
					b.Fatal("no window rolled")
				}
				b.ReportMetric(float64(worst.P99)/1e6, "roll-p99-ms")
				b.ReportMetric(float64(r.Edges.Grant), "grant-p50-ns")
				b.ReportMetric(float64(r.Latency.P50), "p50-ns")
				b.ReportMetric(float64(r.Latency.P999), "p99.9-ns")
				b.ReportMetric(r.Calls.PerThousand, "calls/1k")
			}
		})
	}
}

// BenchmarkFailover is the same with the leader killed half-way.
func BenchmarkFailover(b *testing.B) {
	for b.Loop() {
		cfg := edgesConfig(b)
		cfg.Kill, cfg.Window = true, DefaultConfig().Window
		r := measured(b, cfg)
		if r.Failover.GapSec == 0 || r.Edges.Storm == nil {
			b.Fatalf("nobody was killed, or nobody granted after that: %+v", r.Failover)
		}
		b.ReportMetric(r.Failover.GapSec*1000, "gap-ms")
		b.ReportMetric(r.Edges.Storm.Mean, "requests/limiter")
		b.ReportMetric(float64(r.Edges.Storm.Most), "most-of-one")
		b.ReportMetric(float64(r.Latency.P999), "p99.9-ns")
	}
}

func edgesConfig(b *testing.B) Config {
	cfg := DefaultConfig()
	cfg.Node = testNode(b)
	cfg.Limiters, cfg.Clients = 1000, 4
	cfg.Duration, cfg.Window = 8*time.Second, 5*time.Second
	cfg.Kill = false
	cfg.TraceDir = b.TempDir()
	return cfg
}

// measured runs a bench whose trace has to be valid.
func measured(b *testing.B, cfg Config) *Report {
	b.Helper()
	r, err := Run(b.Context(), cfg, io.Discard, false)
	if err != nil {
		b.Fatal(err)
	}
	if r.Check.Verdict != "valid" || *r.Overshoot != 0 || r.Requests.Failed > 0 {
		b.Fatal(r.Text())
	}
	b.ReportMetric(r.PerSec, "admissions/s")
	b.ReportMetric(0, "ns/op") // the length of a run says nothing
	return r
}
