package sim

import (
	"fmt"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
)

// override proposes to set a limit for a time, for all or for a key, or to clear what was set. It
// is for two periods at most, so that it is over when the healed phase wants everybody served.
func override(c *cluster, o Options) {
	limit := o.Limits[c.w.rng.IntN(len(o.Limits))]
	set := &fsm.SetLimit{Budget: "b", Metric: limit.Metric, Per: limit.Per, Kind: limit.Kind}
	if o.Keys > 0 && limit.Kind != budget.KindBucket && c.w.rng.IntN(3) > 0 {
		set.Key = fmt.Sprintf("k%d", c.w.rng.IntN(o.Keys))
	}
	if c.w.rng.IntN(5) == 0 {
		set.Clear = true
	} else {
		amount := limit.Amount/2 + budget.Credits(c.w.rng.Int64N(int64(limit.Amount)+1))
		set.Amount = min(max(1, amount), budget.MaxAmount)
		set.For = max(1, c.w.spread(2*o.Limits[0].Per))
	}
	c.propose(fsm.Command{SetLimit: set}, nil)
}
