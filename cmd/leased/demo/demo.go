// Package demo shows the whole of leased at work in one process: a cluster, a fleet of
// limiters under more traffic than their budget admits, a leader that is stopped half-way, and
// a check of the recorded trace against the specification.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

// The demo's budget.
const (
	budgetName     = "llm"
	metricRequests = "requests"
	metricTokens   = "tokens"
	// overRequests and overTokens are how many times the budget the traffic is. Tokens are the
	// scarcer, so that their limit is what usually binds.
	overRequests = 2.7
	overTokens   = 3.0
)

// Config says how a demo runs.
type Config struct {
	Nodes    int           // 1, 3 or 5; 1 only without Kill
	Limiters int           // 1..MaxLimiters
	Duration time.Duration // of the traffic; at least 2 windows
	Window   time.Duration // of both limits; also how patient a request is
	Seed     uint64
	// Speedup divides the workload's times. The budget grows with it.
	Speedup float64
	// TraceDir is where the trace is kept; empty: a new temporary directory.
	TraceDir string
	// Kill stops the leader half-way.
	Kill bool
	// Workload is the traffic; nil: drawn from the measured figures with Seed.
	Workload Workload
}

// MaxLimiters bounds the fleet: a limiter holds a session.
const MaxLimiters = 2000

// maxPerSec bounds the requests per second, and with them what waits: one machine does all.
const maxPerSec = 10_000

// ErrConfig is returned when a configuration is not allowed; the message says what is.
var ErrConfig = errors.New("is not allowed")

// DefaultConfig returns a run of twenty seconds that shows every part.
func DefaultConfig() Config {
	return Config{
		Nodes:    3,
		Limiters: 50,
		Duration: 20 * time.Second,
		Window:   2 * time.Second,
		Seed:     1,
		Speedup:  200,
		Kill:     true,
	}
}

// Validate returns every problem of c, joined; each matches ErrConfig.
func (c Config) Validate() error {
	var problems []error
	require := func(ok bool, have, want string) {
		if !ok {
			problems = append(problems, refused(have, want))
		}
	}
	require(c.Nodes == 1 || c.Nodes == 3 || c.Nodes == 5,
		fmt.Sprintf("%d nodes", c.Nodes), "1, 3 or 5")
	require(c.Nodes != 1 || !c.Kill,
		"1 node with a kill", "--no-kill, or more nodes: nobody would be left to lead")
	require(c.Limiters >= 1 && c.Limiters <= MaxLimiters,
		fmt.Sprintf("%d limiters", c.Limiters), fmt.Sprintf("1..%d", MaxLimiters))
	require(c.Window >= budget.MinPer && c.Duration >= 2*c.Window,
		fmt.Sprintf("a duration of %s", c.Duration), fmt.Sprintf("at least %s", 2*c.Window))
	require(c.Speedup > 0, fmt.Sprintf("a speed-up of %g", c.Speedup), "more than 0")
	return errors.Join(problems...)
}

// refused is an error that matches ErrConfig.
func refused(have, want string) error {
	return fmt.Errorf("%s %w: want %s", have, ErrConfig, want)
}

// policy is the budget that the workload exceeds by the constants above.
func (c Config) policy(rate Rate) (budget.Budget, error) {
	least := max(float64(rate.LargestTokens)*overTokens/rate.TokensPerSec,
		overRequests/rate.RequestsPerSec) / c.Window.Seconds()
	most := maxPerSec / rate.RequestsPerSec
	if c.Speedup < least || c.Speedup > most {
		return budget.Budget{}, refused(fmt.Sprintf("a speed-up of %g", c.Speedup),
			fmt.Sprintf("%.1f..%.1f: a window must admit the largest request (%d tokens), "+
				"and this machine the traffic", least+0.1, most, rate.LargestTokens))
	}
	limit := func(metric string, perSec, over float64) budget.Limit {
		amount := perSec * c.Speedup * c.Window.Seconds() / over
		return budget.Limit{Metric: metric, Kind: budget.KindWindow,
			Amount: budget.Credits(amount), Per: c.Window}
	}
	return budget.Budget{Name: budgetName, Limits: []budget.Limit{
		limit(metricRequests, rate.RequestsPerSec, overRequests),
		limit(metricTokens, rate.TokensPerSec, overTokens),
	}}, nil
}

// Run runs the demo, shows its progress on out, and returns what the checker says. It takes
// the configured duration and a few seconds, a few more if a failover is slow. When ctx ends,
// it stops early, in order, and reports what was recorded until then. An error means that there
// is nothing to report.
func Run(ctx context.Context, cfg Config, out io.Writer, terminal bool) (*Report, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	rng := mathrand.New(mathrand.NewPCG(cfg.Seed, 0))
	if cfg.Workload == nil {
		cfg.Workload = Drawn(rng)
	}
	policy, err := cfg.policy(cfg.Workload.Rate())
	if err != nil {
		return nil, err
	}
	dir, err := traceDir(cfg.TraceDir)
	if err != nil {
		return nil, err
	}
	ledger := NewLedger()
	s := &stage{
		cfg:    cfg,
		policy: policy,
		run:    "demo-" + rand.Text(),
		dir:    dir,
		screen: screen{out: out, terminal: terminal},
		ledger: ledger,
		tails:  newTails(dir, ledger),
		extras: map[int64]*extra{},
	}
	fmt.Fprint(out, s.introduction())
	if err := s.play(ctx, rng); err != nil {
		return nil, fmt.Errorf("%w (its trace is in %s)", err, dir)
	}
	return s.report()
}

// traceDir makes sure of an empty directory for the trace: runs must not mix.
func traceDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "leased-demo-trace-")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if files, err := trace.Files(dir); err == nil {
		return "", refused("a trace directory with a trace in it, "+files[0]+",",
			"an empty one: runs must not mix")
	}
	return dir, nil
}

// introduction says what is about to happen.
func (s *stage) introduction() string {
	rate := s.cfg.Workload.Rate()
	requests, tokens := s.policy.Limits[0], s.policy.Limits[1]
	return fmt.Sprintf("leased demo: nodes %d, limiters %d, seed %d\n"+
		"budget %q: %s requests and %s tokens per %s\n"+
		"traffic: about %s requests and %s tokens per %s\n\n",
		s.cfg.Nodes, s.cfg.Limiters, s.cfg.Seed,
		s.policy.Name, grouped(int64(requests.Amount)), grouped(int64(tokens.Amount)), tokens.Per,
		grouped(int64(rate.RequestsPerSec*s.cfg.Speedup*s.cfg.Window.Seconds())),
		grouped(int64(rate.TokensPerSec*s.cfg.Speedup*s.cfg.Window.Seconds())), tokens.Per)
}

// putBudget creates the budget through a client of its own.
func putBudget(ctx context.Context, endpoints []string, b budget.Budget) error {
	c, err := client.New(endpoints)
	if err != nil {
		return err
	}
	_, err = c.PutBudget(ctx, b)
	return errors.Join(err, c.Close(ctx))
}
