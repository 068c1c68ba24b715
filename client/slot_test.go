package client

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/lease"
)

func acquire(t testing.TB, l *Limiter) *Slot {
	t.Helper()
	s, err := l.AcquireSlot(within(t, time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// gone reports whether a slot said that it is lost.
func gone(s *Slot) bool {
	select {
	case <-s.Lost():
		return true
	default:
		return false
	}
}

// TestSlotsAreHeldUntilReleased: no more than there are, for as long as it takes, and whoever
// waits has one soon after it was released elsewhere.
func TestSlotsAreHeldUntilReleased(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("work", slotsPer(2, 8*time.Second))
		here, there := open(t, c, "work"), open(t, f.client(t), "work")
		first, second := acquire(t, here), acquire(t, there)
		if _, err := here.AcquireSlot(within(t, time.Minute)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a third slot of two: got %v, want to wait until the deadline", err)
		}
		if n := len(f.calls()); n > 120 {
			t.Errorf("%d calls in a minute", n)
		}
		if first.Err() != nil || second.Err() != nil || gone(first) || gone(second) {
			t.Fatal("a slot was lost that heartbeats were to keep")
		}
		time.AfterFunc(10*time.Second, second.Release)
		before := time.Now()
		third := acquire(t, here)
		if took := time.Since(before); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("got the slot after %v, and it was released after 10s", took)
		}
		if st := here.Status().Limits[0]; st.InUse != 2 || st.Live != 0 {
			t.Errorf("got %+v, want both in use", st)
		}
		third.Release()
		third.Release()
		first.Release()
		pass(2 * time.Second)
		f.mu.Lock()
		defer f.mu.Unlock()
		if n := f.slotsOut(); n != 0 {
			t.Errorf("%d slots are out, and none is in use", n)
		}
	})
}

// TestSlotIsLostBeforeOthersHaveIt: a holder that is cut off says so before anybody else is granted
// its slot, and not before half of its time is over; its Release does nothing then.
func TestSlotIsLostBeforeOthersHaveIt(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("work", slotsPer(1, 9*time.Second))
		cut, other := open(t, c, "work"), open(t, f.client(t), "work")
		s := acquire(t, cut)
		pass(20 * time.Second)
		bendAll(f, func(ctx context.Context, req any, decide func() (any, error)) (any, error) {
			if r, is := req.(interface{ GetSession() uint64 }); is && r.GetSession() == uint64(cut.session) {
				<-ctx.Done()
				return nil, refuse(codes.Unavailable, "CUT_OFF", "nobody hears you")
			}
			return decide()
		})
		since := time.Now()
		taken := make(chan time.Duration, 1)
		go func() {
			o, err := other.AcquireSlot(within(t, time.Minute))
			taken <- time.Since(since)
			if err == nil {
				o.Release()
			}
		}()
		<-s.Lost()
		lost := time.Since(since)
		if lost < 5*time.Second || s.Err() == nil {
			t.Errorf("lost after %v, %v", lost, s.Err())
		}
		wantErr(t, s.Err(), ErrSlotLost)
		if had := <-taken; had < lost || had > 9*time.Second+3*time.Second {
			t.Errorf("lost after %v, and taken by another after %v", lost, had)
		}
		s.Release()
		if got := cut.Status(); got.Counters.SlotsLost != 1 || got.Limits[0].InUse != 0 {
			t.Errorf("got %+v", got)
		}
		bendAll(f, nil)
		acquire(t, cut).Release()
	})
}

// TestSleepLosesSlots: after a suspend the clocks say that a slot is lost, whatever the timers do.
func TestSleepLosesSlots(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, _ *Client) {
		f.put("work", slotsPer(1, time.Minute))
		asleep := int64(0)
		c := f.client(t, WithClock(func() lease.Reading {
			now := time.Now().UnixNano()
			return lease.Reading{Mono: now, Wall: now + asleep}
		}))
		l := open(t, c, "work")
		s := acquire(t, l)
		l.mu.Lock()
		asleep = int64(time.Minute)
		l.mu.Unlock()
		wantErr(t, s.Err(), ErrSlotLost)
		if !gone(s) {
			t.Error("and does not say so")
		}
	})
}

// TestCloseLosesSlots, and gives nothing back of them: the work may go on.
func TestCloseLosesSlots(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("work", slotsPer(2, time.Minute))
		l := open(t, c, "work")
		s, released := acquire(t, l), acquire(t, l)
		released.Release()
		if err := l.Close(within(t, time.Second)); err != nil {
			t.Fatal(err)
		}
		if !gone(s) || gone(released) {
			t.Errorf("lost: %t in use, %t released", gone(s), gone(released))
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.slotsOut() == 0 {
			t.Error("the slot in use was given back")
		}
	})
}

// TestTrySlot never waits, and asks for what it misses.
func TestTrySlot(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("work", slotsPer(1, time.Minute))
		l := open(t, c, "work")
		s, d := l.TrySlot()
		if want(t, d, Pending); s != nil {
			t.Fatal("a slot without credits")
		}
		pass(100 * time.Millisecond)
		s, d = l.TrySlot()
		want(t, d, Allowed)
		_, d = l.TrySlot()
		want(t, d, Pending)
		pass(100 * time.Millisecond)
		_, d = l.TrySlot()
		want(t, d, Denied)
		s.Release()
		_, d = l.TrySlot()
		want(t, d, Allowed)
	})
}

// TestSlotsAndCreditsAreNotTheSame: what is given back is not admitted for good, and the other way
// round.
func TestSlotsAndCreditsAreNotTheSame(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("work", slotsPer(5, time.Minute))
		f.put("llm", perMinute("requests", 5))
		work, llm := open(t, c, "work"), open(t, c, "llm")
		want(t, work.Allow(), Invalid)
		wantErr(t, work.Allow().Err(), ErrCost)
		_, err := llm.AcquireSlot(within(t, time.Second))
		wantErr(t, err, ErrCost)
		_, err = work.AcquireSlotCost(within(t, time.Second), Cost{"jobs": 6})
		wantErr(t, err, ErrTooLarge)
		if got := err.Error(); got != `client: budget "work": cost 6 exceeds the 5 slots of jobs` {
			t.Errorf("got %q", got)
		}
		_, err = work.AcquireSlotCost(within(t, time.Second), nil)
		wantErr(t, err, ErrCost)
		three, err := work.AcquireSlotCost(within(t, time.Second), Cost{"jobs": 3})
		if err != nil || work.Status().Limits[0].InUse != 3 {
			t.Fatalf("got %v, %+v", err, work.Status())
		}
		three.Release()
		if work.Status().Limits[0].InUse != 0 {
			t.Errorf("got %+v after the release of all", work.Status())
		}
	})
}

// TestSlotsFailOpen: what is taken without the coordinator is outside the bound, is never lost, and
// is nothing to give back.
func TestSlotsFailOpen(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("work", slotsPer(1, time.Minute))
		l := open(t, c, "work", FailOpen())
		f.nodes["a:1"].kill()
		s := acquire(t, l)
		pass(2 * time.Minute)
		if s.Err() != nil || l.Status().Counters.FailedOpen != 1 || l.Status().Limits[0].InUse != 0 {
			t.Errorf("got %v, %+v", s.Err(), l.Status())
		}
		s.Release()
	})
}

// TestAChangeOfLimitsAndSlots: a limit that is lowered keeps its slots, one that is replaced does
// not, and a waiter hears that there are slots no more.
func TestAChangeOfLimitsAndSlots(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("work", slotsPer(2, 8*time.Second))
		l := open(t, c, "work")
		s, other := acquire(t, l), acquire(t, l)
		f.put("work", slotsPer(1, 8*time.Second))
		pass(20 * time.Second)
		if s.Err() != nil || other.Err() != nil {
			t.Fatal("a lower limit took a slot from its holder")
		}
		f.put("work", perMinute("jobs", 5))
		_, err := l.AcquireSlot(within(t, time.Minute))
		wantErr(t, err, ErrCost)
		if !gone(s) || !gone(other) {
			t.Error("slots outlived their limit")
		}
	})
}
