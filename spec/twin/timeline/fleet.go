package timeline

import (
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// fleet takes an event of a process.
func (t *Timeline) fleet(at *twin.Located) {
	e := &at.Event
	s := t.session(e.Session)
	s.file = at.File
	switch e.Kind {
	case trace.KindSend:
		s.sends.push(sending{e.Attempt, e.At}, maxSends)
		return
	case trace.KindDrop:
		return
	case trace.KindFailOpen, trace.KindShadow:
		t.failOpen(at, s)
		return
	}
	g := t.leases[e.Lease]
	if g == nil {
		t.out.Late++
		return
	}
	switch e.Kind {
	case trace.KindAccept:
		t.accept(at, g)
	case trace.KindAdmit:
		t.admit(at, g)
	case trace.KindGiveUp:
		g.unspent += e.N
		if g.admitted+g.unspent >= g.amount { // otherwise it goes on with less
			g.ended, g.ending = t.place(at, trace.RoleFleet), givenUp
		}
	case trace.KindExpire:
		t.expire(at, g)
	}
}

func (t *Timeline) accept(at *twin.Located, g *lease) {
	e := &at.Event
	sent := e.At
	for _, s := range g.session.sends.all() {
		if s.attempt == e.Attempt {
			sent = s.at
		}
	}
	t.axis.took(at.File, e.At, g.grantedAt)
	g.taken, g.ending, g.ttl, g.life = true, alive, e.TTL, e.Life
	g.accepted = t.axis.fleet(at.File, e.At)
	// Where its life ends the axis need not reach: it may be after the end of the trace.
	end := t.axis.end
	g.lifeEnds = t.axis.fleet(at.File, sent+e.Life)
	t.axis.end = end
}

func (t *Timeline) admit(at *twin.Located, g *lease) {
	e := &at.Event
	g.admitted += e.N
	g.admissions += e.Count
	g.account.credits += e.N
	if !g.tally.closed { // a closed one has it
		g.tally.Admitted += e.N
	}
	first, last := t.axis.fleet(at.File, e.First), t.axis.fleet(at.File, e.Last)
	if g.cell != nil {
		g.cell.admitted += e.N
		g.cell.to = max(g.cell.to, last)
		return
	}
	g.addSpan(span{first, last, e.N})
	if g.admitted == g.amount {
		g.ended, g.ending = last, spent
	}
}

// expire is the last event of a lease.
func (t *Timeline) expire(at *twin.Located, g *lease) {
	g.unspent += at.Event.N
	if g.ending == alive {
		g.ended, g.ending = min(t.place(at, trace.RoleFleet), g.lifeEnds), expired
	}
	if g.cell != nil {
		delete(t.leases, g.id) // nothing more is to come, and nothing is drawn
	}
}

func (t *Timeline) failOpen(at *twin.Located, s *session) {
	e := &at.Event
	f := failOpen{from: t.axis.fleet(at.File, e.First), to: t.axis.fleet(at.File, e.Last),
		session: s, n: e.N, count: e.Count}
	f.account = t.accountNamed(e)
	if _, out := t.failures.push(f, maxFailOpens); out {
		t.out.FailOpens++
	}
}

// accountNamed returns the account that an event means by the names of budget and metric: that
// of the newest such limit. If none is in force, it is one without windows.
func (t *Timeline) accountNamed(e *trace.Event) *account {
	found := &limit{budget: e.Budget, metric: e.Metric, per: e.Per}
	for _, l := range t.limits {
		if l.budget == e.Budget && l.metric == e.Metric && l.per == e.Per &&
			l.serial > found.serial {
			found = l
		}
	}
	return t.account(found, e.Key)
}
