package node

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport"
)

// sleep has n propose cmd, and its committer fall asleep between reading the stamp and appending
// it. It returns once that is so, with the answer to come and the way to wake the committer.
func sleep(t *testing.T, n *Node, cmd fsm.Command) (answer <-chan fsm.Result, wake func()) {
	t.Helper()
	asleep, woken := make(chan struct{}), make(chan struct{})
	n.committer.afterStamp = func() {
		n.committer.afterStamp = nil // this once; the hook is the committer's own
		close(asleep)
		<-woken
	}
	wake = sync.OnceFunc(func() { close(woken) })
	t.Cleanup(wake) // before the node is killed, which waits for the committer
	result := make(chan fsm.Result, 1)
	go func() {
		r, err := service{n}.Propose(t.Context(), cmd)
		if err != nil {
			t.Errorf("a proposal that slept: %v", err)
		}
		result <- r
	}()
	<-asleep
	return result, wake
}

// TestGroupCommit: what arrives while an entry is in flight is one entry.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 1, nil)
		n := c.leader("")
		openHolder(t, n, 100)
		open := fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b"}}
		_, release := sleep(t, n, open)
		before := n.Status()
		var callers sync.WaitGroup
		for range 300 {
			callers.Go(func() { propose(t, n, open) })
		}
		synctest.Wait()
		release()
		callers.Wait()
		after := n.Status()
		if got := after.Applied - before.Applied; got != 2 {
			t.Errorf("%d entries, want 2", got)
		}
		if got := after.Counts.Sessions - before.Counts.Sessions; got != 301 {
			t.Errorf("%d sessions, want 301", got)
		}
	})
}

// TestQueueIsBounded: beyond maxQueued callers are refused, and one who leaves the queue is
// surely not proposed.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 1, nil)
		n := c.leader("")
		openHolder(t, n, 100)
		open := fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b"}}
		_, release := sleep(t, n, open)
		before := n.Status()

		ctx, leave := context.WithCancel(t.Context())
		var leavers, stayers sync.WaitGroup
		for range maxQueued / 2 {
			leavers.Go(func() {
				_, err := service{n}.Propose(ctx, open)
				if !errors.Is(err, transport.ErrOverloaded) {
					t.Errorf("left the queue: got %v, want ErrOverloaded", err)
				}
			})
			stayers.Go(func() { propose(t, n, open) })
		}
		synctest.Wait()
		_, err := service{n}.Propose(t.Context(), open)
		if !errors.Is(err, transport.ErrOverloaded) {
			t.Errorf("queue is full: got %v, want ErrOverloaded", err)
		}
		leave()
		leavers.Wait()
		release()
		stayers.Wait()
		after := n.Status()
		if got := after.Counts.Sessions - before.Counts.Sessions; got != maxQueued/2+1 {
			t.Errorf("%d sessions, want %d", got, maxQueued/2+1)
		}
		// One held entry, and the queue in entries of at most maxBatch.
		if got := after.Applied - before.Applied; got > 2+maxQueued/maxBatch {
			t.Errorf("%d entries, want at most %d", got, 2+maxQueued/maxBatch)
		}
	})
}

// TestStopDrains: what is queued when a node is stopped is committed and answered.
func TestStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 1, nil)
		n := c.leader("")
		openHolder(t, n, 100)
		open := fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b"}}
		_, release := sleep(t, n, open)
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() { propose(t, n, open) })
		}
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() { stopped <- n.Stop(t.Context()) }()
		synctest.Wait()
		release()
		callers.Wait()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// TestKillDoesNotWaitForAMajority: an entry that can no longer commit does not hold up a Kill.
func TestKillDoesNotWaitForAMajority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		n := c.leader("")
		h := openHolder(t, n, 100)
		c.cut(n.ID())
		outcome := make(chan error, 1)
		go func() {
			_, err := service{n}.Propose(t.Context(), h.ask(1))
			outcome <- err
		}()
		synctest.Wait()
		began := time.Now()
		n.Kill()
		if took := time.Since(began); took > time.Second {
			t.Errorf("killed after %s", took)
		}
		if err := <-outcome; !errors.Is(err, transport.ErrOutcomeUnknown) {
			t.Errorf("got %v, want ErrOutcomeUnknown", err)
		}
		n.Kill()
		if err := n.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestErrorsOfRaft: only an entry that surely was not appended is told to have no effect.
func TestErrorsOfRaft(t *testing.T) {
	for _, tc := range []struct{ err, want error }{
		{raft.ErrNotLeader, transport.ErrNotLeader},
		{raft.ErrLeadershipTransferInProgress, transport.ErrNotLeader},
		{raft.ErrEnqueueTimeout, transport.ErrOverloaded},
		{raft.ErrLeadershipLost, transport.ErrOutcomeUnknown},
		{raft.ErrRaftShutdown, transport.ErrOutcomeUnknown},
		{raft.ErrAbortedByRestore, transport.ErrOutcomeUnknown},
		{errors.New("disk is full"), transport.ErrOutcomeUnknown},
	} {
		if got := sure(tc.err); !errors.Is(got, tc.want) {
			t.Errorf("%v: got %v, want %v", tc.err, got, tc.want)
		}
	}
}
