package timeline

import (
	"cmp"
	"slices"

	"github.com/leased-io/leased/trace"
)

// session is one incarnation of a holder.
type session struct {
	id    uint64
	file  string // of its process; empty: no fleet file knows it
	over  bool
	sends newest[sending]
}

type sending struct {
	attempt uint64
	at      int64
}

// ending is how a lease ended.
type ending int

// The endings. The page's script knows them by these numbers.
const (
	alive    ending = iota // when the trace ends
	spent                  // all of it was admitted
	givenUp                // the rest was given up, to be returned
	expired                // with something left
	untaken                // no process said that it took it
	orphaned               // its process died
)

// lease is a grant and what became of it.
type lease struct {
	id      uint64
	account *account
	session *session
	tally   *tally
	window  int64
	cell    *cell // it is summed up there

	amount, admitted, returned int64
	admissions, replays        int64
	unspent                    int64 // given up or expired
	ttl, life                  int64 // nanoseconds
	grantedAt                  int64 // cluster time of its last answer
	granted, accepted          instant
	lifeEnds, ended            instant
	taken                      bool
	named                      bool // by a violation
	ending                     ending
	spans                      []span
	spanLimit                  int
}

// span is n credits that were spent between two instants.
type span struct {
	from, to instant
	n        int64
}

type denial struct {
	at      instant
	account *account
	session *session
	left    int64
}

type failOpen struct {
	from, to instant
	account  *account
	session  *session
	n, count int64
}

// session returns the session of that number, and remembers it.
func (t *Timeline) session(id uint64) *session {
	s := t.sessions[id]
	if s == nil {
		if len(t.sessions) >= maxSessions {
			t.forgetSessions()
		}
		s = &session{id: id}
		t.sessions[id] = s
	}
	return s
}

// forgetSessions makes room: up to a quarter of those that are over, the oldest, are forgotten.
// Leases keep theirs.
func (t *Timeline) forgetSessions() {
	var over []*session
	for _, s := range t.sessions {
		if s.over {
			over = append(over, s)
		}
	}
	slices.SortFunc(over, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	for _, s := range over[:min(len(over), maxSessions/4)] {
		delete(t.sessions, s.id)
	}
}

func (t *Timeline) grant(e *trace.Event) {
	l := t.limits[e.Limit]
	if l == nil {
		return
	}
	a := t.account(l, e.Key)
	w := t.tally(a, e.Window)
	w.Leases++
	w.Granted += e.Amount
	w.Bound = max(w.Bound, l.bound)
	g := &lease{id: e.Lease, account: a, session: t.session(e.Session), tally: w,
		window: e.Window, amount: e.Amount, ttl: e.TTL, granted: t.axis.log,
		grantedAt: t.axis.now, ending: untaken, spanLimit: maxSpans}
	t.leases[g.id] = g
	t.draw(g)
}

func (t *Timeline) takeBack(e *trace.Event) {
	g := t.leases[e.Lease]
	if g == nil || !e.OK {
		return
	}
	g.returned += e.Amount
	if g.cell != nil {
		g.cell.returned += e.Amount
	}
	g.tally.Returned += e.Amount
}

func (t *Timeline) deny(e *trace.Event) {
	l := t.limits[e.Limit]
	if l == nil {
		return
	}
	d := denial{t.axis.log, t.account(l, e.Key), t.session(e.Session), e.Amount}
	if _, out := t.denials.push(d, maxDenials); out {
		t.out.Denials++
	}
}
