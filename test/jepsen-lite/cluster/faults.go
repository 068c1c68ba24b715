package cluster

import (
	"context"
	"time"
)

const (
	// look is how often the leader is looked at.
	look = 20 * time.Millisecond
	// deepNap is how long a leader must sleep on for it to be worth while to depose it: some
	// elections' time.
	deepNap = 2 * time.Second
	// turns bounds how often leadership is moved on until it is back.
	turns = 4
	// election bounds the wait for a leader: several election timeouts.
	election = 3 * time.Second
)

// awaitNap returns the leader as soon as it sleeps deeply between a stamp and its append, and
// whoever leads when patience is over; nothing if nobody does.
func (c *nodes) awaitNap(ctx context.Context, patience time.Duration) string {
	for waited := time.Duration(0); waited < patience && ctx.Err() == nil; waited += look {
		if id := c.leader(); id != "" && c.server(id).nap.asleep() > deepNap {
			return id
		}
		pause(ctx, look)
	}
	return c.leader()
}

// depose cuts off the leader, and returns how often leadership moved. If the leader sleeps, it
// moves on until it is back or the sleeper wakes: the schedule of R3.
func (c *nodes) depose(ctx context.Context, id string) (moves int) {
	cut := id
	for range turns {
		c.cut(cut)
		moves++
		next := c.awaitLeader(ctx, cut)
		c.heal(cut)
		if next == "" || next == id || c.server(id).nap.asleep() <= 0 {
			return moves
		}
		cut = next
	}
	return moves
}

// awaitLeader returns a leader other than the one named, or nothing if there is none in time.
func (c *nodes) awaitLeader(ctx context.Context, but string) string {
	for waited := time.Duration(0); waited < election && ctx.Err() == nil; waited += look {
		if id := c.leaderBut(but); id != "" {
			return id
		}
		pause(ctx, look)
	}
	return ""
}
