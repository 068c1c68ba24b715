package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// putKeyed creates or changes a budget of which each key has an account.
func (f *fakeCluster) putKeyed(name string, limits ...budget.Limit) {
	f.put(name, limits...)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.budgets[name].keyed = true
}

// usedBy is what is charged to a key.
func (f *fakeCluster) usedBy(name, key string) budget.Credits {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.account(f.budgets[name], key, 0).used
}

// TestWhatGathersGoesTogether: a request that is alone goes at once. Those that come while it is
// under way go in one message, each is charged to its own account, and each gets its own answer.
func TestWhatGathersGoesTogether(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		const limiters = 40
		f.putKeyed("llm", perMinute("requests", 1000))
		f.grant = func(need, _, _ budget.Credits) budget.Credits { return need }
		all := make([]*Limiter, limiters)
		for i := range all {
			l, err := c.Limiter(t.Context(), "llm", WithKey(fmt.Sprint("k", i)))
			if err != nil {
				t.Fatal(err)
			}
			all[i] = l
		}
		bendAll(f, func(_ context.Context, _ any, decide func() (any, error)) (any, error) {
			pass(10 * time.Millisecond)
			return decide()
		})
		before := c.Calls()
		var waiting sync.WaitGroup
		for i, l := range all {
			waiting.Go(func() {
				if err := l.Wait(within(t, time.Minute), int64(i)+2); err != nil {
					t.Error(err)
				}
			})
		}
		waiting.Wait()
		after := c.Calls()
		calls, requests := after.Calls-before.Calls, after.Requests-before.Requests
		if requests < limiters || calls > requests/4 {
			t.Errorf("%d calls for %d requests of %d limiters, want them together", calls, requests,
				limiters)
		}
		synctest.Wait()
		for i, l := range all {
			held := l.Status().Limits[0].Live
			spent := budget.Credits(i) + 2
			if used := f.usedBy("llm", fmt.Sprint("k", i)); used != spent+held {
				t.Errorf("key %d: charged %d, want the %d spent and the %d held", i, used, spent, held)
			}
		}
	})
}

// TestOneOfABatchIsRefused: the others are decided all the same.
func TestOneOfABatchIsRefused(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.putKeyed("llm", perMinute("requests", 1000))
		first := &errand{way: opening, wire: &leasedv1.OpenSessionRequest{Budget: "llm", Key: "k"}}
		var opened []uint64
		first.read = func(m proto.Message) error {
			opened = append(opened, m.(*leasedv1.OpenSessionResponse).GetSession())
			return nil
		}
		batch := []*errand{first,
			{way: opening, wire: &leasedv1.OpenSessionRequest{Budget: "none", Key: "k"}},
			{way: opening, wire: &leasedv1.OpenSessionRequest{Budget: "llm"}},
			{way: opening, wire: &leasedv1.OpenSessionRequest{Budget: "llm", Key: "lost"}},
			{way: opening, wire: &leasedv1.OpenSessionRequest{Budget: "llm", Key: "garbled"}},
			{way: opening, wire: &leasedv1.OpenSessionRequest{Budget: "llm", Key: "k"}, read: first.read},
		}
		bendAll(f, func(_ context.Context, req any, decide func() (any, error)) (any, error) {
			if r, ok := req.(*leasedv1.OpenSessionRequest); ok && r.GetKey() == "lost" {
				return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "lost leadership")
			}
			return decide()
		})
		came := make([]error, len(batch))
		for i, e := range batch {
			if e.read == nil {
				e.read = func(proto.Message) error { return errors.New("it makes no sense") }
			}
			e.done = func(err error) { came[i] = err }
		}
		before := c.Calls()
		c.post.mu.Lock() // so that none goes before all are there
		r := route{opening, c.conns.callTimeout}
		c.post.queues[r] = batch
		c.post.tasks.Go(func() { c.post.run(r) })
		c.post.mu.Unlock()
		synctest.Wait()
		if got := c.Calls(); got.Calls != before.Calls+1 || got.Requests != before.Requests+6 {
			t.Errorf("sent %+v, want one call of six requests after %+v", got, before)
		}
		if len(opened) != 2 || opened[0] == opened[1] {
			t.Errorf("opened %d, want two sessions", opened)
		}
		for i, want := range []error{
			nil, ErrUnknownBudget, ErrInvalid, ErrUnavailable, ErrUnavailable, nil,
		} {
			if want == nil && came[i] != nil || !errors.Is(came[i], want) {
				t.Errorf("errand %d: got %v, want %v", i, came[i], want)
			}
		}
	})
}

// TestBatchesAreCut: by their number and by their size, and nothing is left behind.
func TestBatchesAreCut(t *testing.T) {
	p := newPost(nil)
	r := route{returning, time.Second}
	small := &errand{wire: &leasedv1.ReturnRequest{Session: 1}}
	large := &errand{wire: &leasedv1.ReturnRequest{Session: 1}}
	for range returnsPerCall * 40 { // as no limiter has them: half of what a batch may have
		m := large.wire.(*leasedv1.ReturnRequest)
		m.Returns = append(m.Returns, &leasedv1.Return{
			Lease: 1 << 60, Window: 1 << 60, Amount: int64(budget.MaxAmount),
		})
	}
	gone := &errand{wire: small.wire, left: true}
	for range 2*maxBatch + 1 {
		p.queues[r] = append(p.queues[r], small, gone)
	}
	p.queues[r] = append(p.queues[r], large, large, large, small)
	var got []int
	for batch := p.gather(r); len(batch) > 0; batch = p.gather(r) {
		got = append(got, len(batch))
	}
	if want := fmt.Sprint([]int{maxBatch, maxBatch, 2, 1, 2}); fmt.Sprint(got) != want {
		t.Errorf("batches of %v, want %v", got, want)
	}
	if _, used := p.queues[r]; used {
		t.Error("the route is still in use")
	}
}

// TestNothingGoesAfterClose: an errand that is handed over then fails, and nothing keeps waiting.
func TestNothingGoesAfterClose(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		if err := c.Close(within(t, time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err := c.openSession(t.Context(), tries{}, "llm", account{})
		wantErr(t, err, ErrClosed)
		if calls := len(f.calls()); calls > 0 {
			t.Errorf("%d calls", calls)
		}
	})
}
