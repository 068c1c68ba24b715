package report

import "github.com/leased-io/leased/trace"

// fleet is what the limiters' files tell.
type fleet struct {
	log     *log
	windows map[windowID]*window
	// filled is what buckets held before anything was granted from them.
	filled int64

	admissions, admitted int64
	strays, failOpen     int64
	slots                int64
	waited               []waited
}

// windowID names a window of an account.
type windowID struct {
	limit  uint64
	key    string
	window int64
}

// window is what became of one.
type window struct {
	bound, granted, admitted int64
	amount                   int64 // the largest that it was granted from
	first, last              place // of what was granted from it
}

// waited is how long one request was under way, and when its answer was taken.
type waited struct{ at, wait int64 }

// begin makes the windows that anything was granted from, but for slots, which bound no window. A
// grant of a limit that no file tells the amount of has none.
func (f *fleet) begin(l *log) {
	f.log = l
	for lease, g := range l.grants {
		t := l.limits[g.limit]
		if t == nil || t.level(g.place).amount < 1 || t.kind == slots {
			continue
		}
		w := f.windows[g.id()]
		if w == nil {
			w = &window{first: g.place, last: g.place}
			f.windows[g.id()] = w
		}
		w.granted += g.amount - l.returns[lease]
		w.reach(t, t.level(g.place))
		if g.compare(w.first) < 0 {
			w.first = g.place
		}
		if g.compare(w.last) > 0 {
			w.last = g.place
		}
	}
	f.fill()
}

// reach lets w be granted from at a level. A window's bound is the largest that was in force
// while it was granted from.
func (w *window) reach(t *limit, l level) {
	w.bound, w.amount = max(w.bound, t.most(l)), max(w.amount, l.amount)
}

// fill looks at the buckets: what one was between two of a window's grants has run into it, too,
// and the first grant of an account finds it full.
func (f *fleet) fill() {
	type account struct {
		limit uint64
		key   string
	}
	first := map[account]place{}
	for id, w := range f.windows {
		t := f.log.limits[id.limit]
		if t.kind != bucket {
			continue
		}
		for _, c := range t.changes[t.change(w.first) : t.change(w.last)+1] {
			w.reach(t, c.level)
		}
		a := account{id.limit, id.key}
		if at, known := first[a]; !known || w.first.compare(at) < 0 {
			first[a] = w.first
		}
	}
	for a, at := range first {
		f.filled += f.log.limits[a.limit].level(at).burst
	}
}

func (g *grant) id() windowID { return windowID{g.limit, g.key, g.window} }

// request is the one that a session has under way.
type request struct {
	seq  uint64
	sent int64 // its first attempt
}

// file returns what takes the events of a limiters' file.
func (f *fleet) file(s source) func(*trace.Event) error {
	asking := map[uint64]request{} // by session; a session asks for one thing at a time
	return func(e *trace.Event) error {
		switch e.Kind {
		case trace.KindSend:
			if asking[e.Session].seq != e.Seq {
				asking[e.Session] = request{e.Seq, e.At}
			}
		case trace.KindAccept: // one a lease: the first of an answer counts
			asked, known := asking[e.Session]
			if !known || asked.seq != e.Seq || asked.sent == answered {
				return nil
			}
			asking[e.Session] = request{e.Seq, answered}
			at := e.At
			if !s.comparable { // it was granted at about that time
				at = f.log.entries[f.log.grants[e.Lease].index]
			}
			f.waited = append(f.waited, waited{at, e.At - asked.sent})
		case trace.KindAdmit:
			f.admit(s, e)
		case trace.KindFailOpen, trace.KindShadow:
			f.failOpen += e.N
		}
		return nil
	}
}

// answered stands for the instant of a request that is closed.
const answered = int64(-1)

func (f *fleet) admit(s source, e *trace.Event) {
	f.admissions += e.Count
	g, known := f.log.grants[e.Lease]
	if t := f.log.limits[g.limit]; known && t != nil && t.kind == slots {
		f.slots += e.N
		return
	}
	f.admitted += e.N
	w := f.windows[g.id()]
	if !known || w == nil {
		f.strays += e.N
		return
	}
	w.admitted += e.N
	if s.comparable {
		f.log.admit(e)
	}
}
