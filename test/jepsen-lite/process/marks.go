//go:build linux

package process

import (
	"slices"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// marks are what calls have left in the log: where they had their effect. A call without a mark
// had none that another call could tell.
type marks struct {
	at       map[uint64]int64 // index of an entry -> the first instant in any node's file
	time     map[uint64]int64 // -> the cluster time of its effect
	indexAt  map[int64]uint64 // cluster time -> the last entry that had effect then
	opened   map[uint64][]place
	asked    map[request][]place
	returned map[back][]place
	ended    map[uint64][]place
	put      map[amount][]place
	// effects are those of the places in asked and returned.
	effects map[place]effect
	// limits are the numbers of all limits, by metric.
	limits map[string]uint64
}

// place is a place in the log: an entry, and which of its events.
type place struct {
	index uint64
	event int
}

func (p place) compare(q place) int {
	if p.index != q.index {
		return int(int64(p.index - q.index))
	}
	return p.event - q.event
}

type (
	request struct{ session, seq uint64 }
	back    struct{ session, lease uint64 }
	amount  struct {
		metric string
		credit int64
	}
)

func newMarks() marks {
	return marks{
		at: map[uint64]int64{}, time: map[uint64]int64{}, indexAt: map[int64]uint64{},
		opened: map[uint64][]place{}, asked: map[request][]place{}, returned: map[back][]place{},
		ended: map[uint64][]place{}, put: map[amount][]place{}, effects: map[place]effect{},
		limits: map[string]uint64{},
	}
}

// effect is what became of an ask, or of a return.
type effect struct {
	kind                trace.Kind
	limit, lease        uint64
	window, amount, ttl int64
	ok                  bool
}

func effectOf(e *trace.Event) effect {
	return effect{e.Kind, e.Limit, e.Lease, e.Window, e.Amount, e.TTL, e.OK}
}

// take takes the event at a place of the log. A node that was started again tells its log again,
// later, and the others tell the same.
func (m *marks) take(at place, e *trace.Event) {
	switch e.Kind {
	case trace.KindEntry:
		if before, known := m.at[at.index]; !known || e.At < before {
			m.at[at.index] = e.At
		}
		m.time[at.index] = e.T
		m.indexAt[e.T] = max(m.indexAt[e.T], at.index)
	case trace.KindSession:
		note(m.opened, e.Session, at)
	case trace.KindGrant, trace.KindReplay, trace.KindDeny:
		note(m.asked, request{e.Session, e.Seq}, at)
		m.effects[at] = effectOf(e)
	case trace.KindReturn:
		note(m.returned, back{e.Session, e.Lease}, at)
		m.effects[at] = effectOf(e)
	case trace.KindSessionEnd:
		note(m.ended, e.Session, at)
	case trace.KindLimit:
		note(m.put, amount{e.Metric, e.Amount}, at)
		m.limits[e.Metric] = e.Limit
	}
}

// note adds a place, once.
func note[K comparable](of map[K][]place, key K, at place) {
	if !slices.Contains(of[key], at) {
		of[key] = append(of[key], at)
	}
}

// of returns where a call can have had its effect: a place in each entry that tells of what it
// asks for, in the order of the log.
func (m *marks) of(op *linear.Op) (places []place) {
	in := op.Input
	switch in.Kind {
	case linear.OpenSession:
		if op.Output != nil {
			places = append(places, m.opened[op.Output.Session]...)
		}
	case linear.Acquire:
		places = append(places, m.asked[request{in.Session, in.Seq}]...)
	case linear.GiveBack:
		if in.Close {
			places = append(places, m.ended[in.Session]...)
		}
	case linear.PutBudget:
		for _, l := range in.Limits {
			places = append(places, m.put[amount{l.Metric, l.Amount}]...)
		}
	}
	for _, r := range in.Returns {
		places = append(places, m.returned[back{in.Session, r.Lease}]...)
	}
	slices.SortFunc(places, place.compare)
	return slices.CompactFunc(places, func(p, q place) bool { return p.index == q.index })
}

// settle notes of every call of h that was not answered since when it can have no effect any
// more: from just after its last mark. An attempt of a request that another attempt was told of
// counts as possible until then, since not every answer leaves a mark.
func (m *marks) settle(h linear.History) {
	told := map[request]int64{}
	for _, op := range h {
		if op.Output != nil && op.Input.Kind == linear.Acquire {
			r := request{op.Input.Session, op.Input.Seq}
			told[r] = max(told[r], op.Return)
		}
	}
	for i := range h {
		op := &h[i]
		if op.Output != nil {
			continue
		}
		last := op.Call
		if op.Input.Kind == linear.Acquire {
			last = max(last, told[request{op.Input.Session, op.Input.Seq}])
		}
		for _, p := range m.of(op) {
			last = max(last, m.at[p.index])
		}
		op.Settled = last + 1
	}
}
