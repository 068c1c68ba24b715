package cluster

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/trace"
)

// TestGate: what passes waits while the gate is shut, and until it is given up.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		begin := time.Now()
		if !g.pass(nil) {
			t.Error("an open gate: got false")
		}
		g.close()
		time.AfterFunc(time.Second, g.open)
		if !g.pass(nil) || time.Since(begin) != time.Second {
			t.Errorf("passed after %v, want 1s", time.Since(begin))
		}
		g.close()
		givenUp := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(givenUp) })
		if g.pass(givenUp) {
			t.Error("given up: got true")
		}
	})
}

// TestClocks: a clock keeps its rate from when it was told to, and stands still in a suspend; two
// readings of a process at two instants differ, and are known again.
func TestClocks(t *testing.T) {
	var w wander
	w.turn(1000, 100_000)
	if got := w.read(2000); got != 2100 {
		t.Errorf("fast: got %d, want 2100", got)
	}
	w.turn(2000, -100_000)
	w.stop(3000, true)
	if got := w.read(4000); got != 3000 {
		t.Errorf("suspended: got %d, want 3000", got)
	}
	w.stop(5000, false)
	if got := w.read(6000); got != 3900 {
		t.Errorf("slow: got %d, want 3900", got)
	}

	now := int64(0)
	d := &dual{clock: trace.Clock{Now: func() int64 { return now }}, wander: wander{ppm: -200_000}}
	last := int64(-1)
	for now = 1; now < 50; now++ {
		r := d.read()
		if r.Mono <= last || d.instant(r.Mono) != now || d.read() != r {
			t.Fatalf("at %d: got %+v after %d, of instant %d", now, r, last, d.instant(r.Mono))
		}
		last = r.Mono
	}
	before := d.read()
	now += 2 * generation
	d.read()
	if got := d.instant(before.Mono); got != 50 {
		t.Errorf("of the generation before: got %d, want 50", got)
	}
	d.step(-time.Hour)
	if got := d.read().Wall; got != now-int64(time.Hour) {
		t.Errorf("stepped: got %d", got)
	}
}

// TestLinks: a link that is cut loses what goes its way and only that; a stalled end holds it up.
func TestLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(1, 0)
		n.admit("a")
		n.admit("b")
		a, b := n.attach("a"), n.attach("b")
		answer := func() {
			rpc := <-b.Consumer()
			rpc.Respond(&raft.RequestVoteResponse{Granted: true}, nil)
		}
		ask := func() error {
			var resp raft.RequestVoteResponse
			return a.RequestVote("b", raftAddress("b"), &raft.RequestVoteRequest{}, &resp)
		}
		go answer()
		if err := ask(); err != nil {
			t.Errorf("well: got %v", err)
		}
		n.set("a", "b", link{cut: true})
		if err := ask(); !errors.Is(err, errSilence) {
			t.Errorf("the way there is cut: got %v", err)
		}
		n.heal()
		n.set("b", "a", link{cut: true})
		go answer()
		if err := ask(); !errors.Is(err, errSilence) {
			t.Errorf("the way back is cut: got %v", err)
		}
		n.heal()
		n.gate("b").close()
		begin := time.Now()
		time.AfterFunc(rpcTimeout/2, n.gate("b").open)
		go answer()
		if err := ask(); err != nil || time.Since(begin) != rpcTimeout/2 {
			t.Errorf("stalled: got %v after %v", err, time.Since(begin))
		}
		n.gate("b").close()
		time.AfterFunc(rpcTimeout/2, func() { n.dismiss("b") })
		if err := ask(); !errors.Is(err, errSilence) {
			t.Errorf("dismissed while it was stalled: got %v", err)
		}
		if err := errors.Join(b.Close(), a.Close()); err != nil {
			t.Error(err)
		}
		if err := ask(); !errors.Is(err, errOver) {
			t.Errorf("closed: got %v", err)
		}
		pause(context.Background(), patience)
	})
}

// TestWires: an end that stands still holds up what is said to it, and one that is cut off has no
// connections.
func TestWires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWires()
		l := w.listen("n1")
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() { _, _ = io.Copy(c, c) }()
			}
		}()
		dial := w.dialer("p0")
		c, err := dial(context.Background(), apiAddress("n1"))
		if err != nil {
			t.Fatal(err)
		}
		echo := func() (time.Duration, error) {
			begin, b := time.Now(), make([]byte, 1)
			_, err := c.Write([]byte("x"))
			if err == nil {
				_, err = io.ReadFull(c, b)
			}
			return time.Since(begin), err
		}
		if d, err := echo(); d != 0 || err != nil {
			t.Errorf("well: got %v, %v", d, err)
		}
		line := w.line("p0", apiAddress("n1"))
		line.still.close()
		time.AfterFunc(time.Second, line.still.open)
		if d, err := echo(); d != time.Second || err != nil {
			t.Errorf("held up: got %v, %v", d, err)
		}
		w.cut(w.end("p0"), true)
		if _, err := echo(); err == nil {
			t.Error("cut: got nil")
		}
		if _, err := dial(context.Background(), apiAddress("n1")); !errors.Is(err, errRefused) {
			t.Errorf("cut: got %v", err)
		}
		w.heal(nil)
		again, err := dial(context.Background(), apiAddress("n1"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(again.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestPlatter: a power loss takes nothing from a disk that is synced; from a lazy one it takes what
// was written last: entries, those that took the place of others, and votes.
func TestPlatter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, lazy := range []bool{false, true} {
			p := newDisk(lazy).store
			key := []byte("vote")
			write := func(term uint64, indexes ...uint64) {
				for _, i := range indexes {
					if err := p.StoreLog(&raft.Log{Index: i, Term: term}); err != nil {
						t.Fatal(err)
					}
				}
				if err := errors.Join(p.SetUint64(key, term), p.Set(key, []byte{byte(term)})); err != nil {
					t.Fatal(err)
				}
			}
			write(1, 1, 2, 3, 4)
			pause(context.Background(), writeBack)
			if err := p.DeleteRange(1, 1); err != nil { // into a snapshot
				t.Fatal(err)
			}
			if err := p.DeleteRange(3, 4); err != nil { // a conflict
				t.Fatal(err)
			}
			write(2, 3, 4, 5)
			if err := p.losePower(); err != nil {
				t.Fatal(err)
			}
			term, end := uint64(2), uint64(5)
			if lazy {
				term, end = 1, 4
			}
			var entry raft.Log
			last, err := p.LastIndex()
			err = errors.Join(err, p.GetLog(3, &entry))
			vote, unvoted := p.GetUint64(key)
			value, unset := p.Get(key)
			if err = errors.Join(err, unvoted, unset); err != nil || last != end ||
				entry.Term != term || vote != term || value[0] != byte(term) {
				t.Errorf("lazy %t: got entry %+v of %d, vote %d, %v", lazy, entry, last, vote, err)
			}
		}
	})
}
