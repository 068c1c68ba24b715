package linear

import (
	"math"
	"slices"

	"github.com/leased-io/leased/trace"
)

// complete returns a call that was not answered with the answer that the log has for it at an
// entry: a history with calls under way is linearizable if it is so with any answers to them. It
// returns the call as it is if the log does not tell all of the answer.
func (m *Marks) complete(op *Op, index uint64, begins map[uint64]place) *Op {
	var out *Output
	switch op.Input.Kind {
	case Acquire:
		out = m.acquired(op.Input, index)
	case GiveBack:
		out = m.givenBack(op.Input, index)
	case PutBudget:
		out = m.replaced(index, begins)
	case DeleteBudget:
		out = &Output{Answer: Done}
	}
	if out == nil {
		return op
	}
	done := *op
	done.Output = out
	return &done
}

// acquired is what a request came to in an entry.
func (m *Marks) acquired(in Input, index uint64) *Output {
	out := &Output{Revision: in.Revision}
	for _, p := range m.asked[request{in.Session, in.Seq}] {
		if p.index != index {
			continue
		}
		e := m.effects[p]
		switch limit := m.limitAt(e.limit); e.kind {
		case trace.KindGrant:
			out.Grants = append(out.Grants, Grant{Lease: e.lease, Limit: limit,
				Window: e.window, Amount: e.amount, TTL: e.ttl})
		case trace.KindDeny:
			out.Denial = &Denial{Limit: limit, Left: e.amount, RetryAfter: e.ttl}
		default: // a replay, which does not name its limit
			return nil
		}
	}
	switch {
	case len(out.Grants) == len(in.Asks) && out.Denial == nil && len(in.Asks) > 0:
		out.Answer = Granted
	case len(out.Grants) == 0 && out.Denial != nil:
		out.Answer = Denied
	default:
		return nil
	}
	return out
}

// fits reports whether a call can have been told what an entry says of it: answers to requests say
// what is left of a time, so that no two of them are the same; and a budget's revision is another
// one with each change.
func (m *Marks) fits(op *Op, index uint64, begins map[uint64]place) bool {
	switch op.Input.Kind {
	case DeleteBudget:
		return true
	case PutBudget:
		if !m.changes[index].does(op.Input) {
			return false
		}
		if op.Output == nil {
			return true
		}
		begin, known := begins[op.Output.Revision]
		return !known || begin.index == index
	}
	if op.Output == nil || op.Input.Kind != Acquire {
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
			slices.ContainsFunc(op.Output.Grants, func(g Grant) bool {
				return g.Lease == e.lease && g.TTL == e.ttl
			}) {
			return true
		}
	}
	return !decided
}

// deniedAgain returns the place of a call that was told of a denial once more: by what it says is
// left of the time until it is worth asking again, which dates it.
func (m *Marks) deniedAgain(op *Op) (place, bool) {
	if op.Output.Answer != Denied {
		return place{}, false
	}
	for _, p := range m.asked[request{op.Input.Session, op.Input.Seq}] {
		if e := m.effects[p]; e.kind == trace.KindDeny {
			told := m.time[p.index] + e.ttl - op.Output.Denial.RetryAfter
			index, known := m.during(op, m.spanAt[told])
			return place{index, math.MaxInt}, known
		}
	}
	return place{}, false
}

// during returns the last entry of a span that was seen during a call. Cluster time stands still
// while the leader's clock is behind it, so that a span may be longer than any call. If none was
// seen during the call it is the first one that was seen after it: the leader that applied it may
// have lost its last words.
func (m *Marks) during(op *Op, s span) (index uint64, ok bool) {
	for i := s.last; i >= s.first && i > 0; i-- {
		seen, known := m.at[i]
		if !known || seen < op.Call {
			continue
		}
		if index, ok = i, true; seen <= op.Return {
			break
		}
	}
	return index, ok
}

// givenBack is what was taken of a session's returns in an entry.
func (m *Marks) givenBack(in Input, index uint64) *Output {
	out := &Output{Answer: Done, SessionKnown: true}
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
