package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// fleet is the processes: so many seats, each with one at a time.
type fleet struct {
	c *nodes

	mu    sync.Mutex
	seats []*process
	lives []int
	over  []*process
}

// newFleet makes a process for each seat.
func newFleet(c *nodes) (*fleet, error) {
	f := &fleet{c: c, lives: make([]int, c.o.Holders)}
	for i := range c.o.Holders {
		p, err := newProcess(c, i, 0)
		if err != nil {
			return f, err
		}
		f.seats = append(f.seats, p)
	}
	return f, nil
}

// live returns those that sit.
func (f *fleet) live() []*process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*process(nil), f.seats...)
}

// replace ends the process at a seat, as a crash would or in order, and starts another.
func (f *fleet) replace(ctx context.Context, i int, crash bool) error {
	f.mu.Lock()
	p := f.seats[i]
	f.mu.Unlock()
	var err error
	if crash {
		err = p.die(f.c.wires)
	} else {
		_ = p.end(ctx) // it may reach nobody
	}
	f.mu.Lock()
	f.over = append(f.over, p)
	f.lives[i]++
	life := f.lives[i]
	f.mu.Unlock()
	next, again := newProcess(f.c, i, life)
	if err = errors.Join(err, again); err != nil {
		return err
	}
	f.mu.Lock()
	f.seats[i] = next
	f.mu.Unlock()
	next.start(ctx)
	return nil
}

// stop ends the traffic and has every clock and process go on.
func (f *fleet) stop() {
	for _, p := range f.live() {
		p.stop()
		p.still.open()
	}
}

// gone has the names of those that died.
func (f *fleet) gone() map[string]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	gone := map[string]bool{}
	for _, p := range f.over {
		gone[p.name] = true
	}
	return gone
}

// serve has every process ask until it is served once. It returns how long the last one took,
// and an error that names those that were not served within bound.
func (f *fleet) serve(ctx context.Context, bound time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	live := f.live()
	took, errs := make([]time.Duration, len(live)), make([]error, len(live))
	begin := time.Now()
	var serving sync.WaitGroup
	for i, p := range live {
		serving.Go(func() {
			for before := p.allowed; p.allowed == before; pause(ctx, look) {
				if ctx.Err() != nil {
					errs[i] = fmt.Errorf("cluster: %s was not served within %s: %w",
						p.name, bound, p.lastWord())
					return
				}
				p.ask(ctx)
			}
			took[i] = time.Since(begin)
		})
	}
	serving.Wait()
	longest := time.Duration(0)
	for _, d := range took {
		longest = max(longest, d)
	}
	return longest, errors.Join(errs...)
}

// lastWord says what a limiter knows of why it does not serve.
func (p *process) lastWord() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys != nil {
		s := p.keys.Status()
		return fmt.Errorf("all keys: %+v: %w", s, errors.Join(s.LastError, errNotServed))
	}
	if p.limiter == nil {
		return errors.New("no limiter could be opened")
	}
	s := p.limiter.Status()
	return fmt.Errorf("session %d at %s, held %+v, unavailable %t, last error: %w",
		s.Session, s.Endpoint, s.Limits, s.Unavailable, errors.Join(s.LastError, errNotServed))
}

var errNotServed = errors.New("nothing was admitted")

// end closes everybody in order.
func (f *fleet) end(ctx context.Context) error {
	live := f.live()
	errs := make([]error, len(live))
	var ending sync.WaitGroup
	for i, p := range live {
		ending.Go(func() { errs[i] = p.end(ctx) })
	}
	ending.Wait()
	return errors.Join(errs...)
}

// ledgers returns what each process was told, by its name in the trace.
func (f *fleet) ledgers() map[string]ledger {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]ledger{}
	for _, p := range append(append([]*process(nil), f.over...), f.seats...) {
		out[p.name] = p.ledger
	}
	return out
}
