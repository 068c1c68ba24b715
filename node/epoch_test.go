package node

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
)

// TestSleepingProposal is the schedule of R3. A leader reads its clock, sleeps through the loss
// and regain of its leadership, and appends: raft takes it in the new term, but its stamp is
// from an epoch that is over. It must have no effect, and its retry one.
func TestSleepingProposal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		n := c.leader("")
		h := openHolder(t, n, 100)
		firstEpoch := n.Status().Epoch

		// A minute without a command: the cluster time in the log stays behind, and the stamp
		// that is read now is in the next window.
		time.Sleep(time.Minute) //nolint:forbidigo // in a synctest bubble
		ask := h.ask(60)
		answer, wake := sleep(t, n, ask)
		stamp := n.leadership.current.Load().now()

		// Leadership goes to another node, which grants in the old window, and comes back.
		var other *Node
		for id, candidate := range c.nodes {
			if id != n.ID() {
				other = candidate
			}
		}
		transfer(t, n, other)
		second := propose(t, other, fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b"}})
		h2 := &holder{t: t, session: second.Session, revision: second.Revision}
		if r := propose(t, other, h2.ask(70)); r.Code != fsm.CodeDone || r.Grants[0].Window != 0 {
			t.Fatalf("grant of the second epoch: got %+v", r)
		}
		transfer(t, other, n)
		third := n.Status()
		if third.Epoch <= firstEpoch || third.T >= stamp {
			t.Fatalf("no R3 schedule: epoch %d after %d, T %d, sleeping stamp %d",
				third.Epoch, firstEpoch, third.T, stamp)
		}

		// What would happen without R3: time jumps over the window in which 70 are lent.
		jumped := clone(t, n)
		jumped.Apply(third.Applied+1000, third.Term+1, fsm.Entry{
			Epoch: jumped.Epoch(), Stamp: stamp, Commands: []fsm.Command{ask},
		})
		if b, _ := jumped.Budget("b", ""); jumped.T() != stamp || b.Limits[0].Window != 1 {
			t.Fatalf("the schedule is harmless: T %d, stamp %d, %+v", jumped.T(), stamp, b)
		}

		wake()
		got := <-answer
		// 70 of 100 are lent in the window, so that 60 more are too many: the retry was decided
		// in the present, not in the sleeper's window.
		if got.Code != fsm.CodeDenied || got.Denial.Left != 30 {
			t.Errorf("got %+v, want a denial with 30 left", got)
		}
		if after := n.Status(); after.T >= stamp || after.Applied < third.Applied+2 {
			t.Errorf("T %d, want below the sleeping stamp %d; applied %d, want two entries past %d",
				after.T, stamp, after.Applied, third.Applied)
		}
		if got := used(t, n); got != 70 {
			t.Errorf("used: got %d, want 70", got)
		}
	})
}

// TestStaleEpochIsChargedOnce: a proposal that was refused for its epoch and stamped anew is
// charged once, and says so to its caller as if nothing had happened.
func TestStaleEpochIsChargedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		n := c.leader("")
		h := openHolder(t, n, 100)
		var other *Node
		for id, candidate := range c.nodes {
			if id != n.ID() {
				other = candidate
			}
		}
		ask := h.ask(40)
		answer, wake := sleep(t, n, ask)
		transfer(t, n, other)
		transfer(t, other, n)
		before := n.Status().Applied
		wake()
		if got := <-answer; got.Code != fsm.CodeDone || got.Grants[0].Amount != 40 {
			t.Fatalf("got %+v", got)
		}
		if got := n.Status().Applied; got != before+2 {
			t.Errorf("%d entries, want 2: the stale one and its retry", got-before)
		}
		if got := used(t, n); got != 40 {
			t.Errorf("used: got %d, want 40", got)
		}
		c.converged()
	})
}

// transfer moves leadership, and waits until the new leader's epoch is open.
func transfer(t *testing.T, from, to *Node) {
	t.Helper()
	id, address := raft.ServerID(to.ID()), raft.ServerAddress(to.RaftAddr())
	if err := from.raft.LeadershipTransferToServer(id, address).Error(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "the transfer", func() bool {
		return to.IsLeader() && !from.IsLeader()
	})
}

// clone copies a node's state.
func clone(t *testing.T, n *Node) *fsm.State {
	t.Helper()
	var b bytes.Buffer
	var err error
	n.fsm.View(func(s *fsm.State) { err = s.Snapshot(&b) })
	if err != nil {
		t.Fatal(err)
	}
	s, err := fsm.Restore(&b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
