package transport

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/fsm"
)

// ErrorDomain is the domain of the ErrorInfo detail of every error status of this package.
const ErrorDomain = "leased.v1"

// RevisionKey names the revision in force in the metadata of a ReasonConflict; 0: no such budget.
const RevisionKey = "revision"

// The reasons in ErrorInfo. They are part of the protocol: clients decide by them.
const (
	// ReasonInvalid: the request is malformed; it will never succeed.
	ReasonInvalid = "INVALID"
	// ReasonUnknownBudget: no budget has that name.
	ReasonUnknownBudget = "UNKNOWN_BUDGET"
	// ReasonFull: a replicated table is full.
	ReasonFull = "FULL"
	// ReasonNotNew: a cluster that is restored has had budgets, or was restored from another
	// backup.
	ReasonNotNew = "NOT_NEW"
	// ReasonConflict: a budget has another revision than was expected, which is in the metadata.
	ReasonConflict = "CONFLICT"
	// ReasonMisfit: a budget would not fit those above or below it.
	ReasonMisfit = "MISFIT"
	// ReasonCalendar: a budget needs calendar time, which is not known yet. The request had no
	// effect; try again soon.
	ReasonCalendar = "CALENDAR"
	// ReasonQuorum: a server is not removed, because those left could not decide anything.
	ReasonQuorum = "QUORUM"
	// ReasonNotLeader: nobody decided. The request surely had no effect; try again soon, at
	// the node in the trailer if there is one.
	ReasonNotLeader = "NOT_LEADER"
	// ReasonOverloaded: the leader is too busy. The request surely had no effect; back off.
	ReasonOverloaded = "OVERLOADED"
	// ReasonOutcomeUnknown: the request may have taken effect, or still may.
	ReasonOutcomeUnknown = "OUTCOME_UNKNOWN"
	// ReasonInternal: the coordinator broke a promise of its own.
	ReasonInternal = "INTERNAL"
)

// row is how one failure is told on the wire. With codes.OK it is an answer: the call that can
// come to it has a message for it, and any other call that comes to it is broken.
type row struct {
	code   codes.Code
	reason string
}

// resultRows has a row for every code of the state machine.
var resultRows = map[fsm.Code]row{
	fsm.CodeInvalid:        {codes.InvalidArgument, ReasonInvalid},
	fsm.CodeStaleEpoch:     {codes.Unavailable, ReasonNotLeader},
	fsm.CodeUnknownSession: {codes.OK, ""}, // answer of Acquire and Return
	fsm.CodeStale:          {codes.OK, ""}, // answer of Acquire
	fsm.CodeUnknownBudget:  {codes.NotFound, ReasonUnknownBudget},
	fsm.CodeChanged:        {codes.OK, ""}, // answer of Acquire
	fsm.CodeTooLarge:       {codes.OK, ""}, // answer of Acquire
	fsm.CodeKeyNotAllowed:  {codes.InvalidArgument, ReasonInvalid},
	fsm.CodeFull:           {codes.ResourceExhausted, ReasonFull},
	fsm.CodeDenied:         {codes.OK, ""}, // answer of Acquire
	fsm.CodeDone:           {codes.OK, ""},
	fsm.CodeNotNew:         {codes.FailedPrecondition, ReasonNotNew},
	fsm.CodeConflict:       {codes.Aborted, ReasonConflict},
	fsm.CodeMisfit:         {codes.FailedPrecondition, ReasonMisfit},
	fsm.CodeCalendar:       {codes.Unavailable, ReasonCalendar},
}

// errorRows has a row for every error of a Coordinator or Cluster. A cancelled call has no reader,
// but interceptors see its status.
var errorRows = []struct {
	err error
	row row
}{
	{ErrNotLeader, row{codes.Unavailable, ReasonNotLeader}},
	{ErrOverloaded, row{codes.Unavailable, ReasonOverloaded}},
	{ErrOutcomeUnknown, row{codes.Unavailable, ReasonOutcomeUnknown}},
	{fsm.ErrWatches, row{codes.Unavailable, ReasonOverloaded}},
	{ErrQuorum, row{codes.FailedPrecondition, ReasonQuorum}},
	{context.DeadlineExceeded, row{codes.Unavailable, ReasonOutcomeUnknown}},
	{context.Canceled, row{codes.Canceled, ReasonOutcomeUnknown}},
}

// toStatus returns the status of an error of a Coordinator or Cluster.
func toStatus(err error) error {
	for _, r := range errorRows {
		if errors.Is(err, r.err) {
			return refuse(r.row, err.Error())
		}
	}
	return refuse(row{codes.Internal, ReasonInternal}, err.Error())
}

// refusal returns the status of a result that is not an answer of the call it came from.
func refusal(res fsm.Result, what string) error {
	r, ok := resultRows[res.Code]
	if !ok || r.code == codes.OK {
		msg := fmt.Sprintf("%s came to result code %d", what, res.Code)
		return refuse(row{codes.Internal, ReasonInternal}, msg)
	}
	msg := what
	switch {
	case res.Detail != "":
		msg += ": " + res.Detail
	case res.Code == fsm.CodeUnknownBudget:
		msg += ": no such budget"
	case res.Code == fsm.CodeStaleEpoch:
		msg += ": leadership is changing"
	}
	if res.Code == fsm.CodeConflict {
		return conflict(res, r, msg)
	}
	return refuse(r, msg)
}

// conflict tells which revision is in force.
func conflict(res fsm.Result, r row, msg string) error {
	if res.Revision == 0 {
		msg += ": there is no such budget"
	} else {
		msg += fmt.Sprintf(": its revision is %d", res.Revision)
	}
	return refuseWith(r, msg, map[string]string{
		RevisionKey: strconv.FormatUint(res.Revision, 10),
	})
}

// invalid returns the status of a malformed request. It names the field.
func invalid(format string, args ...any) error {
	return refuse(row{codes.InvalidArgument, ReasonInvalid}, fmt.Sprintf(format, args...))
}

// refuse builds a status with its ErrorInfo.
func refuse(r row, msg string) error { return refuseWith(r, msg, nil) }

func refuseWith(r row, msg string, metadata map[string]string) error {
	s := status.New(r.code, msg)
	info := &errdetails.ErrorInfo{Reason: r.reason, Domain: ErrorDomain, Metadata: metadata}
	if detailed, err := s.WithDetails(info); err == nil {
		s = detailed
	}
	return s.Err()
}

// ours reports whether err is a status that refuse built, here or on another node.
func ours(err error) bool {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == ErrorDomain {
			return true
		}
	}
	return false
}

// reasonOf returns the reason of a status; empty if it has none.
func reasonOf(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}
