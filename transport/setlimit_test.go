package transport

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// wantConflict wants err to tell which revision is in force.
func wantConflict(t *testing.T, err error, revision string) {
	t.Helper()
	if status.Code(err) != codes.Aborted || reasonOf(err) != ReasonConflict {
		t.Fatalf("got %v, want CONFLICT", err)
	}
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetMetadata()[RevisionKey] != revision {
			t.Errorf("got %v, want revision %s", info, revision)
		}
	}
}

func TestCompareAndSet(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	put := func(amount int64, expect uint64) (*leasedv1.PutBudgetResponse, error) {
		return c.budgets.PutBudget(ctx, &leasedv1.PutBudgetRequest{Expect: expect,
			Budget: &leasedv1.Budget{Name: "llm", Limits: []*leasedv1.Limit{
				{Metric: "requests", Amount: amount, PerNanos: int64(time.Minute)},
			}}})
	}
	_, err := put(100, 1)
	wantConflict(t, err, "0")
	if resp, err := put(100, fsm.ExpectAbsent); err != nil || !resp.GetCreated() {
		t.Fatalf("got %v %v", resp, err)
	}
	_, err = put(90, fsm.ExpectAbsent)
	wantConflict(t, err, "1")
	resp, err := put(90, 1)
	if err != nil || resp.GetRevision() != 2 || resp.GetCompliesNanos() != int64(time.Minute) {
		t.Fatalf("got %v %v", resp, err)
	}
	_, err = c.budgets.SetLimit(ctx, &leasedv1.SetLimitRequest{Budget: "llm", Metric: "requests",
		Amount: 5, Expect: 1})
	wantConflict(t, err, "2")
	_, err = c.budgets.DeleteBudget(ctx, &leasedv1.DeleteBudgetRequest{Name: "llm", Expect: 1})
	wantConflict(t, err, "2")
	gone, err := c.budgets.DeleteBudget(ctx, &leasedv1.DeleteBudgetRequest{Name: "llm", Expect: 2})
	if err != nil || gone.GetCompliesNanos() != int64(time.Minute) {
		t.Fatalf("got %v %v", gone, err)
	}
}

// TestSetLimitIsListed: what is set is in force, and is told beside what it is set instead of.
func TestSetLimitIsListed(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	putBudget(t, c, "llm", 100)
	set, err := c.budgets.SetLimit(ctx, &leasedv1.SetLimitRequest{Budget: "llm", Metric: "requests",
		Amount: 5, ForNanos: int64(time.Hour)})
	if err != nil || !set.GetChanged() || set.GetRevision() != 2 ||
		set.GetCompliesNanos() != int64(time.Minute) {
		t.Fatalf("got %v %v", set, err)
	}
	got, err := c.budgets.GetBudget(ctx, &leasedv1.GetBudgetRequest{Name: "llm"})
	if err != nil {
		t.Fatal(err)
	}
	o := got.GetOverrides()
	if got.GetBudget().GetLimits()[0].GetAmount() != 100 || len(o) != 1 || o[0].GetAmount() != 5 ||
		got.GetLimits()[0].GetLimit().GetAmount() != 5 || o[0].GetEndsInNanos() != int64(time.Hour) {
		t.Errorf("got %v", got)
	}
	cleared, err := c.budgets.SetLimit(ctx, &leasedv1.SetLimitRequest{Budget: "llm",
		Metric: "requests", Clear: true})
	if err != nil || !cleared.GetChanged() {
		t.Fatalf("got %v %v", cleared, err)
	}
}

func TestSetLimitRefuses(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	putBudget(t, c, "llm", 100)
	unknown := &leasedv1.SetLimitRequest{Budget: "llm", Metric: "requests", Amount: 1}
	unknown.ProtoReflect().SetUnknown([]byte{0xf8, 0x07, 0x01})
	const most = " is not allowed: 1..9007199254740992"
	for text, req := range map[string]*leasedv1.SetLimitRequest{
		"budget: has 0 bytes": {Metric: "requests", Amount: 1},
		"metric: \"\" is not allowed: the metric of a limit, 1..128 bytes": {Budget: "llm", Amount: 1},
		"amount: 0" + most:  {Budget: "llm", Metric: "requests"},
		"amount: -1" + most: {Budget: "llm", Metric: "requests", Amount: -1},
		"burst: -1" + most + ", or 0": {Budget: "llm", Metric: "requests",
			Amount: 1, Burst: -1},
		"for: -1ns is not allowed: 0s..400d": {Budget: "llm", Metric: "requests", Amount: 1,
			ForNanos: -1},
		"clear: with an amount, a burst or a time is not allowed: none of these": {Budget: "llm",
			Metric: "requests", Amount: 1, Clear: true},
		"key: \"\\n\" is not allowed: ": {Budget: "llm", Metric: "requests", Amount: 1, Key: "\n"},
		"expect: absent is not allowed: a revision: ": {Budget: "llm", Metric: "requests", Amount: 1,
			Expect: fsm.ExpectAbsent},
		"set limit: has a field that this version does not know": unknown,
	} {
		before := node.proposed
		_, err := c.budgets.SetLimit(t.Context(), req)
		if status.Code(err) != codes.InvalidArgument || !startsWith(err, text) {
			t.Errorf("got %v, want %s", err, text)
		}
		if node.proposed != before {
			t.Errorf("%v was proposed", req)
		}
	}
	for text, req := range map[string]*leasedv1.SetLimitRequest{
		`set limit "tokens" of budget "llm": limit: "tokens" names 0 limits, must name one of `: {
			Budget: "llm", Metric: "tokens", Amount: 1},
		`set limit "requests" of budget "llm": key: is "k", and the budget has no keys`: {
			Budget: "llm", Metric: "requests", Amount: 1, Key: "k"},
		`set limit "requests" of budget "llm": burst: 5 is not allowed: only with kind bucket`: {
			Budget: "llm", Metric: "requests", Amount: 1, Burst: 5},
	} {
		_, err := c.budgets.SetLimit(t.Context(), req)
		if status.Code(err) != codes.InvalidArgument || !startsWith(err, text) {
			t.Errorf("got %v, want %s", err, text)
		}
	}
	_, err := c.budgets.SetLimit(t.Context(),
		&leasedv1.SetLimitRequest{Budget: "other", Metric: "requests", Amount: 1})
	if status.Code(err) != codes.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	_, err = c.budgets.DeleteBudget(t.Context(),
		&leasedv1.DeleteBudgetRequest{Name: "llm", Expect: fsm.ExpectAbsent})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v, want invalid", err)
	}
}

func startsWith(err error, text string) bool {
	message := status.Convert(err).Message()
	return len(message) >= len(text) && message[:len(text)] == text
}
