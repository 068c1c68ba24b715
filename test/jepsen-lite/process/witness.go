//go:build linux

package process

import (
	"cmp"
	"math"
	"slices"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
)

// A history is linearizable if there is one order of its calls that explains it. The log has one,
// and the traces tell it: witness puts every call to its place in the log, so that there is
// nothing left to search for. What is valid so is valid, whatever the traces say, since only the
// clients' calls and answers are judged; what is not may still have another order.

// placed is a call with its place in the log.
type placed struct {
	op    *linear.Op
	place place
	at    int64 // the instant of its effect, such that all are in the order of the log
}

// witness returns h with every call as short as its effect, as far as its place is known; calls
// that were not answered and have no place are left out. It returns false if the order of the log
// is not one of the calls' real time: of two that follow each other the later one has effect
// first.
func (m *marks) witness(h linear.History) (linear.History, bool) {
	calls := map[callID][]*linear.Op{}
	for i := range h {
		id := idOf(&h[i])
		calls[id] = append(calls[id], &h[i])
	}
	var known []placed
	var wide linear.History
	begins := m.revisions(h)
	for _, attempts := range calls {
		fit, unplaced := m.place(attempts)
		known = append(known, fit...)
		for _, op := range append(unplaced, m.unheard(attempts, unplaced, begins)...) {
			p, ok := m.outdated(op, begins)
			if !ok {
				p, ok = m.deniedAgain(op)
			}
			if ok {
				known = append(known, placed{op: op, place: p})
			} else {
				wide = append(wide, *op)
			}
		}
	}
	slices.SortFunc(known, func(a, b placed) int { return a.place.compare(b.place) })
	if !m.date(known) {
		return nil, false
	}
	return ordered(known, wide), true
}

// callID is what attempts of the same call have in common.
type callID struct {
	kind           linear.Kind
	session, seq   uint64
	lease          uint64
	amount         int64 // of a change of the budget
	client, number int64 // of a call that is told apart from all others
}

func idOf(op *linear.Op) callID {
	id := callID{kind: op.Input.Kind, session: op.Input.Session, seq: op.Input.Seq}
	switch {
	case id.kind == linear.PutBudget && len(op.Input.Limits) > 0:
		id.amount = op.Input.Limits[0].Amount
	case id.session == 0:
		id.client, id.number = int64(op.Client), op.Call
	case id.kind == linear.GiveBack && len(op.Input.Returns) > 0:
		id.lease = op.Input.Returns[0].Lease
	}
	return id
}

// place puts the attempts of a call to the entries that tell of it: each that was answered to the
// last one before its answer, and one that was not to what is left since it began. The answered
// ones that fit nowhere are unplaced: not every answer leaves a mark.
func (m *marks) place(attempts []*linear.Op) (known []placed, unplaced []*linear.Op) {
	places := m.of(attempts[0])
	take := func(op *linear.Op, last bool) bool {
		at := -1
		for i, p := range places {
			seen := m.at[p.index]
			// A killed leader's last words are lost: its successor tells late what it answered.
			late := op.Output != nil && seen > op.Return
			if seen >= op.Call && m.fits(op, p.index) && (at < 0 || last && !late) {
				at = i
			}
		}
		if at < 0 {
			return false
		}
		known = append(known, placed{op: op, place: places[at]})
		places = slices.Delete(places, at, at+1)
		return true
	}
	slices.SortFunc(attempts, func(a, b *linear.Op) int { return cmp.Compare(a.Call, b.Call) })
	for _, op := range slices.Backward(attempts) {
		if op.Output != nil && (idle(op) || !take(op, true)) {
			unplaced = append(unplaced, op)
		}
	}
	for _, op := range attempts {
		if op.Output == nil && take(op, false) { // or it has no effect
			p := &known[len(known)-1]
			p.op = m.complete(op, p.place.index)
		}
	}
	return known, unplaced
}

// idle: the call changed nothing, by its answer.
func idle(op *linear.Op) bool {
	return op.Input.Kind == linear.PutBudget && !op.Output.Changed
}

// revisions returns where each revision of the budget began: each change of it is the next one.
func (m *marks) revisions(h linear.History) map[uint64]place {
	var changes []place
	for _, places := range m.put {
		changes = append(changes, places...)
	}
	slices.SortFunc(changes, place.compare)
	changes = slices.CompactFunc(changes, func(p, q place) bool { return p.index == q.index })
	first := uint64(math.MaxUint64) // that anybody was told of
	for _, op := range h {
		if op.Output != nil && op.Output.Revision > 0 {
			first = min(first, op.Output.Revision)
		}
	}
	begins := map[uint64]place{}
	for i, p := range changes {
		begins[first+uint64(i)] = p
	}
	return begins
}

// unheard returns the first attempt of a request with an answer that leaves no mark, if nobody was
// told of that one but of a later one, with that answer: it may have been decided by then, before
// the budget was changed again.
func (m *marks) unheard(attempts, unplaced []*linear.Op, begins map[uint64]place) []*linear.Op {
	first := attempts[0]
	if len(unplaced) == 0 || first.Output != nil || first.Input.Kind != linear.Acquire {
		return nil
	}
	done := *first
	done.Output, done.Return = unplaced[0].Output, unplaced[0].Return
	if next, changed := begins[done.Output.Revision+1]; changed {
		done.Return = min(done.Return, m.at[next.index])
	}
	marked := done.Output.Answer != linear.Changed && done.Output.Answer != linear.TooLarge
	if marked || done.Return <= done.Call {
		return nil
	}
	return []*linear.Op{&done}
}

// outdated returns the place of a call that was told of a later revision than its own, if it had
// begun before that: just after the change. Such an answer leaves no mark.
func (m *marks) outdated(op *linear.Op, begins map[uint64]place) (place, bool) {
	p, known := begins[op.Output.Revision]
	p.event = math.MaxInt
	return p, known && op.Output.Answer == linear.Changed && op.Call <= m.at[p.index]
}

// date gives each call the instant at which its entry was first seen, within its call and in the
// order of the log. It reports whether there is one for each.
func (m *marks) date(known []placed) bool {
	latest := int64(math.MaxInt64)
	for i := len(known) - 1; i >= 0; i-- {
		if known[i].op.Return > 0 {
			latest = min(latest, known[i].op.Return)
		}
		known[i].at = min(m.at[known[i].place.index], latest)
	}
	last := int64(0)
	for i := range known {
		last = max(last, known[i].at, known[i].op.Call)
		known[i].at = last
		if op := known[i].op; op.Return > 0 && last > op.Return {
			return false
		}
	}
	return true
}

// moment is the begin or the end of a call.
type moment struct {
	at    int64
	order int // of calls at their places, which are in the middle of moments at one instant
	set   *int64
}

// ordered counts the moments of all calls, so that no two are the same.
func ordered(known []placed, wide linear.History) linear.History {
	h := make(linear.History, 0, len(known)+len(wide))
	for _, p := range known {
		h = append(h, *p.op)
	}
	h = append(h, wide...)
	var all []moment
	for i := range h {
		op := &h[i]
		begin, end, first := op.Call, op.Return, math.MinInt
		last := math.MaxInt
		if i < len(known) {
			begin, end, first, last = known[i].at, known[i].at, 3*i, 3*i+1
			if op.Output == nil {
				op.Settled = known[i].at
			}
		}
		all = append(all, moment{begin, first, &op.Call})
		if op.Output != nil {
			all = append(all, moment{end, last, &op.Return})
		} else {
			all = append(all, moment{op.Settled, last, &op.Settled})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	for i, moment := range all {
		*moment.set = int64(i + 1)
	}
	return h
}
