package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leased-io/leased/client"
)

const (
	// fewestVoters is how many servers no strike goes below: fewer survive no crash.
	fewestVoters = 3
	// promotion bounds the wait for a newcomer's vote, and removal one call that removes a server.
	promotion = 30 * time.Second
	removal   = 20 * time.Second
)

// ofMembers are changes of who belongs to the cluster, beside all other faults.
var ofMembers = []strike{
	{"join", false, (*storm).join},
	{"leave", false, (*storm).leave},
	{"leader leaves", false, (*storm).leaderLeaves},
	{"dead leave", false, (*storm).deadLeave},
	{"replace", false, (*storm).replaceOne},
	{"replace all", false, (*storm).replaceAll},
	{"grow and shrink", false, (*storm).growAndShrink},
}

// join starts a server that belongs to the cluster from then on.
func (s *storm) join(ctx context.Context, rng *hand) { s.joinOne(ctx, rng) }

// joinOne starts a newcomer and waits for its vote. It reports whether it has it.
func (s *storm) joinOne(ctx context.Context, rng *hand) bool {
	if len(s.c.in(member, leaving, removed)) >= maxServers {
		return false
	}
	id := s.c.recruit(false)
	rng.victims = append(rng.victims, id)
	if err := s.c.start(s.last, id); err != nil {
		s.failed(err)
		return false
	}
	for waited := look * 0; waited < promotion && ctx.Err() == nil; waited += look {
		if s.c.votes(id) {
			s.c.tally.note("joined")
			return true
		}
		pause(ctx, look)
	}
	return false
}

// spare reports whether the cluster can do without a server. If not, one joins before.
func (s *storm) spare(ctx context.Context, rng *hand) bool {
	return len(s.c.voters()) > fewestVoters || s.joinOne(ctx, rng)
}

// leave removes a server, any.
func (s *storm) leave(ctx context.Context, rng *hand) {
	if !s.spare(ctx, rng) {
		return
	}
	members := s.c.in(member)
	s.removeOne(ctx, rng, members[rng.IntN(len(members))])
}

// leaderLeaves removes the one that leads.
func (s *storm) leaderLeaves(ctx context.Context, rng *hand) {
	if !s.spare(ctx, rng) {
		return
	}
	if id := s.c.leader(); id != "" {
		s.removeOne(ctx, rng, id)
	}
}

// deadLeave crashes a server, which never comes back, and removes it.
func (s *storm) deadLeave(ctx context.Context, rng *hand) {
	if !s.spare(ctx, rng) {
		return
	}
	members := s.c.in(member)
	id := members[rng.IntN(len(members))]
	s.c.kill(id)
	pause(ctx, s.span(rng))
	s.removeOne(ctx, rng, id)
	s.c.heal(id) // one that stays comes back when all is mended
}

// removeOne has the cluster remove a server. One that is removed runs on for a while, at times,
// before it ends. One of which nobody knows whether it was removed is asked about in the end.
func (s *storm) removeOne(ctx context.Context, rng *hand, id string) {
	if len(s.c.voters()) <= fewestVoters {
		return
	}
	rng.victims = append(rng.victims, id)
	switch err := s.c.remove(ctx, s.admin, id); {
	case errors.Is(err, client.ErrQuorum):
		s.c.tally.note("removal refused")
	case err == nil:
		s.c.tally.note("removed")
		if rng.IntN(2) == 0 {
			pause(ctx, s.span(rng))
		}
		s.c.retire(id)
	}
}

// remove has the cluster remove a server, and notes what is known of it then.
func (c *nodes) remove(ctx context.Context, a *admin, id string) error {
	ctx, cancel := context.WithTimeout(ctx, removal)
	defer cancel()
	c.become(id, leaving)
	_, err := a.client.RemoveMember(ctx, id)
	switch {
	case errors.Is(err, client.ErrQuorum):
		c.become(id, member)
	case err == nil:
		c.become(id, removed)
	}
	return err
}

// replaceOne has a newcomer take a server's place.
func (s *storm) replaceOne(ctx context.Context, rng *hand) {
	members := s.c.in(member)
	id := members[rng.IntN(len(members))]
	if s.joinOne(ctx, rng) {
		s.removeOne(ctx, rng, id)
	}
}

// replaceAll has newcomers take the places of all servers, one after the other.
func (s *storm) replaceAll(ctx context.Context, rng *hand) {
	for _, id := range s.c.in(member) {
		if ctx.Err() != nil || !s.joinOne(ctx, rng) {
			return
		}
		s.removeOne(ctx, rng, id)
	}
}

// growAndShrink adds two servers, and removes two.
func (s *storm) growAndShrink(ctx context.Context, rng *hand) {
	s.joinOne(ctx, rng)
	s.joinOne(ctx, rng)
	pause(ctx, s.span(rng))
	s.leave(ctx, rng)
	s.leave(ctx, rng)
}

// settleMembers finds out, in a cluster that is well, about the servers that were asked to leave:
// they are removed, and end. Nobody comes back.
func (c *nodes) settleMembers(ctx context.Context, a *admin) error {
	if err := c.point(ctx); err != nil {
		return err
	}
	for _, id := range c.in(leaving) {
		err := client.ErrQuorum // as long as those who were just started have not answered
		for waited := look * 0; waited < patience && errors.Is(err, client.ErrQuorum); waited += look {
			pause(ctx, look)
			err = c.remove(ctx, a, id)
		}
		if err != nil {
			return fmt.Errorf("cluster: remove %s once all is well: %w", id, err)
		}
	}
	for _, id := range c.in(removed) {
		c.retire(id)
	}
	return c.assembled(ctx)
}
