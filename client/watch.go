package client

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/transport/leasedv1"
)

const (
	// maxWatched bounds the budgets that a client is told of, as the coordinator does. Limiters of
	// others learn of changes when they next ask.
	maxWatched = 1024
	// maxSilence is how long a stream may say nothing before it counts as broken: the coordinator
	// says something every half minute.
	maxSilence = 100 * time.Second
	// rewatchMax is the longest pause before a stream is opened again: push saves time, so it is not
	// worth knocking often. After a node that does not know of streams it is the only one.
	rewatchMax = 10 * time.Second
)

// watcher hears of changed budgets, on one stream for all limiters of a client, and has those ask
// that are on them. A stream that breaks is opened again, and begins with what is so then: nothing
// is lost but time, and without any a limiter learns the same when it next asks.
type watcher struct {
	conns *conns
	task  sync.WaitGroup
	once  sync.Once
	stop  context.CancelFunc // nil until it has begun
	news  chan struct{}      // size 1: the set of budgets has grown

	mu       sync.Mutex
	limiters map[string]map[openLimiter]struct{} // by budget
	hangUp   context.CancelFunc                  // of the stream that is open
}

func newWatcher(c *conns) *watcher {
	return &watcher{conns: c, news: make(chan struct{}, 1),
		limiters: make(map[string]map[openLimiter]struct{})}
}

// add has l hear of its budget. The first one starts the watcher.
func (w *watcher) add(l openLimiter) {
	w.once.Do(func() {
		ctx, stop := context.WithCancel(context.Background())
		w.stop = stop
		w.task.Go(func() { w.run(ctx) })
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if of := w.limiters[l.on()]; of != nil {
		of[l] = struct{}{}
		return
	}
	w.limiters[l.on()] = map[openLimiter]struct{}{l: {}}
	if w.hangUp != nil {
		w.hangUp() // the next one is about this budget, too
	}
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *watcher) remove(l openLimiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.limiters[l.on()], l)
	if len(w.limiters[l.on()]) == 0 {
		delete(w.limiters, l.on())
	}
}

// close ends the watcher, after the last add.
func (w *watcher) close() {
	if w.stop != nil {
		w.stop()
	}
	w.task.Wait()
}

// run keeps a stream open while there are budgets to hear of.
func (w *watcher) run(ctx context.Context) {
	pace := backoff{most: rewatchMax}
	for nth := 0; ; nth++ {
		names := w.names()
		if len(names) == 0 {
			select {
			case <-w.news:
				continue
			case <-ctx.Done():
				return
			}
		}
		began := time.Now()
		if grown := w.follow(ctx, names, nth); grown || time.Since(began) > rewatchMax {
			pace = backoff{most: rewatchMax}
		}
		if !pause(ctx, nil, pace.next(false)) {
			return
		}
	}
}

// names are the budgets to hear of.
func (w *watcher) names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.news:
	default:
	}
	names := slices.Sorted(maps.Keys(w.limiters))
	return names[:min(len(names), maxWatched)]
}

// follow opens a stream and tells limiters what it says, until it breaks or there are more budgets
// to hear of. It reports whether there are.
func (w *watcher) follow(ctx context.Context, names []string, nth int) (grown bool) {
	cc := w.conns.somebody(nth)
	if cc == nil {
		return false
	}
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	silence := time.AfterFunc(maxSilence, hangUp)
	defer silence.Stop()
	w.mu.Lock()
	w.hangUp = hangUp
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.hangUp = nil
		w.mu.Unlock()
	}()
	stream, err := leasedv1.NewLeasesClient(cc).Watch(ctx, &leasedv1.WatchRequest{Budgets: names})
	for err == nil {
		var event *leasedv1.WatchResponse
		if event, err = stream.Recv(); err != nil {
			break
		}
		silence.Reset(maxSilence)
		for _, r := range event.GetRevisions() {
			w.tell(r.GetBudget(), r.GetRevision())
		}
	}
	return len(w.news) > 0
}

// tell has the limiters of a budget ask if its revision is news to them.
func (w *watcher) tell(budget string, revision uint64) {
	w.mu.Lock()
	limiters := slices.Collect(maps.Keys(w.limiters[budget]))
	w.mu.Unlock()
	for _, l := range limiters {
		l.toldOf(revision)
	}
}

// toldOf has the loop ask the coordinator if a revision is news.
func (l *Limiter) toldOf(revision uint64) {
	l.mu.Lock()
	news := !l.closed && l.holder.Told(l.clock.now(), revision)
	l.mu.Unlock()
	if news {
		l.rouse()
	}
}

func (l *Limiter) on() string { return l.budget }

// toldOf has every key of the budget ask, in as few messages as there are batches.
func (k *KeyedLimiter) toldOf(revision uint64) {
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.Lock()
		keys := slices.Collect(maps.Values(s.byKey))
		s.mu.Unlock()
		for _, e := range keys {
			e.toldOf(revision)
		}
	}
}

func (k *KeyedLimiter) on() string { return k.budget }

// somebody returns a connection to listen on: to whom calls go now, where that is known, or else
// to each endpoint in turn; nil once closed. It says nothing of who answers calls, and changes
// nothing of the choice.
func (c *conns) somebody(nth int) *grpc.ClientConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cc := c.byAddr[c.endpoints.current]; cc != nil && nth%2 == 0 &&
		!c.endpoints.avoided(c.endpoints.current, time.Now()) {
		return cc
	}
	n := len(c.endpoints.configured)
	return c.byAddr[c.endpoints.configured[nth/2%n]]
}
