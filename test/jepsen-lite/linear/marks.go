package linear

import (
	"cmp"
	"errors"
	"io"
	"slices"

	"github.com/leased-io/leased/trace"
)

// Marks are what calls have left in the log, by what the nodes' traces tell: where they had their
// effect. A call without a mark had none that another call could tell.
type Marks struct {
	at       map[uint64]int64 // index of an entry -> the first instant in any node's file
	time     map[uint64]int64 // -> the cluster time of its effect
	spanAt   map[int64]span   // cluster time -> the entries that had effect then
	opened   map[uint64][]place
	asked    map[request][]place
	returned map[back][]place
	ended    map[uint64][]place // sessions that were closed
	// effects are those of the places in asked and returned.
	effects map[place]effect
	// order is at, in the order of instants: nil if it was not asked for since at changed.
	order []seen
	policies
}

// place is a place in the log: an entry, and which of its events.
type place struct {
	index uint64
	event int
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.index, q.index), cmp.Compare(p.event, q.event))
}

// span is a row of entries. The zero span has none.
type span struct{ first, last uint64 }

// with returns the span that has an entry too.
func (s span) with(index uint64) span {
	if s.last == 0 {
		return span{index, index}
	}
	return span{min(s.first, index), max(s.last, index)}
}

// back is what was given back, by whom.
type back struct{ session, lease uint64 }

// NewMarks returns the marks of a log of which nothing is known yet.
func NewMarks() *Marks {
	return &Marks{
		at: map[uint64]int64{}, time: map[uint64]int64{}, spanAt: map[int64]span{},
		opened: map[uint64][]place{}, asked: map[request][]place{}, returned: map[back][]place{},
		ended: map[uint64][]place{}, effects: map[place]effect{}, policies: newPolicies(),
	}
}

// ReadMarks returns the marks of the log of one cluster, by the files of its nodes; those of
// other recorders tell nothing of it.
func ReadMarks(files []string) (*Marks, error) {
	m := NewMarks()
	for _, path := range files {
		file, err := trace.Open(path)
		if err != nil {
			return nil, err
		}
		if file.Header().Role == trace.RoleNode {
			err = m.file(file)
		}
		_ = file.Close() // it was only read
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Marks) file(file *trace.Reader) error {
	var at place
	for {
		e, err := file.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if e.Kind == trace.KindEntry {
			at = place{index: e.Index}
		}
		at.event++
		m.Take(at.index, at.event, &e)
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

// Take takes an event that follows from the log's entry index, and which of these it is. A node
// that was started again tells its log again, later, and the others tell the same.
func (m *Marks) Take(index uint64, event int, e *trace.Event) {
	at := place{index, event}
	switch e.Kind {
	case trace.KindEntry:
		if before, known := m.at[index]; !known || e.At < before {
			m.at[index], m.order = e.At, nil
		}
		m.time[index] = e.T
		m.spanAt[e.T] = m.spanAt[e.T].with(index)
	case trace.KindSession:
		note(m.opened, e.Session, at)
	case trace.KindGrant, trace.KindReplay, trace.KindDeny:
		note(m.asked, request{e.Session, e.Seq}, at)
		m.effects[at] = effectOf(e)
	case trace.KindReturn:
		note(m.returned, back{e.Session, e.Lease}, at)
		m.effects[at] = effectOf(e)
	case trace.KindSessionEnd:
		if e.OK { // or it was forgotten, by nobody's call
			note(m.ended, e.Session, at)
		}
	case trace.KindLimit:
		m.limit(at, e)
	}
}

// entries returns when which entries were seen.
func (m *Marks) entries() []seen {
	if m.order == nil {
		for index, at := range m.at {
			m.order = append(m.order, seen{at, place{index: index}})
		}
		m.order = inOrder(m.order)
	}
	return m.order
}

// note adds a place, once.
func note[K comparable](of map[K][]place, key K, at place) {
	if !slices.Contains(of[key], at) {
		of[key] = append(of[key], at)
	}
}

// Denied returns the instant at which a request was decided, if it was denied then.
func (m *Marks) Denied(session, seq uint64) (at int64, ok bool) {
	places := m.asked[request{session, seq}]
	if len(places) == 0 {
		return 0, false
	}
	decided := slices.MinFunc(places, place.compare)
	return m.at[decided.index], m.effects[decided].kind == trace.KindDeny
}

// of returns where a call can have had its effect: a place in each entry that tells of what it
// asks for, in the order of the log.
func (m *Marks) of(op *Op) (places []place) {
	in := op.Input
	switch in.Kind {
	case OpenSession:
		if op.Output != nil {
			places = append(places, m.opened[op.Output.Session]...)
		}
	case Acquire:
		places = append(places, m.asked[request{in.Session, in.Seq}]...)
	case GiveBack:
		if in.Close {
			places = append(places, m.ended[in.Session]...)
		}
	case PutBudget, DeleteBudget:
		places = m.policies.of(in)
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
func (m *Marks) settle(h History) {
	told := map[request]int64{}
	for _, op := range h {
		if op.Output != nil && op.Input.Kind == Acquire {
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
		if op.Input.Kind == Acquire {
			last = max(last, told[request{op.Input.Session, op.Input.Seq}])
		}
		for _, p := range m.of(op) {
			last = max(last, m.at[p.index])
		}
		op.Settled = last + 1
	}
}
