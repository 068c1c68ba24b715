package node

import (
	"context"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport"
)

// proposeAll commits cmds and returns what each came to; see transport.Coordinator. They are in the
// queue together before the next entry is closed, so that they are in one, if it has room. Those
// whose epoch was over are proposed again, together: they surely had no effect.
func (c *committer) proposeAll(ctx context.Context, cmds []fsm.Command) []transport.Proposed {
	all := make([]transport.Proposed, len(cmds))
	left := make([]int, len(cmds)) // the places of those that are not decided
	for i := range left {
		left[i] = i
	}
	for attempt := 1; len(left) > 0; attempt++ {
		proposals := c.enqueueAll(cmds, left, all)
		stale := left[:0]
		for i, at := range left {
			if proposals[i] == nil {
				continue
			}
			all[at].Result, all[at].Err = c.await(ctx, proposals[i])
			if all[at].Err == nil && all[at].Result.Code == fsm.CodeStaleEpoch && attempt < maxStale {
				stale = append(stale, at)
			}
		}
		left = stale
	}
	return all
}

// enqueueAll puts those of cmds that are at places into the queue, one after the other. Of what the
// queue has no room for it notes so in all, and returns nil.
func (c *committer) enqueueAll(
	cmds []fsm.Command, places []int, all []transport.Proposed,
) []*proposal {
	proposals := make([]*proposal, len(places))
	leads := !c.closing.Load() && c.leadership.current.Load() != nil
	c.arrivals.RLock()
	defer c.arrivals.RUnlock()
	for i, at := range places {
		all[at] = transport.Proposed{Err: transport.ErrNotLeader}
		if leads {
			proposals[i], all[at].Err = c.enqueue(cmds[at])
		}
	}
	return proposals
}
