package client

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// FuzzAnswer feeds the limiter's side of the wire what a node may send: nothing panics, and
// what is accepted lies within the bounds that the holder counts on.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []*leasedv1.AcquireResponse{
		{Outcome: leasedv1.Outcome_OUTCOME_GRANTED, Grants: []*leasedv1.Grant{
			{Lease: 1, Amount: 5, TtlNanos: 1e9}, {Lease: 2, Limit: 1, Amount: 5, TtlNanos: 1e9},
		}},
		{Outcome: leasedv1.Outcome_OUTCOME_DENIED, Denial: &leasedv1.Denial{
			Limit: 1, Left: 3, RetryAfterNanos: 1e9,
		}},
		{Outcome: leasedv1.Outcome_OUTCOME_TOO_LARGE, Limit: 1},
		{Outcome: leasedv1.Outcome_OUTCOME_CHANGED, Revision: 2, Limits: []*leasedv1.Limit{
			{Metric: "x", Amount: 1, PerNanos: 1e9},
		}},
		{Outcome: leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION},
	} {
		wire, err := proto.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	limits := []budget.Limit{perMinute("a", 10), perMinute("b", 10)}
	f.Fuzz(func(t *testing.T, wire []byte) {
		resp := new(leasedv1.AcquireResponse)
		if proto.Unmarshal(wire, resp) != nil {
			return
		}
		h := lease.NewHolder(lease.Config{Session: 1, Limits: limits, DriftPPM: 5000})
		now := lease.Reading{Mono: 1, Wall: 1}
		h.Admit(now, lease.Cost{4, 4})
		request, due := h.Poll(now)
		if !due {
			t.Fatal("nothing to ask for")
		}
		attempt := h.Sent(now)
		answer, err := toAnswer(resp, request)
		if err != nil {
			return
		}
		for _, g := range answer.Grants {
			if g.Limit >= len(limits) || g.Amount < 1 || g.Amount > budget.MaxAmount {
				t.Errorf("accepted grant %+v", g)
			}
		}
		if d := answer.Denial; d != nil && (d.Limit >= len(limits) || d.RetryAfter < 0) {
			t.Errorf("accepted denial %+v", d)
		}
		h.Take(now, attempt, answer)
		now.Mono += int64(time.Millisecond)
		h.Poll(now)
		h.Close(now)
	})
}
