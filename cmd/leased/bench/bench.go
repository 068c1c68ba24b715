// Package bench loads a cluster and measures what the callers of a fleet see of it. The load is
// open-loop: requests come at fixed instants, however long the ones before them take, and each is
// timed from the instant at which it was to begin. So a stall is paid for by every request that it
// delayed, and not by the few that were under way (no coordinated omission).
//
// By default the cluster is three nodes of its own, each a process that syncs its log, whose leader
// is killed half-way, and at the end the checker judges what was recorded.
package bench

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

// Config says how to load what.
type Config struct {
	// Endpoints are of a cluster that runs already; empty: three nodes are started.
	Endpoints []string
	// Node is the command line that runs a node, without the flags of "leased serve".
	Node []string
	// Limiters share the budget, 1..MaxLimiters, and Clients of them the connections, 1..Limiters:
	// each client stands for a process of the fleet.
	Limiters, Clients int
	Rate              int           // requests a second, 1..MaxRate
	Load              float64       // the part of the budget that is asked for, up to MaxLoad
	Duration          time.Duration // of the load: MinDuration..MaxDuration
	Window            time.Duration // of the budget
	Kill              bool          // kills the leader half-way; not with Endpoints
	// TraceDir is where the trace is kept; empty: a new temporary directory. A cluster that
	// runs already is not traced.
	TraceDir string
}

// Bounds of a Config.
const (
	// MaxLimiters bounds the fleet: a limiter has a session and two goroutines.
	MaxLimiters = 10_000
	// MaxRate is more than one pacer can keep to.
	MaxRate = 1_000_000
	// MaxLoad bounds the overload: what is not admitted waits, in this process.
	MaxLoad = 10.0
	// MinDuration leaves some milliseconds to each column of the plot.
	MinDuration = time.Second
	// MaxDuration bounds the trace on the disk.
	MaxDuration = time.Hour
)

// ErrConfig is returned when a configuration is not allowed; the message says what is.
var ErrConfig = errors.New("is not allowed")

// DefaultConfig returns a minute at four fifths of the budget, but for Node.
func DefaultConfig() Config {
	return Config{
		Limiters: 100,
		Clients:  4,
		Rate:     20_000,
		Load:     0.8,
		Duration: time.Minute,
		Window:   10 * time.Second,
		Kill:     true,
	}
}

// Validate returns every problem of c, joined; each matches ErrConfig.
func (c Config) Validate() error {
	var problems []error
	require := func(ok bool, name string, have any, want string) {
		if !ok {
			problems = append(problems, fmt.Errorf("%s %v %w: want %s", name, have, ErrConfig, want))
		}
	}
	require(c.Limiters >= 1 && c.Limiters <= MaxLimiters, "limiters", c.Limiters,
		fmt.Sprintf("1..%d", MaxLimiters))
	require(c.Clients >= 1 && c.Clients <= max(1, c.Limiters), "clients", c.Clients,
		"1 at least, and no more than limiters")
	require(c.Rate >= 1 && c.Rate <= MaxRate, "rate", c.Rate, fmt.Sprintf("1..%d a second", MaxRate))
	require(c.Load > 0 && c.Load <= MaxLoad, "load", c.Load,
		fmt.Sprintf("above 0, at most %g: the part of the budget that is asked for", MaxLoad))
	require(c.Duration >= MinDuration && c.Duration <= MaxDuration, "duration", c.Duration,
		fmt.Sprintf("%s..%s", MinDuration, MaxDuration))
	require(c.Window >= budget.MinPer && c.Window <= budget.MaxPer, "window", c.Window,
		fmt.Sprintf("%s..%s", budget.MinPer, budget.MaxPer))
	require(!c.Kill || len(c.Endpoints) == 0, "kill", true, "--no-kill with --endpoints: "+
		"nodes that run already are left alone")
	require(c.TraceDir == "" || len(c.Endpoints) == 0, "trace directory", c.TraceDir,
		"none with --endpoints: the nodes' part of the trace would be missing")
	if problems == nil {
		amount := c.amount()
		require(amount >= 1 && amount <= budget.MaxAmount, "budget", amount,
			fmt.Sprintf("1..%d credits a window: change rate, load or window", budget.MaxAmount))
	}
	return errors.Join(problems...)
}

// amount is what the budget admits in a window.
func (c Config) amount() budget.Credits {
	amount := math.Round(float64(c.Rate) * c.Window.Seconds() / c.Load)
	return budget.Credits(min(amount, float64(budget.MaxAmount)+1))
}

// policy is the budget that is loaded. Its name is a new one: a cluster that runs already may have
// budgets of any.
func (c Config) policy() budget.Budget {
	return budget.Budget{
		Name: "leased-bench-" + strings.ToLower(rand.Text()[:8]),
		Limits: []budget.Limit{{Metric: "requests", Kind: budget.KindWindow,
			Amount: c.amount(), Per: c.Window}},
	}
}

// Run loads the cluster, shows its progress on out, and returns what was measured. When ctx ends
// it stops early, in order, and reports what there is. An error means that there is no report.
func Run(ctx context.Context, cfg Config, out io.Writer, terminal bool) (*Report, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &stage{cfg: cfg, policy: cfg.policy(), run: "bench-" + rand.Text(),
		screen: screen{out: out, terminal: terminal}}
	var err error
	if len(cfg.Endpoints) == 0 {
		s.dir, err = traceDir(cfg.TraceDir)
	} else {
		err = checkEndpoints(ctx, cfg.Endpoints)
	}
	if err != nil {
		return nil, err
	}
	fmt.Fprint(out, s.introduction())
	if err := s.play(ctx); err != nil {
		if s.dir != "" {
			err = fmt.Errorf("%w (its trace is in %s)", err, s.dir)
		}
		return nil, err
	}
	return s.report()
}

// checkEndpoints returns what is wrong with addresses as such. Nobody is called.
func checkEndpoints(ctx context.Context, endpoints []string) error {
	c, err := client.New(endpoints)
	if err != nil {
		return fmt.Errorf("--endpoints: %w", err)
	}
	return c.Close(ctx)
}

// traceDir makes sure of an empty directory for the trace: runs must not mix.
func traceDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "leased-bench-trace-")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if files, err := trace.Files(dir); err == nil {
		return "", fmt.Errorf("trace directory %s %w: want an empty one: there is %s in it, "+
			"and runs must not mix", dir, ErrConfig, files[0])
	}
	return dir, nil
}

// introduction says what is about to happen.
func (s *stage) introduction() string {
	where := "three nodes, each a process on this machine that syncs its log"
	if len(s.cfg.Endpoints) > 0 {
		where = "the cluster at " + strings.Join(s.cfg.Endpoints, ", ")
	}
	kill := cmp.Or(map[bool]string{true: "; its leader is killed half-way"}[s.cfg.Kill], "")
	return fmt.Sprintf("leased bench: %s%s\n"+
		"load: %s requests a second at fixed instants for %s, %d limiters of %d clients\n"+
		"budget: %s requests per %s, of which %.0f %% are asked for\n\n",
		where, kill, grouped(int64(s.cfg.Rate)), s.cfg.Duration, s.cfg.Limiters, s.cfg.Clients,
		grouped(int64(s.cfg.amount())), s.cfg.Window, 100*s.cfg.Load)
}
