package client

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/sizing"
	"github.com/leased-io/leased/trace"
)

// Defaults of the options.
const (
	// DefaultCallTimeout bounds one attempt of one call: longer than an election, so that a
	// request that waits one out is not sent twice.
	DefaultCallTimeout = 2 * time.Second
	// DefaultUnavailableAfter is how long the coordinator may be silent before a limiter
	// without credits says so.
	DefaultUnavailableAfter = time.Second
)

// Option sets up a Client.
type Option func(*options)

type options struct {
	callTimeout time.Duration
	driftPPM    int64
	clock       func() lease.Reading // nil: the process's clocks
	monotonic   bool                 // of which the wall clock is not read
	trace       *trace.Writer
	traceTime   func(mono int64) int64
	logger      *slog.Logger
	dialOptions []grpc.DialOption
	unaryCalls  bool
}

// WithCallTimeout bounds one attempt of one call to the coordinator, connecting included.
// Default DefaultCallTimeout; above zero.
func WithCallTimeout(d time.Duration) Option { return func(o *options) { o.callTimeout = d } }

// WithDrift sets max_clock_drift of this machine in parts per million: how far the rate of its
// monotonic clock may stray from real time. The larger of it and the cluster's is used.
// Default lease.DefaultMaxClockDriftPPM; 0..lease.MaxMaxClockDriftPPM.
func WithDrift(ppm int64) Option { return func(o *options) { o.driftPPM = ppm } }

// WithClock replaces the process's clocks. The bound on admissions holds only if Mono runs
// within the drift of real time. It is called with locks held, so it must not block.
func WithClock(clock func() lease.Reading) Option { return func(o *options) { o.clock = clock } }

// MonotonicOnly has the wall clock not be read, which is a third of what a decision costs. It is
// for hosts that never suspend: a monotonic clock stands still meanwhile on most systems, and then
// admissions after a suspend may be on leases that were over long ago (R6).
func MonotonicOnly() Option { return func(o *options) { o.monotonic = true } }

// WithTrace records what the client's limiters do. The writer stays the caller's to close,
// after the client. With WithClock, WithTraceTime is needed too.
func WithTrace(w *trace.Writer) Option { return func(o *options) { o.trace = w } }

// WithTraceTime says what time of the trace's clock a Reading's Mono is. The default compares
// the process's monotonic clock with the trace's once: they are the same clock.
func WithTraceTime(at func(mono int64) int64) Option {
	return func(o *options) { o.traceTime = at }
}

// WithLogger sets the log. Default: none.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// WithDialOptions adds gRPC dial options; transport credentials among them replace the
// default, which is none.
func WithDialOptions(opts ...grpc.DialOption) Option {
	return func(o *options) { o.dialOptions = append(o.dialOptions, opts...) }
}

// WithUnaryCalls has every call go by itself. Default: those that open sessions, acquire and give
// back share one stream to a node that knows of streams, unless they have metadata of their own.
func WithUnaryCalls() Option { return func(o *options) { o.unaryCalls = true } }

func newOptions(opts []Option) (options, error) {
	o := options{
		callTimeout: DefaultCallTimeout,
		driftPPM:    lease.DefaultMaxClockDriftPPM,
		logger:      slog.New(slog.DiscardHandler),
	}
	for _, set := range opts {
		set(&o)
	}
	var problems []error
	if o.callTimeout <= 0 {
		problems = append(problems,
			fmt.Errorf("%w: call timeout %s, allowed is above 0", ErrInvalid, o.callTimeout))
	}
	if o.driftPPM < 0 || o.driftPPM > lease.MaxMaxClockDriftPPM {
		problems = append(problems, fmt.Errorf("%w: %w", ErrInvalid, driftError(o.driftPPM)))
	}
	if o.trace != nil && o.clock != nil && o.traceTime == nil {
		problems = append(problems,
			fmt.Errorf("%w: WithTrace and WithClock need WithTraceTime", ErrInvalid))
	}
	if o.logger == nil {
		problems = append(problems, fmt.Errorf("%w: the logger is nil", ErrInvalid))
	}
	if o.monotonic && o.clock != nil {
		problems = append(problems,
			fmt.Errorf("%w: MonotonicOnly and WithClock exclude each other", ErrInvalid))
	}
	return o, errors.Join(problems...)
}

// LimiterOption sets up a Limiter.
type LimiterOption func(*limiterOptions)

type limiterOptions struct {
	key              string
	labels           map[string]string
	priority         budget.Priority
	failOpen         bool
	unavailableAfter time.Duration
	sizing           *sizing.Config // nil: the holder goes by the demand it has seen
	maxKeys          int            // of Keyed
	forgetAfter      time.Duration  // likewise
	keysSet          bool           // one of these was set
	by               *Decider       // of a key: that of all
}

// WithKey chooses the account of a keyed budget: a tenant, an API key, a model. It is the label
// "key" of WithLabels.
func WithKey(key string) LimiterOption { return func(o *limiterOptions) { o.key = key } }

// FailOpen makes the limiter admit where its verdict would be Unavailable, and never where it
// would be Denied. Such admissions are outside the budget's bound: they are counted in Status
// and marked in the trace.
func FailOpen() LimiterOption { return func(o *limiterOptions) { o.failOpen = true } }

// UnavailableAfter sets how long a request may go unanswered before a limiter without credits
// says Unavailable instead of Pending. Default DefaultUnavailableAfter; not below 0.
func UnavailableAfter(d time.Duration) LimiterOption {
	return func(o *limiterOptions) { o.unavailableAfter = d }
}
