package bench

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
)

// short is a run of a second and its failover, at a rate that any machine keeps to.
func short(t *testing.T) Config {
	cfg := DefaultConfig()
	cfg.Node = testNode(t)
	cfg.Limiters, cfg.Clients = 8, 2
	cfg.Rate = 500
	cfg.Duration = MinDuration
	cfg.Window = 500 * time.Millisecond
	cfg.TraceDir = t.TempDir()
	return cfg
}

func TestRun(t *testing.T) {
	t.Parallel()
	var progress strings.Builder
	report, err := Run(t.Context(), short(t), &progress, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(progress.String() + report.Text())
	if report.Check.Verdict != twin.Valid || *report.Overshoot != 0 {
		t.Errorf("the verdict is %s, overshoot %d: %v %v", report.Check.Verdict,
			*report.Overshoot, report.Check.Violation, report.Check.Reasons)
	}
	q := report.Requests
	if q.Offered != 500 || q.Failed != 0 || q.Admitted+q.Unfed != q.Offered {
		t.Errorf("requests %+v, want 500 offered, and each of them ended", q)
	}
	if f := report.Failover; f == nil || f.Killed == "" || f.AtSec < 0.5 {
		t.Errorf("failover %+v, want a leader that was killed", f)
	}
	if report.Calls.Messages == 0 || report.Calls.Requests < report.Calls.Messages {
		t.Errorf("calls %+v", report.Calls)
	}
	if len(report.Slices) != columns {
		t.Errorf("%d slices, want %d", len(report.Slices), columns)
	}
	if got := report.Latency; got.P50 > got.P99 || got.P99 > got.P999 || got.P999 > got.Max {
		t.Errorf("latencies %+v", got)
	}
}

// TestExisting loads a cluster that somebody else started.
func TestExisting(t *testing.T) {
	t.Parallel()
	own, err := startNodes(t.Context(), testNode(t), "", "")
	if err != nil {
		t.Fatal(err)
	}
	cfg := short(t)
	cfg.Endpoints, cfg.Kill, cfg.TraceDir = own.endpoints(), false, ""
	report, err := Run(t.Context(), cfg, &strings.Builder{}, true)
	if err := errors.Join(err, own.stop()); err != nil {
		t.Fatal(err)
	}
	if report.Check != nil || report.Failover != nil || report.TraceDir != "" {
		t.Errorf("it was traced or broken: %+v", report)
	}
	if report.Requests.Admitted == 0 || report.Requests.Failed != 0 {
		t.Errorf("requests %+v", report.Requests)
	}
	if !strings.Contains(report.Text(), "NOT CHECKED") {
		t.Errorf("it claims to be checked:\n%s", report.Text())
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if report, err := Run(ctx, short(t), &strings.Builder{}, false); err == nil {
		t.Errorf("got %+v, want the error of a start that was interrupted", report)
	}
}

func TestNodeThatEnds(t *testing.T) {
	cfg := short(t)
	cfg.Node = append(cfg.Node, "--nonsense")
	_, err := Run(t.Context(), cfg, &strings.Builder{}, false)
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v, want what the node said", err)
	}
}

// TestPortTaken: nodes whose port another process took are started anew at another one, but not for
// ever.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tries := 0
	free := func(ctx context.Context) (string, error) {
		if tries++; tries == 1 {
			return taken.Addr().String(), nil
		}
		return freeAddress(ctx)
	}
	c, err := startNodesAt(t.Context(), free, testNode(t), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	if tries != 2 {
		t.Errorf("started %d times, want 2", tries)
	}
	tries = 0
	free = func(context.Context) (string, error) { tries++; return taken.Addr().String(), nil }
	_, err = startNodesAt(t.Context(), free, testNode(t), "", "")
	if !errors.Is(err, errInUse) || tries != startTries {
		t.Errorf("got %v after %d tries, want errInUse after %d", err, tries, startTries)
	}
}

func TestValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"limiters": {func(c *Config) { c.Limiters, c.Clients = 0, 1 },
			`limiters 0 is not allowed: want 1..10000`},
		"clients": {func(c *Config) { c.Clients = 101 },
			`clients 101 is not allowed: want 1 at least, and no more than limiters`},
		"rate":     {func(c *Config) { c.Rate = -1 }, `rate -1 is not allowed: want 1..1000000 a s.*`},
		"load":     {func(c *Config) { c.Load = 11 }, `load 11 is not allowed: want above 0, at .*`},
		"duration": {func(c *Config) { c.Duration = 1 }, `duration 1ns is not allowed: want 1s..1h.*`},
		"window":   {func(c *Config) { c.Window = 1 }, `window 1ns is not allowed: want .*`},
		"kill": {func(c *Config) { c.Endpoints = []string{"a:1"} },
			`kill true is not allowed: want --no-kill with --endpoints: .*`},
		"trace": {func(c *Config) { c.Endpoints, c.TraceDir, c.Kill = []string{"a:1"}, "x", false },
			`trace directory x is not allowed: want none with --endpoints: .*`},
		"budget": {func(c *Config) { c.Rate, c.Window = 1, 10*time.Millisecond },
			`budget 0 is not allowed: want 1..\d+ credits a window: .*`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			tc.change(&cfg)
			err := cfg.Validate()
			if !errors.Is(err, ErrConfig) ||
				!regexp.MustCompile(`^`+tc.want+`$`).MatchString(err.Error()) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}
