package report

import "github.com/leased-io/leased/trace"

// fleet is what the limiters' files tell.
type fleet struct {
	log     *log
	windows map[windowID]*window

	admissions, admitted int64
	strays, failOpen     int64
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
}

// waited is how long one request was under way, and when its answer was taken.
type waited struct{ at, wait int64 }

// begin makes the windows that anything was granted from. A grant of a limit that no file tells
// the amount of has none.
func (f *fleet) begin(l *log) {
	f.log = l
	for lease, g := range l.grants {
		amount := int64(0)
		if t := l.limits[g.limit]; t != nil {
			amount = t.amount(g.place)
		}
		if amount < 1 {
			continue
		}
		w := f.windows[g.id()]
		if w == nil {
			w = &window{}
			f.windows[g.id()] = w
		}
		// A window's bound is the largest amount in force while it was granted from.
		w.bound = max(w.bound, amount)
		w.granted += g.amount - l.returns[lease]
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
		case trace.KindFailOpen:
			f.failOpen += e.N
		}
		return nil
	}
}

// answered stands for the instant of a request that is closed.
const answered = int64(-1)

func (f *fleet) admit(s source, e *trace.Event) {
	f.admissions += e.Count
	f.admitted += e.N
	g, known := f.log.grants[e.Lease]
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
