package sizing

import (
	"errors"
	"fmt"

	"github.com/leased-io/leased/budget"
)

// Policy is how sizes are chosen.
type Policy string

const (
	// PolicyEOQ orders the economic order quantity of the predicted demand.
	PolicyEOQ Policy = "eoq"
	// PolicyHedge learns which of a grid of fixed sizes does best, and predicts nothing.
	PolicyHedge Policy = "hedge"
	// PolicyAided learns as PolicyHedge does, with the prediction as its hint, with the economic
	// order quantity, its double and its half among the sizes, and with the fixed ones cut to
	// what a burst may still spend of the window. Its regret is against the best of these.
	PolicyAided Policy = "aided"
	// PolicyFixed orders Size every time: see Fixed.
	PolicyFixed Policy = "fixed"
)

// ErrConfig is returned when a Config is out of range.
var ErrConfig = errors.New("sizing: invalid config")

// Bounds and default of Config.Stranding.
const (
	DefaultStranding = 128
	MaxStranding     = 1 << 20
)

// Config says how to choose sizes.
type Config struct {
	// Policy is PolicyEOQ, PolicyHedge, PolicyAided or PolicyFixed.
	Policy Policy
	// Stranding is what it costs, in calls, if the whole limit is held unspent for one of its
	// windows: 1..MaxStranding. More of it means smaller leases and more calls. With the
	// default a holder that spends a whole limit evenly asks 8 times a window, and one of n that
	// share it 8/sqrt(n) times.
	Stranding int64
	// Size is what PolicyFixed orders: 1..budget.MaxAmount. 0 with the others.
	Size int64
	// Seed chooses the draws. Holders of one account do well to have different ones.
	Seed uint64
}

// DefaultConfig returns the configuration that is meant to be good for most.
func DefaultConfig() Config { return Config{Policy: PolicyAided, Stranding: DefaultStranding} }

// Validate returns all that is wrong with c, each matching ErrConfig, or nil.
func (c Config) Validate() error {
	var problems []error
	switch c.Policy {
	case PolicyEOQ, PolicyHedge, PolicyAided:
		if c.Size != 0 {
			problems = append(problems, fmt.Errorf("%w: size %d, allowed with policy %q is 0",
				ErrConfig, c.Size, c.Policy))
		}
	case PolicyFixed:
		if c.Size < 1 || c.Size > int64(budget.MaxAmount) {
			problems = append(problems, fmt.Errorf("%w: size %d, allowed is 1..%d",
				ErrConfig, c.Size, budget.MaxAmount))
		}
		return errors.Join(problems...)
	default:
		problems = append(problems, fmt.Errorf("%w: policy %q, allowed are %q, %q, %q and %q",
			ErrConfig, c.Policy, PolicyEOQ, PolicyHedge, PolicyAided, PolicyFixed))
	}
	if c.Stranding < 1 || c.Stranding > MaxStranding {
		problems = append(problems, fmt.Errorf("%w: stranding %d calls, allowed is 1..%d",
			ErrConfig, c.Stranding, MaxStranding))
	}
	return errors.Join(problems...)
}
