package node

import (
	"context"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport"
)

// proposeAll commits cmds in one entry and returns what each came to; see transport.Coordinator.
// Those whose epoch was over are proposed again, together: they surely had no effect.
func (c *committer) proposeAll(ctx context.Context, cmds []fsm.Command) []transport.Proposed {
	all := make([]transport.Proposed, len(cmds))
	places := make([]int, len(cmds)) // of those that are not decided
	for i := range places {
		places[i] = i
	}
	for attempt := 1; len(cmds) > 0; attempt++ {
		results, err := c.proposeOnce(ctx, cmds)
		var again []fsm.Command
		stale := places[:0]
		for i, at := range places {
			if err != nil {
				all[at] = transport.Proposed{Err: err}
				continue
			}
			all[at] = transport.Proposed{Result: results[i]}
			if results[i].Code == fsm.CodeStaleEpoch && attempt < maxStale {
				again, stale = append(again, cmds[i]), append(stale, at)
			}
		}
		cmds, places = again, stale
	}
	return all
}
