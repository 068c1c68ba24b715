package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/sizing"
	"github.com/leased-io/leased/trace"
)

// process is one life of a process of the fleet: a client with one limiter, of one key or of all,
// its clocks and its traffic.
type process struct {
	name, file string
	load       Load
	key        string
	allKeys    bool              // of the budget, each request on one of them
	labels     map[string]string // that budgets are shared by
	failOpen   bool
	policy     sizing.Policy // empty: the holder goes by the demand it has seen
	suspends   bool          // its monotonic clock may stop; otherwise its wall clock may be stepped
	stepsBack  bool          // that, also back; its trace is in its own time then: see dual
	mean       time.Duration
	silence    time.Duration

	clocks *dual
	client *client.Client
	writer *trace.Writer
	rng    *rand.Rand
	still  gate

	cancel  context.CancelFunc
	running sync.WaitGroup
	over    chan struct{} // closed when it ends, or dies
	working sync.WaitGroup

	mu      sync.Mutex
	limiter *client.Limiter
	keys    *client.KeyedLimiter // in its place, of a process with all keys

	// The ledger, which run writes and whoever has joined it reads.
	ledger
}

// policies are how the fleet's processes choose the sizes that they ask for, in turn: what is
// admitted must stay within the budget whoever chooses.
var policies = [...]sizing.Policy{"", sizing.PolicyEOQ, sizing.PolicyHedge, sizing.PolicyAided}

// newProcess makes a process that is number i of the fleet, in its life'th life.
func newProcess(c *nodes, i, life int) (*process, error) {
	o := c.o
	p := &process{
		name:    fmt.Sprintf("p%d", i),
		load:    o.Loads[i%len(o.Loads)],
		silence: o.Silence,
		over:    make(chan struct{}),
		rng:     rand.New(rand.NewPCG(o.Seed, 0xf1ee7+uint64(i)+uint64(life)<<20)),
	}
	if life > 0 {
		p.name = fmt.Sprintf("p%d.%d", i, life)
	}
	p.policy = policies[(i+life)%len(policies)]
	p.mean = p.load.pace(o.Holders / len(o.Loads))
	p.clocks = &dual{clock: c.clock, wander: wander{ppm: drift(p.rng, o.DriftPPM)}}
	if p.load.Keys > 0 {
		p.key = p.drawKey()
		p.allKeys = (i+life)%2 == 0 && p.load.Budget.Limits[0].Kind != budget.KindSlots
	}
	if o.Every > 0 {
		p.suspends = p.rng.IntN(2) == 0
		p.stepsBack = !p.suspends && p.rng.IntN(2) == 0
		p.failOpen = p.rng.IntN(8) == 0
		p.clocks.wall = p.rng.Int64N(int64(24*time.Hour)) - int64(12*time.Hour)
	}
	now := c.life()
	header := trace.Event{
		Run: now.name, Recorder: p.name, Role: trace.RoleFleet, DriftPPM: o.DriftPPM,
	}
	p.file = filepath.Join(now.dir, p.name+".jsonl")
	recorder, instant := c.clock, p.clocks.instant
	if p.stepsBack {
		recorder, instant = p.clocks.own(p.name)
	}
	var err error
	if p.writer, err = trace.Create(p.file, header, recorder); err != nil {
		return nil, err
	}
	p.client, err = c.connect(p.name, client.WithDrift(o.DriftPPM),
		client.WithClock(p.clocks.read), client.WithTrace(p.writer),
		client.WithTraceTime(instant))
	if err != nil {
		return nil, errors.Join(err, p.writer.Close())
	}
	return p, nil
}

// connect makes a client of the cluster; after its loss, by the addresses of who was there last,
// where its successor is to be found.
func (c *nodes) connect(name string, opts ...client.Option) (*client.Client, error) {
	var endpoints []string
	ids := c.members()
	if len(ids) == 0 {
		ids = c.in(ended)
		ids = ids[len(ids)-c.o.Nodes:]
	}
	for _, id := range ids {
		endpoints = append(endpoints, apiAddress(id))
	}
	c.clients++
	opts = append(opts, client.WithDialOptions(append(c.history.DialOptions(c.clients),
		grpc.WithContextDialer(c.wires.dialer(name)))...))
	return client.New(endpoints, opts...)
}

// pace is the mean pause between two requests of one of so many holders.
func (l Load) pace(holders int) time.Duration {
	limit := l.Budget.Limits[0]
	if l.Demand == 0 {
		return limit.Per / 80
	}
	if limit.Kind == budget.KindSlots { // each is held for half a lease's time, about
		wanted := time.Duration(l.Demand * int64(limit.Amount))
		return limit.Per / 2 * time.Duration(holders) * 100 / wanted
	}
	accounts := max(1, l.Keys)
	each := int64(limit.Amount) * int64(accounts) * l.Demand / 100 / int64(max(1, holders))
	return limit.Per / time.Duration(max(1, 2*each/(1+l.Cost)))
}

// start begins its traffic, until it is stopped or ctx ends.
func (p *process) start(ctx context.Context) {
	ctx, p.cancel = context.WithCancel(ctx)
	p.running.Go(func() { p.run(ctx) })
}

func (p *process) stop() {
	p.cancel()
	p.running.Wait()
}

// run offers requests in bursts, with long silences between them.
func (p *process) run(ctx context.Context) {
	for ctx.Err() == nil {
		if p.openLimiter(ctx) == nil {
			continue
		}
		for range 5 + p.rng.IntN(40) {
			if !p.still.pass(ctx.Done()) {
				return
			}
			p.ask(ctx)
			pause(ctx, time.Duration(p.rng.Int64N(2*int64(p.mean)+1)))
		}
		pause(ctx, time.Duration(p.rng.Int64N(2*int64(p.silence)+1)))
	}
}

// held returns the limiter, or nil if there is none now.
func (p *process) held() *client.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limiter
}

// openLimiter returns the limiter, and opens it if there is none. Nil if that fails. Only the
// goroutine that offers the traffic calls it.
func (p *process) openLimiter(ctx context.Context) admitter {
	if p.allKeys {
		return p.openKeys(ctx)
	}
	if l := p.held(); l != nil {
		return l
	}
	opts := p.limiterOptions()
	if p.key != "" {
		opts = append(opts, client.WithKey(p.key))
	}
	if p.labels != nil {
		opts = append(opts, client.WithLabels(p.labels))
	}
	l, err := p.client.Limiter(ctx, p.load.Budget.Name, opts...)
	if err != nil {
		pause(ctx, retryPause)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limiter = l
	return l
}

func (p *process) limiterOptions() (opts []client.LimiterOption) {
	if p.failOpen {
		opts = append(opts, client.FailOpen())
	}
	if p.policy != "" {
		config := sizing.DefaultConfig()
		config.Policy = p.policy
		opts = append(opts, client.WithSizing(config))
	}
	return opts
}

// closeLimiter closes the limiter, so that the next request opens another.
func (p *process) closeLimiter(ctx context.Context) error {
	p.mu.Lock()
	l, keys := p.limiter, p.keys
	p.limiter, p.keys = nil, nil
	p.mu.Unlock()
	switch {
	case l != nil:
		return l.Close(ctx)
	case keys != nil:
		return keys.Close(ctx)
	}
	return nil
}

// ask makes one request, and keeps the ledger.
func (p *process) ask(ctx context.Context) {
	l := p.openLimiter(ctx)
	if l == nil {
		return
	}
	if p.load.Budget.Limits[0].Kind == budget.KindSlots {
		p.work(ctx, p.held())
		return
	}
	cost := client.Cost{"requests": 1 + p.rng.Int64N(p.load.Cost)}
	total := cost["requests"]
	if len(p.load.Budget.Limits) > 1 {
		cost["tokens"] = 1 + p.rng.Int64N(50)
		total += cost["tokens"]
	}
	if p.load.Demand > 0 && !p.failOpen && p.rng.IntN(10) == 0 {
		ctx, cancel := context.WithTimeout(ctx,
			time.Duration(p.rng.Int64N(int64(p.load.Budget.Limits[0].Per))))
		defer cancel()
		if l.WaitCost(ctx, cost) == nil {
			p.allowed, p.credits = p.allowed+1, p.credits+total
		}
		return
	}
	switch l.AllowCost(cost).Verdict {
	case client.Allowed:
		p.allowed, p.credits = p.allowed+1, p.credits+total
	case client.FailedOpen:
		p.open += total
	}
}

// work takes a slot, or a few, and holds them for a while beside whatever else it does.
func (p *process) work(ctx context.Context, l *client.Limiter) {
	per := p.load.Budget.Limits[0].Per
	hold := time.Duration(p.rng.ExpFloat64() * float64(per/4))
	if p.rng.IntN(16) == 0 {
		hold += 3 * per // for that it takes heartbeats
	}
	n := int64(1)
	slot, d := l.TrySlot()
	if slot == nil && !p.failOpen && p.rng.IntN(4) == 0 {
		n = 1 + p.rng.Int64N(2)
		patient, cancel := context.WithTimeout(ctx, time.Duration(p.rng.Int64N(int64(per))))
		defer cancel()
		var err error
		if slot, err = l.AcquireSlotCost(patient, client.Cost{"requests": n}); err != nil {
			return
		}
		d.Verdict = client.Allowed
	}
	switch d.Verdict {
	case client.Allowed:
		p.allowed, p.credits = p.allowed+1, p.credits+n
	case client.FailedOpen:
		p.open += n
	default:
		return
	}
	p.working.Go(func() {
		timer := time.NewTimer(hold)
		defer timer.Stop()
		select {
		case <-p.over:
			return // whoever dies releases nothing
		case <-timer.C:
		}
		if p.still.pass(p.over) {
			slot.Release()
		}
	})
}

// end closes the process in order, giving back what it has.
func (p *process) end(ctx context.Context) error {
	p.stop()
	close(p.over)
	p.working.Wait()
	return errors.Join(p.client.Close(ctx), p.writer.Close())
}

// die ends the process as a crash would: nobody hears of it any more, and its trace ends where
// it was, or a little before.
func (p *process) die(w *wires) error {
	p.cancel()
	close(p.over)
	if err := p.writer.Flush(); err != nil {
		return err
	}
	info, err := os.Stat(p.file)
	if err != nil {
		return err
	}
	w.cut(w.end(p.name), true)
	p.running.Wait()
	p.working.Wait()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.client.Close(gone) // it reaches nobody
	if err := p.writer.Close(); err != nil {
		return err
	}
	p.died = true
	if end := info.Size() - p.rng.Int64N(tornBytes); end > headerBytes {
		return os.Truncate(p.file, end)
	}
	return os.Truncate(p.file, info.Size())
}

const (
	// headerBytes is more than a trace's header takes, and tornBytes what a crash may lose.
	headerBytes = 400
	tornBytes   = 2000
	// retryPause is how long a process waits after it could not open its limiter.
	retryPause = 200 * time.Millisecond
)
