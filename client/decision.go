package client

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
)

// Verdict is how a limiter decided. The zero Verdict is none.
type Verdict uint8

// The verdicts. Only Allowed, FailedOpen and Shadowed let the caller go ahead.
const (
	// Allowed: the cost was spent from live leases, within the budget.
	Allowed Verdict = iota + 1
	// Denied: the coordinator refused, and said when the window ends.
	Denied
	// Pending: not enough credits are held here, and the coordinator was asked; or callers of
	// Wait are first.
	Pending
	// Unavailable: not enough credits are held here, and the coordinator has not answered for
	// a while. Whether the budget has credits left is unknown.
	Unavailable
	// TooLarge: the cost exceeds what a limit allows at once. Asking again is of no use.
	TooLarge
	// UnknownBudget: the budget was deleted, by what was last heard. The limiter asks again, so
	// it recovers if the budget is created again.
	UnknownBudget
	// Invalid: the cost does not fit the budget.
	Invalid
	// Closed: the limiter was closed.
	Closed
	// FailedOpen: admitted without credits, where Unavailable would have been the verdict,
	// because the limiter was opened with FailOpen, or the budget says so: budget.Degraded.
	// Outside the budget's bound.
	FailedOpen
	// Shadowed: admitted without credits, since the budget is in shadow mode; Would is what the
	// verdict would have been. Outside the budget's bound.
	Shadowed
	// TooManyKeys: a KeyedLimiter has MaxKeys keys, and none of them is idle. Nothing was asked,
	// and nothing spent.
	TooManyKeys
)

var verdictNames = [...]string{
	"none", "allowed", "denied", "pending", "unavailable",
	"too large", "unknown budget", "invalid", "closed", "failed open", "shadowed", "too many keys",
}

// String returns the verdict in words.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

// Decision is a verdict with its reasons. Fields that do not belong to the verdict are zero. It has
// four of its own, as many as the compiler keeps in registers: it costs nothing to return.
type Decision struct {
	Verdict Verdict
	// Would is what the verdict would have been, with Shadowed; the fields below belong to it then.
	Would Verdict
	// RetryAfter is as in DeniedError, with Denied.
	RetryAfter time.Duration
	// Decider says what decided. Nil only in a Decision that no limiter made.
	*Decider
}

// Decider is what decided: a budget, and with some verdicts one of its limits. It must not be
// changed.
type Decider struct {
	Budget string
	// LimitOf is the budget whose limit decided, with Denied and TooLarge: Budget or one above it.
	LimitOf string
	// Metric, Kind, Per and Amount name the limit that decided, with Denied and TooLarge. Amount
	// is the most that it allows at once: a bucket's burst.
	Metric string
	Kind   budget.Kind
	Per    time.Duration
	Amount budget.Credits
	// Cost is what was asked of that limit, with TooLarge.
	Cost budget.Credits
	// Left is as in DeniedError, with Denied.
	Left budget.Credits

	cause error // with Invalid
}

// Allowed reports whether the caller may go ahead: within the budget, or by an explicit policy
// outside of it.
func (d Decision) Allowed() bool {
	return d.Verdict == Allowed || d.Verdict == FailedOpen || d.Verdict == Shadowed
}

// Err returns nil when the caller may go ahead, and otherwise the verdict as an error:
// *DeniedError, *TooLargeError, or one that matches the sentinel of the verdict's name.
func (d Decision) Err() error {
	if d.Decider == nil {
		d.Decider = &Decider{}
	}
	switch d.Verdict {
	case Allowed, FailedOpen, Shadowed:
		return nil
	case Denied:
		return &DeniedError{
			Budget: d.Budget, LimitOf: d.LimitOf, Metric: d.Metric, Per: d.Per,
			Left: d.Left, RetryAfter: d.RetryAfter,
		}
	case TooLarge:
		return &TooLargeError{
			Budget: d.Budget, LimitOf: d.LimitOf, Metric: d.Metric, Kind: d.Kind, Per: d.Per,
			Amount: d.Amount, Cost: d.Cost,
		}
	case Invalid:
		return fmt.Errorf("budget %q: %w", d.Budget, d.cause)
	case Pending:
		return fmt.Errorf("budget %q: %w", d.Budget, ErrPending)
	case Unavailable:
		return fmt.Errorf("budget %q: %w", d.Budget, ErrUnavailable)
	case UnknownBudget:
		return fmt.Errorf("budget %q: %w", d.Budget, ErrUnknownBudget)
	case TooManyKeys:
		return fmt.Errorf("budget %q: %w", d.Budget, ErrTooManyKeys)
	default:
		return fmt.Errorf("budget %q: %w", d.Budget, ErrClosed)
	}
}
