package node

import (
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/leased-io/leased/transport/leasedv1"
)

// TestMembersOnLoopback: with real sockets and disks, a newcomer takes the leader's place. The old
// leader says that it is out, and stays out in its next life, though it has a cluster in its log.
func TestMembersOnLoopback(t *testing.T) {
	nodes := map[string]*Node{}
	configs := map[string]Config{}
	start := func(id string, expect int, join ...string) *Node {
		t.Helper()
		cfg := localConfig(t, id)
		cfg.ListenGossip, cfg.BootstrapExpect, cfg.Join = "127.0.0.1:0", expect, join
		configs[id], nodes[id] = cfg, startLocal(t, cfg)
		return nodes[id]
	}
	first := start("n1", 3).GossipAddr()
	start("n2", 3, first)
	start("n3", 3, first)
	leader := func() (leader *Node) {
		t.Helper()
		eventually(t, 15*time.Second, "a leader", func() bool {
			for _, n := range nodes {
				if n.IsLeader() {
					leader = n
				}
			}
			return leader != nil && leader.IsLeader()
		})
		return leader
	}
	old := leader()
	clientOf(t, old).put("b", 100)
	n4 := start("n4", 0, first)
	eventually(t, 15*time.Second, "the newcomer to vote", func() bool {
		for _, m := range leader().Status().Members {
			if m.ID == "n4" && m.Voter {
				return true
			}
		}
		return false
	})

	conn, err := grpc.NewClient(n4.APIAddr(),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	retry(t, func() (*leasedv1.RemoveMemberResponse, error) { // n4 forwards to whoever leads
		return leasedv1.NewClusterClient(conn).
			RemoveMember(t.Context(), &leasedv1.RemoveMemberRequest{Id: old.ID()})
	})
	out := func() bool { return nodes[old.ID()].Status().State == stateRemoved }
	eventually(t, 15*time.Second, "the old leader to know", out)
	old.Kill()
	cfg := configs[old.ID()]
	cfg.BootstrapExpect, cfg.Join = 0, []string{n4.GossipAddr()}
	nodes[old.ID()] = startLocal(t, cfg)
	eventually(t, 15*time.Second, "it to know in its next life", out)
	clientOf(t, n4).put("b", 200)
	st := leader().Status()
	voters := 0
	for _, m := range st.Members {
		if m.Voter {
			voters++
		}
		if m.ID == old.ID() && (m.Voter || !m.Alive) {
			t.Errorf("the server that was removed is seen as %+v", m)
		}
	}
	if voters != 3 {
		t.Errorf("got the members %+v", st.Members)
	}
}
