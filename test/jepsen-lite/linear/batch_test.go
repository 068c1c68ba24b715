package linear

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/transport/leasedv1"
)

// TestABatchIsManyOperations: each ends as its own place in the answer says. One without a place
// there may have taken effect, and so may all of a call that failed.
func TestABatchIsManyOperations(t *testing.T) {
	failure := func(reason string) *leasedv1.AcquireResult {
		return &leasedv1.AcquireResult{Decision: &leasedv1.AcquireResult_Failure{
			Failure: &leasedv1.Failure{Code: uint32(codes.Unavailable), Reason: reason}}}
	}
	told := &leasedv1.AcquireBatchResponse{Results: []*leasedv1.AcquireResult{
		{Decision: &leasedv1.AcquireResult_Response{
			Response: &leasedv1.AcquireResponse{Outcome: leasedv1.Outcome_OUTCOME_STALE}}},
		failure("OVERLOADED"), failure("OUTCOME_UNKNOWN"), failure("UNKNOWN_BUDGET"), failure("FULL"),
	}}
	req := &leasedv1.AcquireBatchRequest{}
	for i := range uint64(6) {
		req.Requests = append(req.Requests, &leasedv1.AcquireRequest{Session: i + 1})
	}
	for _, tc := range []struct {
		err  error
		want string
	}{
		{nil, "1 stale, 2 harmless, 3 open, 4 no budget, 5 harmless, 6 open, "},
		{context.DeadlineExceeded, "1 open, 2 open, 3 open, 4 open, 5 open, 6 open, "},
	} {
		var r Recorder
		resp := &leasedv1.AcquireBatchResponse{}
		err := r.Intercept(1)(t.Context(), "m", req, resp, nil, func(_ context.Context, _ string,
			_, resp any, _ *grpc.ClientConn, _ ...grpc.CallOption,
		) error {
			resp.(*leasedv1.AcquireBatchResponse).Results = told.Results
			return tc.err
		})
		if err != tc.err { //nolint:errorlint // the very one
			t.Errorf("passed on %v, want %v", err, tc.err)
		}
		got := ""
		for i, e := range r.Ends() {
			what := "open"
			switch {
			case e.Output != nil:
				what = e.Output.Answer.String()
			case e.Harmless:
				what = "harmless"
			}
			got += fmt.Sprintf("%d %s, ", r.ops[i].Input.Session, what)
		}
		if got != tc.want {
			t.Errorf("got %s want %s", got, tc.want)
		}
	}
}
