package node

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport"
)

// TestABatchIsOneEntry: whether the committer is busy when it arrives, or waits for it.
func TestABatchIsOneEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 1, nil)
		n := c.leader("")
		openHolder(t, n, 100)
		open := fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b"}}
		cmds := make([]fsm.Command, transport.MaxBatch)
		for i := range cmds {
			cmds[i] = open
		}
		cmds[7] = fsm.Command{Return: &fsm.Return{Session: 99_999}}
		for _, busy := range []bool{false, true, false} {
			release := func() {}
			if busy {
				_, release = sleep(t, n, open)
			}
			before := n.Status()
			answers := make(chan []transport.Proposed, 1)
			go func() { answers <- service{n}.ProposeAll(t.Context(), cmds) }()
			synctest.Wait()
			release()
			all := <-answers
			entries := n.Status().Applied - before.Applied
			if want := uint64(1); busy && entries != want+1 || !busy && entries != want {
				t.Errorf("busy %v: %d entries, want one of the batch", busy, entries)
			}
			for i, p := range all {
				want := fsm.CodeDone
				if i == 7 {
					want = fsm.CodeUnknownSession
				}
				if p.Err != nil || p.Result.Code != want {
					t.Fatalf("command %d: got %+v, want %v", i, p, want)
				}
			}
		}
	})
}

// TestABatchThatFindsTheQueueFull: one that has no room in it has no effect, and says so.
func TestABatchThatFindsTheQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 1, nil)
		n := c.leader("")
		openHolder(t, n, 100)
		open := fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b"}}
		_, release := sleep(t, n, open)
		before := n.Status()
		cmds := make([]fsm.Command, transport.MaxBatch)
		for i := range cmds {
			cmds[i] = open
		}
		var callers sync.WaitGroup
		for range maxQueued / transport.MaxBatch {
			callers.Go(func() {
				for _, p := range (service{n}).ProposeAll(t.Context(), cmds) {
					if p.Err != nil || p.Result.Code != fsm.CodeDone {
						t.Errorf("got %+v, want a session", p)
					}
				}
			})
		}
		synctest.Wait()
		for _, p := range (service{n}).ProposeAll(t.Context(), cmds[:10]) {
			if !errors.Is(p.Err, transport.ErrOverloaded) {
				t.Errorf("queue is full: got %+v, want ErrOverloaded", p)
			}
		}
		release()
		callers.Wait()
		if got := n.Status().Counts.Sessions - before.Counts.Sessions; got != maxQueued+1 {
			t.Errorf("%d sessions, want %d", got, maxQueued+1)
		}
	})
}

// TestABatchOfWhichNothingIsKnown: each of its commands is told so, and none that it had no effect.
func TestABatchOfWhichNothingIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		n := c.leader("")
		h := openHolder(t, n, 100)
		c.cut(n.ID())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for i, p := range (service{n}).ProposeAll(ctx, []fsm.Command{h.ask(1), h.ask(2)}) {
			if !errors.Is(p.Err, transport.ErrOutcomeUnknown) {
				t.Errorf("command %d: got %+v, want ErrOutcomeUnknown", i, p)
			}
		}
		n.Kill()
	})
}
