package client

import (
	"fmt"
	"testing"
	"time"
)

func newEndpoints(addrs ...string) *endpoints {
	return &endpoints{configured: addrs, last: len(addrs) - 1, avoid: make(map[string]avoidance)}
}

func TestPickStaysWithWhoAnswers(t *testing.T) {
	e, now := newEndpoints("a:1", "b:1", "c:1"), time.Now()
	for range 3 {
		addr := e.pick(now)
		if addr != "a:1" {
			t.Fatalf("got %s, want a:1", addr)
		}
		e.answered(addr, "", now)
	}
}

func TestPickPassesOverWhoDoesNotAnswer(t *testing.T) {
	e, now := newEndpoints("a:1", "b:1", "c:1"), time.Now()
	var got []string
	for range 4 { // all fail: the one that is due again first comes next
		addr := e.pick(now)
		got = append(got, addr)
		e.failed(addr, now)
		now = now.Add(time.Millisecond)
	}
	if want := "[a:1 b:1 c:1 a:1]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestWhoAnswersAgainIsNotPassedOver(t *testing.T) {
	e, now := newEndpoints("a:1", "b:1"), time.Now()
	e.failed("a:1", now)
	if got := e.pick(now); got != "b:1" {
		t.Fatalf("got %s, want b:1", got)
	}
	e.answered("a:1", "", now) // to a call that was under way
	e.failed("b:1", now)
	if got := e.pick(now); got != "a:1" {
		t.Errorf("got %s, want a:1", got)
	}
	e.failed("a:1", now)
	if got := e.avoid["a:1"].until.Sub(now); got != avoidMin {
		t.Errorf("passed over for %s after one failure, want %s", got, avoidMin)
	}
}

func TestAnAddressThatNeverAnswersIsTriedOnceAMinute(t *testing.T) {
	e, now := newEndpoints("a:1"), time.Now()
	tried := 0
	for end := now.Add(time.Hour); now.Before(end); now = now.Add(time.Second) {
		if e.answered("a:1", "gone:1", now) {
			tried++
			e.failed(e.pick(now), now)
		}
		if got := e.pick(now); got != "a:1" {
			t.Fatalf("got %s, want a:1", got)
		}
	}
	if tried < 60 || tried > 70 {
		t.Errorf("tried %d times in an hour, want about once a minute", tried)
	}
}

func TestLearnedAddressesAreForgotten(t *testing.T) {
	e, now := newEndpoints("a:1"), time.Now()
	for i := range 1000 {
		if e.answered("a:1", fmt.Sprintf("leader-%d:1", i), now) {
			e.failed(e.pick(now), now)
		}
	}
	if got := len(e.avoid); got > 2 {
		t.Errorf("%d addresses are remembered, want the latest", got)
	}
	for _, leader := range []string{"", "a:1", "no port", "host:", ":1", string(make([]byte, 300))} {
		if e.answered("a:1", leader, now) {
			t.Errorf("followed %q", leader)
		}
	}
}

func TestBackoffIsBounded(t *testing.T) {
	var b backoff
	for i := range maxRedirects {
		if got := b.next(true); got != 0 {
			t.Errorf("redirect %d: got %s, want no pause", i, got)
		}
	}
	if got := b.next(true); got == 0 {
		t.Error("redirects without end are followed without a pause")
	}
	b = backoff{}
	for i := range 20 {
		ceiling := min(retryMin<<i, retryMax)
		if got := b.next(false); got < ceiling/2 || got > ceiling {
			t.Errorf("pause %d: got %s, want %s..%s", i, got, ceiling/2, ceiling)
		}
	}
}

// TestLeaderlessIsKnockedSeldom: two answers in a row that name no leader are enough for the
// longest pause, and one decision is enough to forget them.
func TestLeaderlessIsKnockedSeldom(t *testing.T) {
	c := &conns{endpoints: endpoints{configured: []string{"a:1", "b:1", "c:1"}}}
	for i, want := range []bool{false, true, true} {
		if got := c.passOver("a:1"); got != want {
			t.Errorf("answer %d that led nowhere: leaderless %t, want %t", i+1, got, want)
		}
	}
	c.served()
	if c.passOver("a:1") {
		t.Error("leaderless, though a call was decided just now")
	}
	var b backoff
	if got := b.after(&callError{}); got > retryMin {
		t.Errorf("after a call that was not answered: %s, want %s at most", got, retryMin)
	}
	if got := b.after(&callError{leaderless: true}); got < retryMax/2 || got > retryMax {
		t.Errorf("without a leader: %s, want %s..%s", got, retryMax/2, retryMax)
	}
	if got := b.after(&callError{redirected: true}); got != 0 {
		t.Errorf("after a redirect: %s, want no pause", got)
	}
}

// TestWhoLeadsNowhereIsNotAskedForEver: nodes that were removed answer at once that they do not
// lead, and know nobody who does, while the members are passed over since they were down. When as
// many answers as there are endpoints have led nowhere, one of these is tried.
func TestWhoLeadsNowhereIsNotAskedForEver(t *testing.T) {
	e, now := newEndpoints("removed:1", "removed:2", "member:1"), time.Now()
	for range 8 { // it was down for long
		e.failed("member:1", now)
	}
	var got []string
	for range 5 {
		addr := e.pick(now)
		got = append(got, addr)
		if addr == "member:1" {
			break
		}
		e.answered(addr, "", now)
		e.passOver(addr)
	}
	if want := "[removed:1 removed:2 removed:1 member:1]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	e.failed("member:1", now) // still down: the others have their turn again
	if got := e.pick(now); got == "member:1" {
		t.Errorf("got %s, which was tried just now", got)
	}
}
