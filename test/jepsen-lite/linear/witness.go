package linear

import (
	"cmp"
	"math"
	"slices"
)

// A history is linearizable if there is one order of its calls that explains it. The log has one,
// and the traces tell it: witness puts every call to its place in the log, so that there is
// nothing left to search for. What is valid so is valid, whatever the traces say, since only the
// clients' calls and answers are judged; what is not may still have another order. So a place that
// cannot be right costs only the search for the call's own instant.

// placed is a call with its place in the log.
type placed struct {
	op    *Op
	seen  *Op // as its client saw it
	place place
	at    int64 // the instant of its effect, such that all are in the order of the log
	time  int64 // the cluster time of its effect; 0: unknown
}

// witness returns h with every call as short as its effect, as far as its place is known; calls
// that were not answered and have no place are left out. It returns false if the log's order is so
// far from one of real time that little of it can be known.
func (m *Marks) witness(h History) (History, bool) {
	calls := map[callID][]*Op{}
	for i := range h {
		id := idOf(&h[i])
		calls[id] = append(calls[id], &h[i])
	}
	var known []placed
	var rest []*Op
	begins := m.revisions(h)
	for _, attempts := range calls {
		fit, unplaced := m.place(attempts, begins)
		known = append(known, fit...)
		rest = append(rest, append(unplaced, m.unheard(attempts, unplaced, begins)...)...)
	}
	take := func(find func(op *Op) (place, bool)) {
		rest = slices.DeleteFunc(rest, func(op *Op) bool {
			p, ok := find(op)
			if ok {
				known = append(known, placed{op: op, seen: op, place: p})
			}
			return ok
		})
	}
	take(m.deniedAgain)
	take(m.unmarked(h, known, begins).place)
	slices.SortFunc(known, func(a, b placed) int {
		return cmp.Or(a.place.compare(b.place), a.op.order(b.op))
	})
	known, free, ok := misplaced(known)
	if !ok {
		return nil, false
	}
	wide := m.unplace(free)
	for _, op := range rest {
		wide = append(wide, *op)
	}
	slices.SortFunc(wide, func(a, b Op) int { return a.order(&b) })
	m.date(known)
	return ordered(known, wide), true
}

// order is the same for the same histories, in whatever order they are gone through.
func (op *Op) order(other *Op) int {
	return cmp.Or(cmp.Compare(op.Call, other.Call), cmp.Compare(op.Client, other.Client),
		cmp.Compare(op.Return, other.Return))
}

// callID is what attempts of the same call have in common.
type callID struct {
	kind           Kind
	budget         string // of its changes, which are told apart by what they ask for
	session, seq   uint64
	lease          uint64
	client, number int64 // of a call that is told apart from all others
}

func idOf(op *Op) callID {
	id := callID{kind: op.Input.Kind, session: op.Input.Session, seq: op.Input.Seq}
	switch {
	case id.kind == PutBudget || id.kind == DeleteBudget:
		id.budget = op.Input.Budget
	case id.session == 0:
		id.client, id.number = int64(op.Client), op.Call
	case id.kind == GiveBack && len(op.Input.Returns) > 0:
		id.lease = op.Input.Returns[0].Lease
	}
	return id
}

// place puts the attempts of a call to the entries that tell of it: each that was answered to the
// last one before its answer, and one that was not to what is left since it began. The answered
// ones that fit nowhere are unplaced: not every answer leaves a mark.
func (m *Marks) place(
	attempts []*Op, begins map[uint64]place,
) (known []placed, unplaced []*Op) {
	places := m.ofAny(attempts)
	take := func(op *Op, last bool) bool {
		at := -1
		for i, p := range places {
			seen := m.at[p.index]
			// A killed leader's last words are lost: its successor tells late what it answered.
			late := op.Output != nil && seen > op.Return
			if seen >= op.Call && m.fits(op, p.index, begins) && (at < 0 || last && !late) {
				at = i
			}
		}
		if at < 0 {
			return false
		}
		known = append(known, placed{op: op, seen: op, place: places[at]})
		places = slices.Delete(places, at, at+1)
		return true
	}
	slices.SortFunc(attempts, func(a, b *Op) int { return cmp.Compare(a.Call, b.Call) })
	for _, op := range slices.Backward(attempts) {
		if op.Output != nil && (idle(op) || !take(op, true)) {
			unplaced = append(unplaced, op)
		}
	}
	for _, op := range attempts {
		if op.Output == nil && take(op, false) { // or it has no effect
			p := &known[len(known)-1]
			p.op = m.complete(op, p.place.index, begins)
		}
	}
	return known, unplaced
}

// ofAny returns where any of the attempts can have had its effect: they all name the same, unless
// they change a budget.
func (m *Marks) ofAny(attempts []*Op) []place {
	if k := attempts[0].Input.Kind; k != PutBudget && k != DeleteBudget {
		return m.of(attempts[0])
	}
	var places []place
	for _, op := range attempts {
		places = append(places, m.of(op)...)
	}
	slices.SortFunc(places, place.compare)
	return slices.Compact(places)
}

// idle: the call changed nothing, by its answer.
func idle(op *Op) bool {
	switch op.Input.Kind {
	case PutBudget:
		return !op.Output.Changed
	case DeleteBudget:
		return op.Output.Answer == NoBudget
	case GiveBack:
		return !op.Output.SessionKnown
	case Acquire: // not even its returns were taken
		switch op.Output.Answer {
		case NoBudget, NoSession, Stale:
			return true
		}
	}
	return false
}

// unheard returns the first attempt of a request with an answer that leaves no mark, if nobody was
// told of that one but of a later one, with that answer: it may have been decided by then, before
// the budget was changed again.
func (m *Marks) unheard(attempts, unplaced []*Op, begins map[uint64]place) []*Op {
	first := attempts[0]
	if len(unplaced) == 0 || first.Output != nil || first.Input.Kind != Acquire {
		return nil
	}
	done := *first
	done.Output, done.Return = unplaced[0].Output, unplaced[0].Return
	if next, changed := begins[done.Output.Revision+1]; changed {
		done.Return = min(done.Return, m.at[next.index])
	}
	marked := done.Output.Answer != Changed && done.Output.Answer != TooLarge
	if marked || done.Return <= done.Call {
		return nil
	}
	return []*Op{&done}
}

// date gives each call the instant at which its entry was first seen, within its call and in the
// order of the log, which is one of real time.
func (m *Marks) date(known []placed) {
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
		if p := known[i].place; p.event < math.MaxInt { // or it is somewhere behind that entry
			known[i].time = m.time[p.index]
		}
	}
}

// moment is the begin or the end of a call.
type moment struct {
	at    int64
	order int // of calls at their places, which are in the middle of moments at one instant
	set   *int64
}

// ordered counts the moments of all calls, so that no two are the same.
func ordered(known []placed, wide History) History {
	h := make(History, 0, len(known)+len(wide))
	for _, p := range known {
		op := *p.op
		op.dated = p.time
		h = append(h, op)
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
