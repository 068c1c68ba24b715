package transport

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// fakeWatch tells what a test says.
type fakeWatch struct {
	changed chan struct{}

	mu     sync.Mutex
	stale  []fsm.Revision
	closed bool
}

func (w *fakeWatch) Changed() <-chan struct{} { return w.changed }

func (w *fakeWatch) Take() []fsm.Revision {
	w.mu.Lock()
	defer w.mu.Unlock()
	stale := w.stale
	w.stale = nil
	return stale
}

func (w *fakeWatch) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

func (w *fakeWatch) say(revisions ...fsm.Revision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale = append(w.stale, revisions...)
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *fakeWatch) isClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// watchable is a server on a fake node and a fake watch, in a bubble.
func watchable(t *testing.T) (*fakeNode, *fakeWatch, *Server, api) {
	t.Helper()
	node, w := newFakeNode(), &fakeWatch{changed: make(chan struct{}, 1)}
	s, err := New(Config{Coordinator: node, Cluster: node, Watch: func([]string) (Watch, error) {
		return w, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := serveOn(t, s)
	return node, w, s, c
}

func openWatch(ctx context.Context, t *testing.T, c api) leasedv1.Leases_WatchClient {
	t.Helper()
	stream, err := c.leases.Watch(ctx, &leasedv1.WatchRequest{Budgets: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// hear wants the next event to tell of these.
func hear(t *testing.T, stream leasedv1.Leases_WatchClient, want ...fsm.Revision) {
	t.Helper()
	event, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var got []fsm.Revision
	for _, r := range event.GetRevisions() {
		got = append(got, fsm.Revision{Budget: r.GetBudget(), Revision: r.GetRevision()})
	}
	if !slices.Equal(got, want) {
		t.Errorf("heard %v, want %v", got, want)
	}
}

// ends wants the stream to end with a reason.
func ends(t *testing.T, stream leasedv1.Leases_WatchClient, reason string) {
	t.Helper()
	if event, err := stream.Recv(); reasonOf(err) != reason {
		t.Errorf("got %v %v, want %s", event, err, reason)
	}
}

func TestWatchTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w, _, c := watchable(t)
		w.say(fsm.Revision{Budget: "a", Revision: 3}, fsm.Revision{Budget: "b"})
		ctx, cancel := context.WithCancel(t.Context())
		stream := openWatch(ctx, t, c)
		hear(t, stream, fsm.Revision{Budget: "a", Revision: 3}, fsm.Revision{Budget: "b"})
		start := time.Now()
		w.say(fsm.Revision{Budget: "a", Revision: 4})
		hear(t, stream, fsm.Revision{Budget: "a", Revision: 4})
		if took := time.Since(start); took > 0 {
			t.Errorf("a change was told after %v", took)
		}
		hear(t, stream) // nothing happens: a beat
		if took := time.Since(start); took != watchBeat {
			t.Errorf("a beat came after %v, want %v", took, watchBeat)
		}
		cancel()
		synctest.Wait()
		if !w.isClosed() {
			t.Error("the watch of a stream that is over stays open")
		}
	})
}

// TestWatchEnds: where there is nothing to hear, at a beat at the latest, and when the server
// stops, which it does not hold up.
func TestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, w, s, c := watchable(t)
		stream := openWatch(t.Context(), t, c)
		synctest.Wait()
		node.mu.Lock()
		node.leader = Leader{}
		node.mu.Unlock()
		hear(t, stream) // the beat at which it is noticed
		ends(t, stream, ReasonNotLeader)
		ends(t, openWatch(t.Context(), t, c), ReasonNotLeader)
		node.mu.Lock()
		node.leader = Leader{ID: "b", API: "b:1"}
		node.mu.Unlock()
		again := openWatch(t.Context(), t, c) // a follower tells, too
		w.say(fsm.Revision{Budget: "a", Revision: 5})
		hear(t, again, fsm.Revision{Budget: "a", Revision: 5})
		start := time.Now()
		s.Stop(t.Context())
		if took := time.Since(start); took > 0 {
			t.Errorf("the server stopped after %v", took)
		}
		ends(t, again, ReasonNotLeader)
	})
}

func TestWatchRefuses(t *testing.T) {
	node := newFakeNode()
	full := false
	c, _ := serve(t, Config{Coordinator: node, Cluster: node, Watch: func([]string) (Watch, error) {
		full = true
		return nil, errors.Join(fsm.ErrWatches)
	}})
	watch := func(c api, budgets ...string) error {
		stream, err := c.leases.Watch(t.Context(), &leasedv1.WatchRequest{Budgets: budgets})
		if err == nil {
			_, err = stream.Recv()
		}
		return err
	}
	for _, budgets := range [][]string{nil, {""}, {strings.Repeat("x", 129)},
		slices.Repeat([]string{"a"}, fsm.MaxWatched+1)} {
		if err := watch(c, budgets...); reasonOf(err) != ReasonInvalid || full {
			t.Errorf("%d budgets: got %v", len(budgets), err)
		}
	}
	if err := watch(c, "a"); reasonOf(err) != ReasonOverloaded || !full {
		t.Errorf("got %v, want OVERLOADED", err)
	}
	none, _ := serve(t, Config{Coordinator: node, Cluster: node})
	if err := watch(none, "a"); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v, want unimplemented", err)
	}
}
