package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/leased-io/leased/node"
)

// maxServers bounds the servers of a cluster, those that were removed and still run among them.
const maxServers = 7

// server is a place for a node: what stays when the node ends.
type server struct {
	id      string
	founder bool
	nap     *sleeper

	// The rest is guarded by the lock of nodes.
	disk     *disk
	role     role
	voted    bool // it was seen to have a vote
	starting bool // a life is about to begin: no two share a disk
}

// role is what a server is to its cluster, as far as the cluster was asked.
type role uint8

const (
	// member: it founded the cluster or was started to join it, and nobody asked to remove it.
	member role = iota
	// leaving: it was asked to be removed, and nobody knows whether it was.
	leaving
	// removed: it is no member any more, and runs on.
	removed
	// ended: it was removed, or its whole cluster was lost, and it is over for good.
	ended
)

// recruit makes a server, on an empty disk.
func (c *nodes) recruit(founder bool) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := fmt.Sprintf("n%d", len(c.servers)+1)
	c.servers = append(c.servers, &server{
		id: id, founder: founder, disk: newDisk(c.o.Plant == PlantNoSync),
		nap: newSleeper(c, id, c.o.clockSeed(len(c.servers))),
	})
	c.net.admit(id)
	return id
}

// server returns the server of that id.
func (c *nodes) server(id string) *server {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.servers {
		if s.id == id {
			return s
		}
	}
	panic("cluster: no server " + id)
}

// disk is what a server writes to.
func (c *nodes) disk(id string) *disk {
	s := c.server(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.disk
}

// wipe gives a server that is down another disk, which is empty.
func (c *nodes) wipe(id string) {
	s, empty := c.server(id), newDisk(c.o.Plant == PlantNoSync)
	c.mu.Lock()
	defer c.mu.Unlock()
	s.disk = empty
}

// in returns the servers of those roles, in the order in which they were made.
func (c *nodes) in(roles ...role) (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.servers {
		if slices.Contains(roles, s.role) {
			ids = append(ids, s.id)
		}
	}
	return ids
}

// members are the servers that belong to the cluster, or may yet.
func (c *nodes) members() []string { return c.in(member, leaving) }

// become gives a server a role. One that has ended stays so.
func (c *nodes) become(id string, r role) {
	s := c.server(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.role != ended {
		s.role = r
	}
}

// end ends a server for good, as a crash would. Of its disk and its place nothing is kept.
func (c *nodes) end(id string) {
	c.become(id, ended)
	c.kill(id)
	c.wipe(id)
	c.net.dismiss(id)
}

// retire ends a server that is no member. Who looked for it finds another.
func (c *nodes) retire(id string) {
	c.end(id)
	if left := c.members(); len(left) > 0 {
		c.wires.move(apiAddress(id), apiAddress(left[len(left)-1]))
	}
}

// point has those who look for servers that have ended find some that vote, each another one, as
// whoever keeps names up to date sees to. Meanwhile all of them may have been led to a server that
// is no member, and knows of none.
func (c *nodes) point(ctx context.Context) error {
	var voters []string
	for waited := look * 0; len(voters) == 0; waited += look {
		if waited >= patience || ctx.Err() != nil {
			return errors.New("cluster: nobody leads")
		}
		pause(ctx, look)
		voters = c.voters()
	}
	for i, id := range c.in(ended) {
		c.wires.move(apiAddress(id), apiAddress(voters[i%len(voters)]))
	}
	return nil
}

// votes reports whether the cluster's leader counts on a server's vote.
func (c *nodes) votes(id string) bool { return slices.Contains(c.voters(), id) }

// voters are those that vote, as the leader has it; nobody if nobody leads.
func (c *nodes) voters() (ids []string) {
	for _, n := range c.up() {
		if !n.IsLeader() {
			continue
		}
		for _, m := range n.Status().Members {
			if m.Voter {
				ids = append(ids, m.ID)
			}
		}
		break
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.servers {
		s.voted = s.voted || slices.Contains(ids, s.id)
	}
	return ids
}

// assembled waits until those vote that are members, and nobody else. A newcomer that the cluster
// refuses is given another disk.
func (c *nodes) assembled(ctx context.Context) error {
	want := c.in(member)
	slices.Sort(want)
	var got []string
	for waited := look * 0; waited < patience && ctx.Err() == nil; waited += look {
		if got = c.voters(); slices.Equal(got, want) {
			return nil
		}
		for _, n := range c.up() {
			if err := c.welcome(ctx, n); err != nil {
				return err
			}
		}
		pause(ctx, look)
	}
	return fmt.Errorf("cluster: the voters are %v, want %v", got, want)
}

// welcome empties the disk of a newcomer that the cluster takes for one that was removed, as it
// says that one should: the leader that was adding it has sent it entries, and was deposed before
// others had them. Nobody was removed who has voted and was not asked to leave.
func (c *nodes) welcome(ctx context.Context, n *node.Node) error {
	if n.Status().State != "removed" {
		return nil
	}
	s := c.server(n.ID())
	c.mu.Lock()
	refused := s.role == member
	voted := s.voted || s.founder
	c.mu.Unlock()
	switch {
	case !refused:
		return nil
	case voted:
		return fmt.Errorf("cluster: %s has voted, was not asked to leave, and was removed", s.id)
	}
	c.tally.note("newcomer refused")
	c.kill(s.id)
	c.heal(s.id)
	c.wipe(s.id)
	return c.start(ctx, s.id)
}
