package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// Crowd is a fleet on one budget that wants more than there is, on a cluster that is well: what of
// the budget is left unused then is lost to how leases are handed out.
type Crowd struct {
	Seed     uint64
	Limiters int
	Limit    budget.Limit // of requests, of kind window
	Overload int64        // demand over the limit
	Windows  int          // full ones
	// Sharing and Parts, if there are any, are of a budget that tenants share; Limiters are theirs,
	// and Overload means nothing.
	Sharing *budget.Sharing
	Parts   []Part
}

// Use is what a crowd made of its budget.
type Use struct {
	Windows  int // full ones
	Bound    int64
	Admitted int64
	Lowest   float64 // part of the bound that was admitted, in the worst window
	Calls    uint64  // to the coordinator, in all
	Offers   int64
	Parts    []int64 // admitted in full windows, by tenant
	Report   *twin.Report
}

// Withheld is how many denials withheld what was left for other tenants.
func (u Use) Withheld() int64 {
	for _, c := range u.Report.Coverage.Refusals {
		if c.Name == "Grant.Share" {
			return c.Count
		}
	}
	return 0
}

// Utilisation is the part of the bound that was admitted in full windows.
func (u Use) Utilisation() float64 { return float64(u.Admitted) / float64(u.Bound) }

// CallsPer1000 is how many calls 1,000 admissions took.
func (u Use) CallsPer1000() float64 { return float64(u.Calls) * 1000 / float64(u.Report.Credits) }

// Utilise plays a crowd, within a synctest bubble, and has the checker judge its trace, which it
// leaves under dir.
func Utilise(crowd Crowd, dir string) (use Use, err error) {
	o := Options{
		Seed: crowd.Seed, Nodes: 3, Holders: crowd.Limiters, DriftPPM: 5_000,
		Loads: []Load{{Budget: budget.Budget{Name: "b", Limits: []budget.Limit{crowd.Limit},
			Sharing: crowd.Sharing}}},
		// Two data centres of one region.
		Latency: time.Millisecond,
	}
	begin := time.Now()
	clock := trace.Clock{Name: "virtual", Now: func() int64 {
		return int64(time.Since(begin)) + runBegins
	}}
	length := crowd.Limit.Per * time.Duration(crowd.Windows+2)
	ctx, cancel := context.WithTimeout(context.Background(), length+10*patience)
	defer cancel()
	c, err := startNodes(ctx, o, clock, dir)
	defer func() {
		c.calm.Store(true)
		err = errors.Join(err, c.stop(ctx))
		pause(context.Background(), patience) // what raft has under way ends by its own time-outs
		if err == nil {
			err = use.judge(crowd, dir)
		}
	}()
	if err != nil {
		return use, err
	}
	c.calm.Store(true)
	a, err := newAdmin(c)
	if err != nil {
		return use, err
	}
	defer func() { err = errors.Join(err, a.client.Close(ctx)) }()
	if err := a.ensure(ctx); err != nil {
		return use, err
	}
	return use, use.play(ctx, crowd, c, length)
}

// play has the limiters come, want and go.
func (u *Use) play(ctx context.Context, crowd Crowd, c *nodes, length time.Duration) error {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		errs    error
	)
	offering, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	for i := range crowd.Limiters {
		p, err := newProcess(c, i, 0)
		if err != nil {
			return err
		}
		p.policy = ""
		demand := crowd.Overload * int64(crowd.Limit.Amount) / int64(crowd.Limiters)
		if part := crowd.part(i); part != nil {
			demand = part.Demand / int64(part.Limiters)
			if crowd.Sharing != nil {
				p.labels = map[string]string{crowd.Sharing.By: part.Tenant}
			}
		}
		mean := int64(crowd.Limit.Per) / demand
		running.Go(func() {
			offers, calls, err := p.want(ctx, offering, crowd.Seed, mean)
			mu.Lock()
			defer mu.Unlock()
			u.Offers, u.Calls, errs = u.Offers+offers, u.Calls+calls, errors.Join(errs, err)
		})
	}
	running.Wait()
	return errs
}

// want offers one credit at random instants, mean nanoseconds apart, until offering ends, and
// closes the process.
func (p *process) want(
	ctx, offering context.Context, seed uint64, mean int64,
) (offers int64, calls uint64, err error) {
	p.openLimiter(offering)
	l := p.held()
	if l == nil {
		return 0, 0, errors.Join(errors.New("no limiter"), p.client.Close(ctx), p.writer.Close())
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(p.name))<<32+p.rng.Uint64()>>32))
	for offering.Err() == nil {
		switch l.Allow().Verdict {
		case client.Allowed, client.Denied, client.Pending, client.Unavailable:
		default:
			err = errors.Join(err, errors.New(p.name+": neither admitted nor refused"))
		}
		offers++
		pause(offering, time.Duration(rng.ExpFloat64()*float64(mean)))
	}
	calls = l.Status().Counters.Calls
	return offers, calls, errors.Join(err, p.client.Close(ctx), p.writer.Close())
}

// judge has the checker judge the trace, and counts what was admitted in each window.
func (u *Use) judge(crowd Crowd, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl*"))
	if err != nil {
		return err
	}
	admitted := map[int64]int64{}
	byPart := map[[2]int64]int64{} // by window and tenant
	last := int64(0)
	u.Report, err = twin.Check(files, twin.Options{
		Observe: func(at *twin.Located, _ *trace.Event) {
			if at.Event.Kind == trace.KindAdmit {
				admitted[at.Event.Window] += at.Event.N
				byPart[[2]int64{at.Event.Window, int64(crowd.partOf(at.File))}] += at.Event.N
				last = max(last, at.Event.Window)
			}
		},
	})
	if err != nil {
		return err
	}
	u.Lowest, u.Parts = 1, make([]int64, len(crowd.Parts))
	for w := last - int64(crowd.Windows); w < last; w++ { // the last one is cut off by the end
		part := float64(admitted[w]) / float64(crowd.Limit.Amount)
		u.Lowest = min(u.Lowest, part)
		u.Windows++
		u.Bound += int64(crowd.Limit.Amount)
		u.Admitted += admitted[w]
		for i := range u.Parts {
			u.Parts[i] += byPart[[2]int64{w, int64(i)}]
		}
	}
	return nil
}
