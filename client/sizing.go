package client

import (
	"fmt"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/sizing"
)

// WithSizing has the limiter choose by c how many credits it asks for, instead of asking for the
// next seconds' demand. What it admits stays within the budget either way. To c.Seed the
// limiter's session is added, so that limiters draw differently. Status tells what is chosen.
func WithSizing(c sizing.Config) LimiterOption {
	return func(o *limiterOptions) { o.sizing = &c }
}

// validSizing returns what is wrong with an option of WithSizing, or nil.
func validSizing(c *sizing.Config) error {
	if c == nil {
		return nil
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// sizingOf returns what makes the sizers of a limiter with that session; nil without the option.
func sizingOf(c *sizing.Config, session lease.SessionID) lease.Sizing {
	if c == nil {
		return nil
	}
	if c.Policy == sizing.PolicyFixed {
		fixed := sizing.NewFixed(c.Size)
		return func(budget.Limit) lease.Sizer { return fixed }
	}
	own := *c
	own.Seed += uint64(session)
	return func(limit budget.Limit) lease.Sizer { return sizing.New(limit, own) }
}

// sizingStatus returns what a sizer has chosen; nil if there is none.
func sizingStatus(s lease.Sizer, now lease.Reading) *sizing.Status {
	sizer, ok := s.(*sizing.Sizer)
	if !ok {
		return nil
	}
	status := sizer.Status(now.Mono)
	return &status
}
