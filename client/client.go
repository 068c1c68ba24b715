package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/leased-io/leased/trace"
)

// Keys of log attributes.
const (
	keyBudget  = "budget"
	keyKey     = "key"
	keySession = "session"
	keyError   = "error"
)

// Client is a process's connection to the coordinator: it opens limiters and changes budgets.
// One is enough for a process. Safe for concurrent use.
type Client struct {
	conns    *conns
	post     *post
	watch    *watcher
	clock    *clock
	driftPPM int64
	stripes  int        // of a purse, at most
	sink     trace.Sink // nil: nothing is recorded
	log      *slog.Logger

	mu       sync.Mutex
	limiters map[openLimiter]struct{} // nil once closed
}

// New returns a client of the cluster whose nodes listen at endpoints, each host:port or a gRPC
// target with a scheme. One endpoint that answers is enough: any node takes any call. New does
// not block: connections are made when they are needed. Errors match ErrInvalid.
func New(endpoints []string, opts ...Option) (*Client, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	conns, err := newConns(endpoints, o)
	if err != nil {
		return nil, err
	}
	clock := newClock(o)
	return &Client{
		conns:    conns,
		post:     newPost(conns),
		watch:    newWatcher(conns),
		clock:    clock,
		driftPPM: o.driftPPM,
		stripes:  stripes(),
		sink:     newSink(o, clock),
		log:      o.logger,
		limiters: make(map[openLimiter]struct{}),
	}, nil
}

// Limiter opens a limiter on a budget, or on one account of a keyed one. It blocks until the
// coordinator has opened a session, trying again until ctx ends, and then, no longer than a
// call timeout, until the first request for credits is decided: on a budget with credits left
// the first Allow succeeds. ctx has no part in the limiter's life after that.
//
// Each limiter is a session with leases of its own: two of the same budget and key in a process
// are correct but share nothing, so a process should open one and share it.
//
// Errors match ErrUnknownBudget, ErrInvalid (the key does not fit the budget, a name is
// malformed), ErrClosed, or ErrUnavailable with ctx's error.
func (c *Client) Limiter(
	ctx context.Context, budget string, opts ...LimiterOption,
) (*Limiter, error) {
	o := limiterOptions{unavailableAfter: DefaultUnavailableAfter}
	for _, set := range opts {
		set(&o)
	}
	if o.unavailableAfter < 0 {
		return nil, fmt.Errorf("%w: unavailable after %s, allowed is 0 or more",
			ErrInvalid, o.unavailableAfter)
	}
	if err := validSizing(o.sizing); err != nil {
		return nil, err
	}
	if o.keysSet {
		return nil, fmt.Errorf("%w: MaxKeys and ForgetAfter are of Keyed", ErrInvalid)
	}
	of, err := o.account()
	if err != nil {
		return nil, named("open limiter on", budget, err)
	}
	opened, err := c.openSession(ctx, tries{stop: c.conns.closed}, budget, of)
	if err != nil {
		return nil, named("open limiter on", budget, err)
	}
	l := newLimiter(c, budget, o, opened)
	if !c.start(l) {
		return nil, named("open limiter on", budget, ErrClosed)
	}
	l.awaitFirstAnswer(ctx)
	return l, nil
}

// openLimiter is what is open at a client: a Limiter or a KeyedLimiter.
type openLimiter interface {
	start()
	on() string             // the budget
	toldOf(revision uint64) // of the budget
	Close(ctx context.Context) error
}

var (
	_ openLimiter = (*Limiter)(nil)
	_ openLimiter = (*KeyedLimiter)(nil)
)

// start begins l's life, unless the client was closed.
func (c *Client) start(l openLimiter) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.limiters == nil {
		return false
	}
	c.limiters[l] = struct{}{}
	l.start()
	c.watch.add(l)
	return true
}

func (c *Client) forget(l openLimiter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.limiters, l)
	c.watch.remove(l)
}

// Close closes all limiters at once, as Limiter.Close does, and then the connections. It blocks
// until that is done; when ctx ends, what was not given back stays charged until its window
// ends. Closing again returns nil at once.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	limiters := c.limiters
	c.limiters = nil
	c.mu.Unlock()
	if limiters == nil {
		return nil
	}
	var (
		closing sync.WaitGroup
		mu      sync.Mutex
		errs    []error
	)
	for l := range limiters {
		closing.Go(func() {
			err := l.Close(ctx)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	closing.Wait()
	c.watch.close()
	c.conns.close()
	c.post.close()
	return errors.Join(errs...)
}
