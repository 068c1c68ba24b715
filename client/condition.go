package client

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
)

// Condition is what a budget must be for a change to be made: compare and set.
type Condition func(expect *uint64)

// absent is expected of a budget that must not exist.
const absent = math.MaxUint64

// IfRevision makes a change only if the budget has that revision, as PutResult and BudgetStatus
// tell it: nobody has changed it since. A revision of 0 is no condition.
func IfRevision(revision uint64) Condition {
	return func(expect *uint64) { *expect = revision }
}

// IfAbsent puts a budget only if there is none of its name.
func IfAbsent() Condition { return func(expect *uint64) { *expect = absent } }

func expected(conditions []Condition) (expect uint64) {
	for _, set := range conditions {
		set(&expect)
	}
	return expect
}

// ConflictError says what a budget was in the place of what was expected. It matches ErrConflict. A
// put of what is there already is no conflict, whatever it expected.
type ConflictError struct {
	// Revision is the one in force; 0: there is no such budget.
	Revision uint64
	// Unknown says that an earlier attempt of the same call was not answered: it may have taken
	// effect, and somebody may have changed that since. The error matches ErrUnavailable then, too.
	Unknown bool
}

// Error names the revision in force.
func (e *ConflictError) Error() string {
	text := ErrConflict.Error()
	if e.Revision == 0 {
		text += ": there is no such budget"
	} else {
		text += fmt.Sprintf(": its revision is %d", e.Revision)
	}
	if e.Unknown {
		text += "; an earlier attempt may have taken effect before that"
	}
	return text
}

// Unwrap returns ErrConflict, and ErrUnavailable if the outcome is unknown.
func (e *ConflictError) Unwrap() []error {
	if e.Unknown {
		return []error{ErrConflict, ErrUnavailable}
	}
	return []error{ErrConflict}
}

// toConflict reads the refusal of a change. A revision that is none is told as 0.
func toConflict(info *errdetails.ErrorInfo) error {
	revision, _ := strconv.ParseUint(info.GetMetadata()[revisionKey], 10, 64)
	return &ConflictError{Revision: revision}
}

// change has a change of a budget decided. One that is refused by a condition after an attempt that
// was not answered may have been made by that one.
func (c *Client) change(ctx context.Context, call rpc) error {
	t, unknown := c.tries(), false
	t.failed = func(failed *callError) { unknown = unknown || !failed.harmless }
	err := c.conns.retry(ctx, t, call)
	if conflict, ok := errors.AsType[*ConflictError](err); ok {
		conflict.Unknown = unknown
	}
	return err
}
