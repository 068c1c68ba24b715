package main

import (
	"slices"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

const (
	// beyond is added to a number to get one that was never given out.
	beyond = 1_000_000
	// jump is longer than a failover takes.
	jump = 30 * time.Second
	// longEnough is how long a clock must run 10 percent fast until the slack is used up.
	longEnough = 800 * time.Millisecond
)

// grantCorruptions are what the state machine must not decide.
var grantCorruptions = []corruption{
	{"one credit more is granted than is left", twin.NoOverGrant, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			r.change(life.grant, func(e *trace.Event) { e.Amount = life.left + 1 })
		})
	}},
	{"a limit is a quarter of what was granted from", twin.NoOverGrant,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindLimit), func(l *line) {
				r.change(l, func(e *trace.Event) { e.Amount /= 4 })
			})
		}},
	{"a grant is from a limit that is not in force", twin.NoOverGrant,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindGrant), func(l *line) {
				r.change(l, func(e *trace.Event) { e.Limit += beyond })
			})
		}},
	{"a denial tells one credit more than is left", twin.NoOverGrant,
		func(r *traceRun) []func() {
			return on(r.firstTold(), func(l *line) {
				r.change(l, func(e *trace.Event) { e.Amount++ })
			})
		}},
	{"a retry is charged again", twin.RequestOnce, func(r *traceRun) []func() {
		byLease := r.granted()
		return on(r.logged(trace.KindReplay), func(l *line) {
			again := byLease[l.event.Lease].grant.event
			again.Lease += beyond
			again.TTL = l.event.TTL
			r.replace(l, again)
		})
	}},
	{"a retry is told one credit more", twin.RequestOnce, func(r *traceRun) []func() {
		return on(r.logged(trace.KindReplay), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Amount++ })
		})
	}},
	{"a retry is told another session's lease", twin.RequestOnce, func(r *traceRun) []func() {
		return on(r.logged(trace.KindReplay), func(l *line) {
			other := slices.IndexFunc(r.logged(trace.KindGrant), func(g *line) bool {
				return g.event.Session != l.event.Session
			})
			lease := r.logged(trace.KindGrant)[other].event.Lease
			r.change(l, func(e *trace.Event) { e.Lease = lease })
		})
	}},
	{"a charged request is denied as well", twin.RequestOnce, func(r *traceRun) []func() {
		return on(r.logged(trace.KindGrant), func(l *line) {
			e := l.event
			r.after(l, trace.Event{Kind: trace.KindDeny, Session: e.Session, Seq: e.Seq,
				Limit: e.Limit, Key: e.Key, TTL: e.TTL})
		})
	}},
	{"a lease's number was used before", twin.FencingMonotonic, func(r *traceRun) []func() {
		grants := r.logged(trace.KindGrant)
		return on(grants[1:], func(l *line) {
			used := grants[0].event.Lease + (l.event.Lease-grants[0].event.Lease)/2
			r.change(l, func(e *trace.Event) { e.Lease = used })
		})
	}},
	{"a grant comes twice", twin.FencingMonotonic, func(r *traceRun) []func() {
		return on(r.logged(trace.KindGrant), r.twice)
	}},
	{"a session's number was used before", twin.FencingMonotonic, func(r *traceRun) []func() {
		sessions := r.logged(trace.KindSession)
		return on(sessions[1:], func(l *line) {
			r.change(l, func(e *trace.Event) { e.Session = sessions[0].event.Session })
		})
	}},
	{"a limit's number was used before", twin.FencingMonotonic, func(r *traceRun) []func() {
		limits := r.logged(trace.KindLimit)
		return on(limits[1:], func(l *line) {
			r.change(l, func(e *trace.Event) { e.Limit = limits[0].event.Limit })
		})
	}},
}

// answerCorruptions are what an answer must not tell.
var answerCorruptions = []corruption{
	{"a TTL is a nanosecond longer", twin.TTL, func(r *traceRun) []func() {
		return on(r.logged(trace.KindGrant), func(l *line) {
			r.change(l, func(e *trace.Event) { e.TTL++ })
		})
	}},
	{"a retry is told the first answer's TTL", twin.TTL, func(r *traceRun) []func() {
		byLease := r.granted()
		later := func(e trace.Event) bool { return e.TTL < byLease[e.Lease].grant.event.TTL }
		return on(r.logged(trace.KindReplay, later), func(l *line) {
			r.change(l, func(e *trace.Event) { e.TTL = byLease[e.Lease].grant.event.TTL })
		})
	}},
	{"a denial lasts a nanosecond longer", twin.TTL, func(r *traceRun) []func() {
		return on(r.firstTold(), func(l *line) {
			r.change(l, func(e *trace.Event) { e.TTL++ })
		})
	}},
	{"a lease is of the window before", twin.Roll, func(r *traceRun) []func() {
		return on(r.logged(trace.KindGrant), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Window-- })
		})
	}},
}

func taken(e trace.Event) bool { return e.OK }

// returnCorruptions are returns that must not be taken.
var returnCorruptions = []corruption{
	{"a return is taken twice", twin.ReturnOnce, func(r *traceRun) []func() {
		return on(r.logged(trace.KindReturn, taken), r.twice)
	}},
	{"a return is taken after the roll", twin.ReturnOnce, func(r *traceRun) []func() {
		unspent := func(life *leaseLife) bool { return life.expire.event.N > 0 }
		return on(r.lives(wasKept, wasRolled, unspent), func(life *leaseLife) {
			g := life.grant.event
			r.after(life.end, trace.Event{Kind: trace.KindReturn, Session: g.Session,
				Lease: g.Lease, Limit: g.Limit, Key: g.Key, Window: g.Window,
				Amount: life.expire.event.N, OK: true})
		})
	}},
	{"a return is of more than the lease", twin.ReturnOnce, func(r *traceRun) []func() {
		return on(r.lives(wasReturned), func(life *leaseLife) {
			r.change(life.back, func(e *trace.Event) { e.Amount = life.grant.event.Amount + 1 })
		})
	}},
	{"a return is of one credit that was spent", twin.ReturnOnce, func(r *traceRun) []func() {
		eve := r.eves()
		can := func(life *leaseLife) bool { return eve[life.end.place.index] != nil }
		return on(r.lives(wasSpent, wasKept, wasRolled, can), func(life *leaseLife) {
			g := life.grant.event
			r.after(eve[life.end.place.index], trace.Event{Kind: trace.KindReturn,
				Session: g.Session, Lease: g.Lease, Limit: g.Limit, Key: g.Key, Window: g.Window,
				Amount: 1, OK: true})
		})
	}},
	{"a return is of what nobody gave up", twin.ReturnOnce, func(r *traceRun) []func() {
		return on(r.lives(wasReturned), func(life *leaseLife) {
			for _, l := range life.given {
				life.file.remove(l)
				life.expire.event.N += l.event.N
			}
		})
	}},
	{"a return is another session's", twin.ReturnOnce, func(r *traceRun) []func() {
		return on(r.logged(trace.KindReturn, taken), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Session = r.otherSession(e.Session) })
		})
	}},
	{"a return is under the next window", twin.ReturnOnce, func(r *traceRun) []func() {
		return on(r.logged(trace.KindReturn, taken), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Window++ })
		})
	}},
	{"a return is of a lease that never was", twin.ReturnOnce, func(r *traceRun) []func() {
		return on(r.logged(trace.KindReturn, taken), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Lease += beyond })
		})
	}},
}

// eves returns for each entry the line of the log before it, unless that one's entry opened an
// epoch.
func (r *traceRun) eves() map[uint64]*line {
	eves := map[uint64]*line{}
	log := r.log()
	for i, l := range log {
		if i > 0 && l.event.Kind == trace.KindEntry && log[i-1].event.Kind != trace.KindEpoch {
			eves[l.place.index] = log[i-1]
		}
	}
	return eves
}

// otherSession returns a session that is not this one.
func (r *traceRun) otherSession(session uint64) uint64 {
	for _, l := range r.logged(trace.KindSession) {
		if l.event.Session != session {
			return l.event.Session
		}
	}
	return session
}
