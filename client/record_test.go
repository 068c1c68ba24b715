package client

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// fleetHeader is that of a client process's trace.
var fleetHeader = trace.Event{Run: "test", Recorder: "fleet-1", Role: trace.RoleFleet}

// TestTraceAccountsForEveryAdmission runs in real time, since the trace's clock is the
// machine's: what was admitted is in the trace, at the time that it was.
func TestTraceAccountsForEveryAdmission(t *testing.T) {
	f := newCluster(t, 1)
	f.put("llm", perMinute("requests", 1000))
	path := filepath.Join(t.TempDir(), "fleet.jsonl")
	w, err := trace.Create(path, fleetHeader, trace.SystemClock())
	if err != nil {
		t.Fatal(err)
	}
	c := f.client(t, WithTrace(w), WithCallTimeout(100*time.Millisecond))
	l := open(t, c, "llm", FailOpen(), UnavailableAfter(50*time.Millisecond))
	start := w.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for range 5 {
		if err := l.Wait(ctx, 20); err != nil {
			t.Fatal(err)
		}
	}
	f.nodes["a:1"].blackhole(true)
	if err := l.Wait(ctx, 500); err != nil { // by the fail-open policy
		t.Fatal(err)
	}
	f.nodes["a:1"].blackhole(false)
	s := l.Status().Counters
	if s.Admitted+s.FailedOpen != 6 || s.FailedOpen < 1 {
		t.Errorf("counted %+v, want 6 in sum, the last failed open", s)
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	end := w.Now()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	var admitted, opened int64
	accepted := make(map[uint64]bool)
	for _, e := range events(t, path) {
		switch e.Kind {
		case trace.KindAccept:
			accepted[e.Lease] = true
			continue
		case trace.KindAdmit:
			if !accepted[e.Lease] {
				t.Errorf("admitted on lease %d, which was not accepted", e.Lease)
			}
			admitted += e.N
		case trace.KindFailOpen:
			if e.Budget != "llm" || e.Session == 0 || e.Metric != "requests" {
				t.Errorf("got %+v, want its budget, session and metric", e)
			}
			opened += e.N
		default:
			continue
		}
		if e.First < start || e.Last > end || e.Last < e.First {
			t.Errorf("%s from %d to %d, outside of the run from %d to %d",
				e.Kind, e.First, e.Last, start, end)
		}
	}
	if want := int64(s.Admitted) * 20; admitted != want {
		t.Errorf("the trace has %d admitted, want %d", admitted, want)
	}
	if want := 500 + int64(s.FailedOpen-1)*20; opened != want {
		t.Errorf("the trace has %d failed open, want %d", opened, want)
	}
}

func events(t *testing.T, path string) []trace.Event {
	t.Helper()
	r, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []trace.Event
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
}

func TestFailOpenIsRecordedUnderItsOwnLimits(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		var got []trace.Event
		c.sink = func(e trace.Event) {
			if e.Kind == trace.KindFailOpen {
				got = append(got, e)
			}
		}
		l := open(t, c, "llm", FailOpen())
		session := uint64(l.Status().Session)
		l.mu.Lock()
		if !l.degradeLocked(l.clock.now(), lease.Cost{7}) {
			t.Error("a limiter that fails open did not")
		}
		opened := opened{session: 99, revision: 2, limits: []budget.Limit{perMinute("tokens", 5)}}
		l.mu.Unlock()
		l.restart(opened)
		if len(got) != 1 || got[0].Metric != "requests" || got[0].N != 7 ||
			got[0].Session != session {
			t.Errorf("got %+v, want 7 requests of session %d", got, session)
		}
	})
}

func TestClockOffset(t *testing.T) {
	// The clocks differ by a million; each look takes 10, but for those that are preempted.
	now, looks := int64(0), 0
	look := func() int64 {
		looks++
		if now += 10; looks%5 == 0 {
			now += 50_000
		}
		return now
	}
	offset := clockOffset(
		func() lease.Reading { return lease.Reading{Mono: look()} },
		func() int64 { return look() + 1_000_000 },
	)
	if offset < 1_000_000-10 || offset > 1_000_000+10 {
		t.Errorf("got %d, want 1,000,000 within 10", offset)
	}
}

func TestTraceWithAnotherClockNeedsItsTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.jsonl")
	w, err := trace.Create(path, fleetHeader, trace.SystemClock())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	clock := WithClock(func() lease.Reading { return lease.Reading{Mono: 5} })
	_, err = New([]string{"a:1"}, WithTrace(w), clock)
	wantErr(t, err, ErrInvalid)
	c, err := New([]string{"a:1"}, WithTrace(w), clock,
		WithTraceTime(func(mono int64) int64 { return mono + 100 }))
	if err != nil {
		t.Fatal(err)
	}
	c.sink(trace.Event{Kind: trace.KindAdmit, At: 7, First: 5, Last: 6})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got := events(t, path)
	if len(got) != 1 || got[0].At != 107 || got[0].First != 105 || got[0].Last != 106 {
		t.Errorf("got %+v, want the readings and 100", got)
	}
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
