package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
)

// The errors of this package, to be matched with errors.Is.
var (
	// ErrDenied is returned when a limit has less left than was asked. A *DeniedError has the
	// particulars.
	ErrDenied = errors.New("client: denied")
	// ErrTooLarge is returned when a cost exceeds a limit's amount: no window can ever admit
	// it. A *TooLargeError has the particulars.
	ErrTooLarge = errors.New("client: cost exceeds the limit")
	// ErrPending is returned when no credits are held yet, but the coordinator was asked.
	ErrPending = errors.New("client: no credits held yet")
	// ErrUnavailable is returned when no coordinator has answered in time. What was asked for
	// may have taken effect.
	ErrUnavailable = errors.New("client: coordinator unavailable")
	// ErrConflict is returned when a budget is not as it was expected to be. A *ConflictError has the
	// particulars.
	ErrConflict = errors.New("client: budget was changed by somebody else")
	// ErrUnknownBudget is returned when the coordinator knows no budget of that name.
	ErrUnknownBudget = errors.New("client: unknown budget")
	// ErrClosed is returned when the limiter or the client was closed.
	ErrClosed = errors.New("client: closed")
	// ErrCost is returned when a cost does not fit the budget's metrics, or is not positive.
	ErrCost = errors.New("client: invalid cost")
	// ErrInvalid is returned when the coordinator, or New, refused an argument as malformed.
	ErrInvalid = errors.New("client: invalid argument")
	// ErrOverloaded is returned when MaxWaiters callers wait at one limiter already.
	ErrOverloaded = errors.New("client: too many waiters")
	// ErrTooManyKeys is returned when a KeyedLimiter has as many keys as it may, all in use.
	ErrTooManyKeys = errors.New("client: too many keys in use")
	// ErrSlotLost is returned by Slot.Err when others may have the slot.
	ErrSlotLost = errors.New("client: slot lost")
)

// DeniedError says which limit of which budget refused, and for how long. It matches ErrDenied.
type DeniedError struct {
	Budget  string
	LimitOf string // the budget whose limit it is: Budget or one above it
	Metric  string
	Per     time.Duration // the limit's period
	// Left is what the coordinator had left to grant: less than was needed. What another holder
	// returns may raise it again.
	Left budget.Credits
	// RetryAfter is the time until there may be enough, by the coordinator's last word: until the
	// window ends, or enough of a sliding limit counts no more, or has run into a bucket. Asking
	// earlier succeeds only if another holder returns credits.
	RetryAfter time.Duration
}

// Error names the budget, the limit, what is left and when to try again.
func (e *DeniedError) Error() string {
	return fmt.Sprintf("client: budget %q: denied: %s per %s%s has %d left, retry after %s",
		e.Budget, e.Metric, e.Per, of(e.Budget, e.LimitOf), e.Left, e.RetryAfter)
}

// Unwrap returns ErrDenied.
func (e *DeniedError) Unwrap() error { return ErrDenied }

// of names the budget that a limit is of, where that is not the limiter's own.
func of(own, limitOf string) string {
	if limitOf == "" || limitOf == own {
		return ""
	}
	return fmt.Sprintf(" of budget %q", limitOf)
}

// TooLargeError says which limit a cost exceeds. It matches ErrTooLarge.
type TooLargeError struct {
	Budget  string
	LimitOf string // the budget whose limit it is: Budget or one above it
	Metric  string
	Kind    budget.Kind
	Per     time.Duration  // the limit's period
	Amount  budget.Credits // what the limit allows at once: its amount, or a bucket's burst
	Cost    budget.Credits // what was asked of it
}

// Error names the budget, the limit and both amounts.
func (e *TooLargeError) Error() string {
	if e.Kind == budget.KindBucket {
		return fmt.Sprintf("client: budget %q: cost %d exceeds the bucket of %d %s%s",
			e.Budget, e.Cost, e.Amount, e.Metric, of(e.Budget, e.LimitOf))
	}
	if e.Kind == budget.KindSlots {
		return fmt.Sprintf("client: budget %q: cost %d exceeds the %d slots of %s%s",
			e.Budget, e.Cost, e.Amount, e.Metric, of(e.Budget, e.LimitOf))
	}
	return fmt.Sprintf("client: budget %q: cost %d exceeds the limit of %d %s per %s%s",
		e.Budget, e.Cost, e.Amount, e.Metric, e.Per, of(e.Budget, e.LimitOf))
}

// Unwrap returns ErrTooLarge.
func (e *TooLargeError) Unwrap() error { return ErrTooLarge }
