package demo

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/leased-io/leased/spec/twin"
)

// TestMain finds goroutines that outlive their node. Memberlist does not join a probe that is
// under way when it shuts down: that one ends by itself, within gossip's timeout.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/hashicorp/memberlist.(*Memberlist).probeNode"))
}

// short is a run of three seconds with its failover.
func short(t *testing.T) Config {
	cfg := DefaultConfig()
	cfg.Limiters = 8
	cfg.Duration = 3 * time.Second
	cfg.Window = 500 * time.Millisecond
	cfg.TraceDir = t.TempDir()
	return cfg
}

func TestRun(t *testing.T) {
	cfg := short(t)
	var progress strings.Builder
	report, err := Run(t.Context(), cfg, &progress, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(progress.String() + report.Text())
	if report.Check.Verdict != twin.Valid {
		t.Errorf("the verdict is %s: %v %v",
			report.Check.Verdict, report.Check.Violation, report.Check.Reasons)
	}
	if !report.Check.RealTimeChecked {
		t.Error("the admissions were not compared with real time")
	}
	for _, l := range report.Limits {
		if l.Overshoot != 0 || l.Fullest == 0 || l.Fullest > l.Amount {
			t.Errorf("limit %+v", l)
		}
	}
	if len(report.Limits) != 2 || len(report.Windows) < 3 || report.Full == nil {
		t.Errorf("%d limits, %d windows, full %+v",
			len(report.Limits), len(report.Windows), report.Full)
	}
	q := report.Requests
	if q.Admitted == 0 || q.Failed != 0 || q.Offered != q.Admitted+q.Denied+q.Cut {
		t.Errorf("requests %+v", q)
	}
	// What the limiters said they admitted is what their callers were told.
	var admitted int64
	for _, w := range report.Windows {
		for _, use := range w.Uses {
			if use.Metric == metricRequests {
				admitted += use.Admitted
			}
		}
	}
	if admitted != q.Admitted {
		t.Errorf("the trace has %d requests admitted, their callers saw %d", admitted, q.Admitted)
	}
	if f := report.Failover; f == nil || f.GapSec <= 0 || f.GapSec > cfg.Duration.Seconds() {
		t.Errorf("failover %+v", f)
	}
	if got := strings.Count(progress.String(), "\nwindow "); got != len(report.Windows) {
		t.Errorf("the progress has %d windows, the report %d:\n%s",
			got, len(report.Windows), progress.String())
	}
	if !strings.Contains(progress.String(), ", the leader, was stopped without warning\n") {
		t.Errorf("no word of the kill:\n%s", progress.String())
	}
	if !strings.Contains(report.Text(), "VALID: ") ||
		!strings.Contains(report.Text(), "leased trace check "+cfg.TraceDir) {
		t.Errorf("report:\n%s", report.Text())
	}
}

func TestRunMixesNoTraces(t *testing.T) {
	cfg := short(t)
	cfg.Nodes, cfg.Kill, cfg.Duration = 1, false, time.Second
	if _, err := Run(t.Context(), cfg, io.Discard, false); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), cfg, io.Discard, false); !errors.Is(err, ErrConfig) {
		t.Errorf("a second run into the same directory: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"4 nodes is not allowed: want 1, 3 or 5": func(c *Config) { c.Nodes = 4 },
		"1 node with a kill is not allowed: want --no-kill, or more nodes: nobody would be left " +
			"to lead": func(c *Config) { c.Nodes = 1 },
		"2001 limiters is not allowed: want 1..2000": func(c *Config) { c.Limiters = 2001 },
		"a duration of 3s is not allowed: want at least 4s": func(c *Config) {
			c.Duration = 3 * time.Second
		},
		"a speed-up of -1 is not allowed: want more than 0": func(c *Config) { c.Speedup = -1 },
	} {
		cfg := DefaultConfig()
		change(&cfg)
		err := cfg.Validate()
		if err == nil || err.Error() != want || !errors.Is(err, ErrConfig) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}

func TestPolicy(t *testing.T) {
	rate := Rate{RequestsPerSec: 10, TokensPerSec: 20_000, LargestTokens: 8000}
	cfg := DefaultConfig()
	cfg.Speedup = 27
	b, err := cfg.policy(rate)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Validate(); err != nil {
		t.Error(err)
	}
	if r, k := b.Limits[0].Amount, b.Limits[1].Amount; r != 200 || k != 360_000 {
		t.Errorf("got %d requests and %d tokens, want 200 and 360,000", r, k)
	}
	for _, speedup := range []float64{0.59, 1001} {
		cfg.Speedup = speedup
		if _, err := cfg.policy(rate); !errors.Is(err, ErrConfig) {
			t.Errorf("a speed-up of %g: %v", speedup, err)
		}
	}
}

// A run that is interrupted stops in order, and what it recorded is checked.
func TestInterrupt(t *testing.T) {
	cfg := short(t)
	cfg.Nodes, cfg.Kill, cfg.Duration = 1, false, time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	report, err := Run(ctx, cfg, io.Discard, false)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Interrupted || report.Check.Verdict != twin.Valid || report.Requests.Admitted == 0 {
		t.Errorf("got %s", report.Text())
	}
}
