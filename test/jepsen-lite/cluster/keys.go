package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/client"
)

// forgetAfter is how long a key is idle at a process that has all of them before it is forgotten:
// short, so that keys come and go.
const forgetAfter = 3 * time.Second

// keyedOneOf is one of how many short runs have a keyed budget.
const keyedOneOf = 3

// withKeys gives the budget of some short runs keys, which processes have all of. It draws from a
// source of its own: all else is as it would be without it.
func withKeys(o Options) Options {
	r := rand.New(rand.NewPCG(o.Seed, 0x6e75))
	if l := &o.Loads[0]; r.IntN(keyedOneOf) == 0 {
		l.Budget.Keyed, l.Keys = true, 4+r.IntN(8)
	}
	return o
}

// admitter is a limiter of one account.
type admitter interface {
	AllowCost(cost client.Cost) client.Decision
	WaitCost(ctx context.Context, cost client.Cost) error
}

var (
	_ admitter = (*client.Limiter)(nil)
	_ admitter = oneOf{}
)

// oneOf is the limiter of all keys, for one of them.
type oneOf struct {
	keys *client.KeyedLimiter
	key  string
}

// AllowCost decides on the key's account.
func (o oneOf) AllowCost(cost client.Cost) client.Decision {
	return o.keys.AllowCostKey(o.key, cost)
}

// WaitCost waits for the key's account.
func (o oneOf) WaitCost(ctx context.Context, cost client.Cost) error {
	return o.keys.WaitCostKey(ctx, o.key, cost)
}

func (p *process) drawKey() string { return fmt.Sprintf("k%d", p.rng.IntN(p.load.Keys)) }

// openKeys returns the limiter of all keys for one that is drawn, and opens it if there is none. It
// has place for one key less than there are. Nil if that fails.
func (p *process) openKeys(ctx context.Context) admitter {
	p.mu.Lock()
	k := p.keys
	p.mu.Unlock()
	if k == nil {
		opts := append(p.limiterOptions(),
			client.MaxKeys(max(1, p.load.Keys-1)), client.ForgetAfter(forgetAfter))
		var err error
		if k, err = p.client.Keyed(ctx, p.load.Budget.Name, opts...); err != nil {
			pause(ctx, retryPause)
			return nil
		}
		p.mu.Lock()
		p.keys = k
		p.mu.Unlock()
	}
	return oneOf{k, p.drawKey()}
}
