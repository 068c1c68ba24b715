package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/transport"
)

// TestReplaceAll: one newcomer after the other takes the place of a founder, under proposals,
// until none is left. What was decided stays.
func TestReplaceAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFounders(t, 3, NewDirectory(), nil)
		c.voters("n1", "n2", "n3")
		traffic := c.offer()
		c.join("n4")
		c.voters("n1", "n2", "n3", "n4")
		c.retire("n1")
		c.join("n5")
		c.voters("n2", "n3", "n4", "n5")
		c.retire("n2")
		c.join("n6")
		c.voters("n3", "n4", "n5", "n6")
		c.retire("n3")
		c.voters("n4", "n5", "n6")
		traffic.end()
		c.converged()
	})
}

// TestChurn: three servers become five, and other three, under proposals. The leader is among
// those removed.
func TestChurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFounders(t, 3, NewDirectory(), nil)
		c.voters("n1", "n2", "n3")
		traffic := c.offer()
		for round := range 3 {
			first := fmt.Sprintf("m%d", 2*round+1)
			second := fmt.Sprintf("m%d", 2*round+2)
			c.join(first)
			c.join(second) // both at once
			eventually(t, patience, "five voters", func() bool {
				return c.member(first).Voter && c.member(second).Voter
			})
			c.retire(c.leader("").ID())
			for id := range c.nodes {
				if id != c.leader("").ID() {
					c.retire(id)
					break
				}
			}
		}
		traffic.end()
		c.converged()
		if n := len(c.nodes); n != 3 {
			t.Errorf("%d nodes are left", n)
		}
	})
}

// TestRemoveIsRefused: the last voter stays, and so does a voter without whom the others, as far
// as they answer, could not decide anything. A server that does not answer may go at any time.
func TestRemoveIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFounders(t, 3, NewDirectory(), nil)
		c.voters("n1", "n2", "n3")
		leader := c.leader("").ID()
		var others []string
		for id := range c.nodes {
			if id != leader {
				others = append(others, id)
			}
		}
		c.kill(others[0])
		pass(time.Second)
		for _, id := range []string{others[1], leader} {
			_, err := c.ask(leader, id)
			if status.Code(err) != codes.FailedPrecondition {
				t.Errorf("remove %s with %s dead: got %v, want it refused", id, others[0], err)
			}
		}
		if !c.nodes[leader].IsLeader() {
			t.Error("leadership was handed over for a removal that is refused")
		}
		c.voters("n1", "n2", "n3")

		removed, err := c.ask(others[1], others[0]) // forwarded
		if err != nil || !removed {
			t.Errorf("remove the dead %s: got %t, %v", others[0], removed, err)
		}
		removed, err = c.ask(others[1], others[0])
		if err != nil || removed {
			t.Errorf("again: got %t, %v", removed, err)
		}
		removed, err = c.ask(leader, "stranger")
		if err != nil || removed {
			t.Errorf("remove a stranger: got %t, %v", removed, err)
		}
		c.retire(others[1])
		_, err = c.ask(leader, leader)
		if status.Code(err) != codes.FailedPrecondition {
			t.Errorf("remove the last: got %v, want it refused", err)
		}
		traffic := c.offer()
		pass(time.Second)
		traffic.end()
	})
}

// TestRemovalInFlight: that a server is no member is said once it is committed that it is none.
func TestRemovalInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFounders(t, 3, NewDirectory(), nil)
		c.voters("n1", "n2", "n3")
		leader := c.leader("")
		id := "n1"
		if id == leader.ID() {
			id = "n2"
		}
		c.cut(leader.ID())
		var first error
		var asking sync.WaitGroup
		asking.Go(func() { _, first = service{leader}.RemoveMember(t.Context(), id) })
		synctest.Wait()
		if servers := leader.members.configuration(); len(servers) != 2 {
			t.Errorf("the leader's configuration is %v, want it without %s", servers, id)
		}
		_, again := service{leader}.RemoveMember(t.Context(), id)
		asking.Wait()
		if !errors.Is(first, transport.ErrOutcomeUnknown) {
			t.Errorf("got %v, want ErrOutcomeUnknown", first)
		}
		if !errors.Is(again, transport.ErrNotLeader) { // it has changed nothing itself
			t.Errorf("got %v, want ErrNotLeader", again)
		}
		c.heal(leader.ID())
		c.remove(id)
		c.kill(id)
		c.converged()
	})
}

// TestOneChangeAtATime: whoever reads the configuration to change it is alone until that is
// decided, or a removed server would be made a voter by a leader that has just seen it among the
// others. A removal that changes nothing leaves nothing in the log.
func TestOneChangeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFounders(t, 3, NewDirectory(), nil)
		c.voters("n1", "n2", "n3")
		leader := c.leader("")
		leader.members.changing <- struct{}{}
		c.add("n4")
		c.start("n4")
		pass(10 * time.Second)
		if servers := leader.members.configuration(); len(servers) != 3 {
			t.Errorf("during another change it is added: %v", servers)
		}
		other := "n1"
		if other == leader.ID() {
			other = "n2"
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := service{leader}.RemoveMember(ctx, other)
		if !errors.Is(err, transport.ErrOverloaded) {
			t.Errorf("during another change: got %v, want ErrOverloaded", err)
		}
		<-leader.members.changing
		c.voters("n1", "n2", "n3", "n4")
		c.remove("n4")
		last := leader.raft.LastIndex()
		removed, err := service{leader}.RemoveMember(t.Context(), "n4")
		if removed || err != nil {
			t.Errorf("once more: removed %t, %v", removed, err)
		}
		if leader.raft.LastIndex() != last {
			t.Errorf("it left entry %d in the log", leader.raft.LastIndex())
		}
	})
}

// TestRemovedStaysOut: a server that was removed says so and does not come back, nor does it
// disturb the others, whether it heard of it or not, or started anew. On an empty disk it joins.
func TestRemovedStaysOut(t *testing.T) {
	for _, hears := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := startFounders(t, 3, NewDirectory(), nil)
			c.voters("n1", "n2", "n3")
			old := c.leader("").ID()
			out := c.nodes[old]
			if !hears { // of its removal by raft, and it never leads again
				c.cut(old)
				c.leader(old)
				eventually(t, patience, "it to step down", func() bool { return !out.IsLeader() })
			}
			c.remove(old)
			c.heal(old)
			isOut := func() bool { return c.nodes[old].Status().State == "removed" }
			eventually(t, patience, "the server to know", isOut)
			term, leader := c.leader(old).Status().Term, c.leader(old).ID()
			traffic := c.offer()
			pass(10 * time.Second)
			c.kill(old)
			c.start(old)
			eventually(t, patience, "it to know in its next life", isOut)
			pass(10 * time.Second)
			traffic.end()
			if st := c.leader(old).Status(); st.Term != term || st.Leader != leader {
				t.Errorf("led by %s in term %d, was %s in %d", st.Leader, st.Term, leader, term)
			}
			if m := c.member(old); m.Voter || !m.Alive {
				t.Errorf("the others see %+v", m)
			}
			if _, err := c.ask(old, "n1"); status.Code(err) != codes.Unavailable {
				t.Errorf("asked, it says %v", err)
			}
			c.kill(old)
			c.join(old)
			c.voters("n1", "n2", "n3")
			c.converged()
		})
	}
}

// TestNewcomerBehind: a newcomer whose raft is not in reach, or whose log does not keep up, is
// never a voter, and costs the cluster nothing. It can be removed, and stays out.
func TestNewcomerBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFounders(t, 3, NewDirectory(), nil)
		c.voters("n1", "n2", "n3")
		traffic := c.offer()
		c.add("n4")
		n4 := c.start("n4")
		c.cut("n4")
		pass(10 * time.Second)
		if m := c.member("n4"); m.Voter || !m.Alive {
			t.Errorf("a newcomer that is not in reach: got %+v", m)
		}
		var dead string
		for id, n := range c.nodes {
			if id != "n4" && !n.IsLeader() {
				dead = id
			}
		}
		c.kill(dead) // two of three voters, and the newcomer, are still a quorum
		pass(10 * time.Second)
		c.remove("n4")
		c.heal("n4")
		pass(10 * time.Second)
		if m := c.member("n4"); m.Voter || n4.Status().State != "removed" {
			t.Errorf("after its removal: got %+v, it says %q", m, n4.Status().State)
		}
		// Nor does another leader add it, who did not remove it.
		c.start(dead)
		pass(time.Second)
		c.kill(c.leader("").ID())
		c.leader("")
		pass(10 * time.Second)
		if servers := c.leader("").members.configuration(); len(servers) != 3 {
			t.Errorf("the configuration is %v", servers)
		}
		traffic.end()
	})
}

// TestKeptUp: a newcomer votes after so many rounds in a row, in each of which it held what the
// leader held one round before.
func TestKeptUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 1, nil)
		n := c.leader("")
		m := newMembership("n1", n.cfg, n.leadership, watchContacts(nil), n.log)
		hear := func(last uint64) {
			m.contacts.byID["new"] = contact{at: time.Now(), last: last}
		}
		round := func(name string, last uint64, want bool) {
			t.Helper()
			if m.keptUp("new") {
				t.Errorf("%s: votes before the round is over", name)
			}
			pass(m.round())
			if last > 0 {
				hear(last)
			}
			if got := m.keptUp("new"); got != want {
				t.Errorf("%s: votes: got %t, want %t", name, got, want)
			}
		}
		now := n.raft.LastIndex()
		for i := range steadyRounds - 1 {
			round(fmt.Sprintf("round %d", i), now, false)
		}
		round("behind", now-1, false)
		for i := range steadyRounds - 1 {
			round(fmt.Sprintf("again, round %d", i), now, false)
		}
		round("silent", 0, true) // heard a round ago, which is just within
		pass(time.Millisecond)
		round("silent for longer", 0, false)
		for range steadyRounds - 1 {
			round("once more", now, false)
		}
		round("steady", now+1, true)
		m.contacts.keep([]raft.Server{{ID: "n1"}})
		if len(m.contacts.byID) != 0 {
			t.Error("a server that left is remembered")
		}
	})
}

// TestDirectory: whom gossip does not show is not added, and is when it does.
func TestDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := NewDirectory()
		c := startFounders(t, 3, dir, nil)
		c.voters("n1", "n2", "n3")
		dir.Cut("n4")
		n4 := c.join("n4")
		pass(10 * time.Second)
		if m := c.member("n4"); m.ID != "" {
			t.Errorf("added though it is not seen: %+v", m)
		}
		if seen := n4.Status().Members; len(seen) != 1 {
			t.Errorf("it sees %+v", seen)
		}
		dir.Heal("n4")
		c.voters("n1", "n2", "n3", "n4")
		dir.Cut("n4")
		pass(10 * time.Second)
		if m := c.member("n4"); !m.Voter || m.Alive {
			t.Errorf("a voter that is not seen: %+v", m)
		}
	})
}
