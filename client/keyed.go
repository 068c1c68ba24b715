package client

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leased-io/leased/budget"
)

// KeyedLimiter admits against the accounts of a keyed budget, one for each key: as many limiters as
// there are keys in use, for a fraction of what as many Limiters cost. One loop refreshes what all
// of them hold, and what they ask travels together. Safe for concurrent use. It is opened by
// Client.Keyed and ends with Close.
//
// A key is opened by its first use, which does not wait: it is Pending until its first credits are
// there. One that was not used for a while gives back what it has, and is forgotten. Its account is
// the coordinator's, so nothing is forgiven to a key that comes back.
type KeyedLimiter struct {
	client *Client
	budget string
	by     *Decider
	o      limiterOptions
	log    *slog.Logger

	seed   maphash.Seed
	near   nearKeys
	shards [keyShards]keyShard
	live   atomic.Int64 // keys in the shards, at most o.maxKeys
	closed atomic.Bool
	layout atomic.Pointer[layout] // as a key was last told
	opened atomic.Uint64          // keys, ever
	drive  drive

	stop  chan struct{} // ends the loop
	tasks sync.WaitGroup
	ended chan struct{} // closed when Close is done; closeErr is set before

	closeErr error

	mu    sync.Mutex
	known opened // the budget as a session was last told of it; its session is 0
	kept  keptCounts
}

// Keyed opens a limiter for all keys of a keyed budget. It blocks until the coordinator has told
// what the budget's limits are, trying again until ctx ends; keys are opened as they come. A
// process should open one for a budget, and share it.
//
// Errors match ErrUnknownBudget, ErrInvalid (the budget has no keys, or has limits of slots; an
// option does not fit), ErrClosed, or ErrUnavailable with ctx's error.
func (c *Client) Keyed(
	ctx context.Context, name string, opts ...LimiterOption,
) (*KeyedLimiter, error) {
	o, err := keyedOptions(opts)
	if err != nil {
		return nil, err
	}
	b, err := c.GetBudget(ctx, name, "")
	if err != nil {
		return nil, fmt.Errorf("open limiter: %w", err)
	}
	switch {
	case !b.Budget.Keyed:
		return nil, fmt.Errorf("%w: budget %q has no keys: use Limiter", ErrInvalid, name)
	case b.Budget.Template != "":
		return nil, fmt.Errorf("%w: budget %q makes its keys of %s: use Limiter and WithLabels",
			ErrInvalid, name, b.Budget.Template)
	}
	known, err := c.lineOf(ctx, b)
	if err != nil {
		return nil, fmt.Errorf("open limiter: %w", err)
	}
	for _, limit := range known.limits {
		if limit.Kind == budget.KindSlots {
			return nil, fmt.Errorf("%w: budget %q has slots, which are held by one key's Limiter",
				ErrInvalid, name)
		}
	}
	k := &KeyedLimiter{
		client: c,
		budget: name,
		by:     &Decider{Budget: name},
		o:      o,
		log:    c.log.With(keyBudget, name),
		seed:   maphash.MakeSeed(),
		drive:  drive{born: time.Now(), wake: make(chan struct{}, 1)},
		stop:   make(chan struct{}),
		ended:  make(chan struct{}),
		known:  known,
	}
	for i := range k.shards {
		k.shards[i].byKey = make(map[string]*keyed)
	}
	if !c.start(k) {
		return nil, named("open limiter on", name, ErrClosed)
	}
	return k, nil
}

// lineOf returns what a session on b is told: its limits, and those of each budget above it.
func (c *Client) lineOf(ctx context.Context, b BudgetStatus) (opened, error) {
	o := opened{revision: b.Revision, rules: b.Budget.Rules}
	for range budget.MaxLevels {
		o.revision = max(o.revision, b.Revision)
		o.limits = append(o.limits, b.Budget.Limits...)
		o.levels = append(o.levels, budget.Level{Budget: b.Budget.Name,
			Limits: len(b.Budget.Limits), Weights: b.Budget.Weights})
		if b.Budget.Parent == "" {
			return o, nil
		}
		var err error
		if b, err = c.GetBudget(ctx, b.Budget.Parent, ""); err != nil {
			return o, err
		}
	}
	return o, fmt.Errorf("%w: budget %q has more than %d levels", ErrInvalid, o.levels[0].Budget,
		budget.MaxLevels)
}

// start begins the loop, which Close ends and joins.
func (k *KeyedLimiter) start() { k.tasks.Go(k.run) }

// AllowKey decides at once on n credits of key, as Limiter.AllowN does. With TooManyKeys nothing
// was spent, nor asked for.
func (k *KeyedLimiter) AllowKey(key string, n int64) Decision {
	if e := k.near.find(k.hash(key), key); e != nil {
		if h := e.hot.Load(); h != nil {
			if mono, spent := h.spend(&e.Limiter, n); spent {
				return h.decision(&e.Limiter, mono)
			}
		}
	}
	return k.decide(key, ask{n: n})
}

// AllowCostKey decides at once on all of cost, or none of it, as Limiter.AllowCost does.
func (k *KeyedLimiter) AllowCostKey(key string, cost Cost) Decision {
	return k.decide(key, cost.ask())
}

func (k *KeyedLimiter) decide(key string, a ask) Decision {
	for {
		e, refusal := k.find(key)
		if e == nil {
			return refusal
		}
		h := e.hot.Load()
		if mono, spent := h.spendAsk(&e.Limiter, a, false); spent {
			return h.decision(&e.Limiter, mono)
		}
		if d := e.decide(a, h); d.Verdict != Closed {
			return d
		}
		// It was forgotten just now: find makes another, or says that all is closed.
	}
}

// WaitKey blocks until n credits of key are spent, as Limiter.Wait does, and fails as that does. It
// does not wait for a place among the keys: the error matches ErrTooManyKeys then.
func (k *KeyedLimiter) WaitKey(ctx context.Context, key string, n int64) error {
	return k.wait(ctx, key, ask{n: n})
}

// WaitCostKey is WaitKey for all of cost, or none of it.
func (k *KeyedLimiter) WaitCostKey(ctx context.Context, key string, cost Cost) error {
	return k.wait(ctx, key, cost.ask())
}

func (k *KeyedLimiter) wait(ctx context.Context, key string, a ask) error {
	for {
		e, refusal := k.find(key)
		if e == nil {
			return refusal.Err()
		}
		w, err := e.arrive(ctx, a)
		switch {
		case w == nil && errors.Is(err, ErrClosed):
			continue // as in decide
		case w == nil:
			return err
		}
		return e.stay(ctx, w)
	}
}

// learn remembers what the budget is, for the keys to come.
func (k *KeyedLimiter) learn(o opened) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o.session = 0
	k.known = o
}
