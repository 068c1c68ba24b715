//go:build linux

package process

import (
	"maps"
	"math"
	"slices"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// complete returns a call that was not answered with the answer that the log has for it at an
// entry: a history with calls under way is linearizable if it is so with any answers to them. It
// returns the call as it is if the log does not tell all of the answer.
func (m *marks) complete(op *linear.Op, index uint64) *linear.Op {
	var out *linear.Output
	switch op.Input.Kind {
	case linear.Acquire:
		out = m.acquired(op.Input, index)
	case linear.GiveBack:
		out = m.givenBack(op.Input, index)
	}
	if out == nil {
		return op
	}
	done := *op
	done.Output = out
	return &done
}

// acquired is what a request came to in an entry.
func (m *marks) acquired(in linear.Input, index uint64) *linear.Output {
	out := &linear.Output{Revision: in.Revision}
	for _, p := range m.asked[request{in.Session, in.Seq}] {
		if p.index != index {
			continue
		}
		e := m.effects[p]
		switch limit := m.limitAt(e.limit); e.kind {
		case trace.KindGrant:
			out.Grants = append(out.Grants, linear.Grant{Lease: e.lease, Limit: limit,
				Window: e.window, Amount: e.amount, TTL: e.ttl})
		case trace.KindDeny:
			out.Denial = &linear.Denial{Limit: limit, Left: e.amount, RetryAfter: e.ttl}
		default: // a replay, which does not name its limit
			return nil
		}
	}
	switch {
	case len(out.Grants) == len(in.Asks) && out.Denial == nil && len(in.Asks) > 0:
		out.Answer = linear.Granted
	case len(out.Grants) == 0 && out.Denial != nil:
		out.Answer = linear.Denied
	default:
		return nil
	}
	return out
}

// fits reports whether a request can have been told what an entry says of it: answers say what is
// left of a time, so that no two of them are the same.
func (m *marks) fits(op *linear.Op, index uint64) bool {
	if op.Output == nil || op.Input.Kind != linear.Acquire {
		return true
	}
	decided := false
	for _, p := range m.asked[request{op.Input.Session, op.Input.Seq}] {
		if p.index != index {
			continue
		}
		decided = true
		e, denial := m.effects[p], op.Output.Denial
		if e.kind == trace.KindDeny && denial != nil && denial.RetryAfter == e.ttl ||
			slices.ContainsFunc(op.Output.Grants, func(g linear.Grant) bool {
				return g.Lease == e.lease && g.TTL == e.ttl
			}) {
			return true
		}
	}
	return !decided
}

// deniedAgain returns the place of a call that was told of a denial once more: by what it says is
// left of the time until it is worth asking again, which dates it.
func (m *marks) deniedAgain(op *linear.Op) (place, bool) {
	if op.Output.Answer != linear.Denied {
		return place{}, false
	}
	for _, p := range m.asked[request{op.Input.Session, op.Input.Seq}] {
		if e := m.effects[p]; e.kind == trace.KindDeny {
			told := m.time[p.index] + e.ttl - op.Output.Denial.RetryAfter
			index, known := m.indexAt[told]
			return place{index, math.MaxInt}, known && m.at[index] >= op.Call
		}
	}
	return place{}, false
}

// limitAt is the place of a limit in its budget, whose limits are in the order of their metrics.
func (m *marks) limitAt(number uint64) int {
	for i, metric := range slices.Sorted(maps.Keys(m.limits)) {
		if m.limits[metric] == number {
			return i
		}
	}
	return -1
}

// givenBack is what was taken of a session's returns in an entry.
func (m *marks) givenBack(in linear.Input, index uint64) *linear.Output {
	out := &linear.Output{Answer: linear.Done, SessionKnown: true}
	for _, r := range in.Returns {
		taken, told := int64(0), false
		for _, p := range m.returned[back{in.Session, r.Lease}] {
			if e := m.effects[p]; p.index == index {
				told = true
				if e.ok {
					taken = e.amount
				}
			}
		}
		if !told {
			return nil
		}
		out.Taken = append(out.Taken, taken)
	}
	return out
}
