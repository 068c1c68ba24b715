package cluster

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// TestMembers: servers come and go, and the addresses of those that went lead to others. One that
// somebody else removed is noticed.
func TestMembers(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, a *admin) {
		if err := c.assembled(ctx); err != nil {
			t.Fatal(err)
		}
		for i, old := range c.in(member) {
			id := c.recruit(false)
			if err := c.start(ctx, id); err != nil {
				t.Fatal(err)
			}
			if err := c.assembled(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.remove(ctx, a, old); err != nil {
				t.Fatal(err)
			}
			if i > 0 { // the first is found by the healing
				c.retire(old)
			}
			if err := c.settleMembers(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"n4", "n5", "n6"}
		if got := c.members(); !slices.Equal(got, want) {
			t.Errorf("the members are %v, want %v", got, want)
		}
		if err := settled(ctx, c, a); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		if _, err := a.client.RemoveMember(ctx, "n5"); err != nil {
			t.Fatal(err)
		}
		err := c.assembled(ctx)
		if err == nil || !strings.Contains(err.Error(), "was not asked to leave") {
			t.Errorf("removed by another: got %v", err)
		}
		c.become("n5", removed)
	})
}

// TestRefusedNewcomer: a newcomer that the cluster takes for one that was removed gets another
// disk, and joins.
func TestRefusedNewcomer(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, a *admin) {
		id := c.recruit(false)
		if err := c.start(ctx, id); err != nil {
			t.Fatal(err)
		}
		for waited := look * 0; waited < patience && !c.votes(id); waited += look {
			pause(ctx, look)
		}
		if _, err := a.client.RemoveMember(ctx, id); err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		for _, s := range c.servers {
			s.voted = s.voted && s.id != id
		}
		c.mu.Unlock()
		if err := c.assembled(ctx); err != nil {
			t.Error(err)
		}
		if counts, _ := c.tally.all(); counts["newcomer refused"] != 1 {
			t.Errorf("counted %v", counts)
		}
	})
}

// TestOneLife: a server that is up is not started again, one that has ended never is; what is asked
// after the loss of all finds the addresses of those who were there last.
func TestOneLife(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, _ *admin) {
		up := c.up()
		if err := c.start(ctx, "n1"); err != nil || !slices.Equal(c.up(), up) {
			t.Errorf("started twice: %v, up are %d", err, len(c.up()))
		}
		store := c.disk("n1").store
		c.ruin()
		if err := c.start(ctx, "n1"); err != nil || len(c.up()) > 0 {
			t.Errorf("started after its end: %v, up are %d", err, len(c.up()))
		}
		if c.disk("n1").store == store || len(c.net.stalled) > 0 || len(c.net.ports) > 0 {
			t.Errorf("kept of those who ended: %d places, %d ports", len(c.net.stalled), len(c.net.ports))
		}
		other, err := c.connect("other")
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}
