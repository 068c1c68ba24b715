package main

import (
	"cmp"
	"slices"

	"github.com/leased-io/leased/trace"
)

// leaseLife is all that a run's trace says of one lease.
type leaseLife struct {
	file   *traceFile // of its holder's process
	grant  *line
	left   int64 // of its account just before the grant
	begin  *line // the roll that began its window; nil if its limit came into force in it
	end    *line // the roll that ended its window; nil if the log ends before
	back   *line // its return
	send   *line // of the attempt that was answered
	accept *line
	admits []*line
	given  []*line // give-ups
	expire *line
}

// account names what is charged.
type account struct {
	limit uint64
	key   string
}

// attempt names one sending of a request.
type attempt struct {
	session, seq, attempt uint64
}

func attemptOf(e *trace.Event) attempt { return attempt{e.Session, e.Seq, e.Attempt} }

// lives returns the lives of the leases that were accepted and are over, in order of their
// numbers, that meet all conditions.
func (r *traceRun) lives(conditions ...func(*leaseLife) bool) []*leaseLife {
	byLease := r.granted()
	for _, f := range r.fleet() {
		f.tell(byLease)
	}
	var lives []*leaseLife
	for _, life := range byLease {
		if life.accept != nil && life.expire != nil && life.send != nil {
			lives = append(lives, life)
		}
	}
	slices.SortFunc(lives, func(a, b *leaseLife) int {
		return cmp.Compare(a.grant.event.Lease, b.grant.event.Lease)
	})
	return slices.DeleteFunc(lives, func(life *leaseLife) bool {
		for _, holds := range conditions {
			if !holds(life) {
				return true
			}
		}
		return false
	})
}

// granted reads the log's side of all lives.
func (r *traceRun) granted() map[uint64]*leaseLife {
	byLease := map[uint64]*leaseLife{}
	amounts := map[uint64]int64{}
	used := map[account]int64{}
	open := map[uint64][]*leaseLife{} // in its limit's window
	begin := map[uint64]*line{}       // of its limit's window
	for _, l := range r.log() {
		e := &l.event
		at := account{e.Limit, e.Key}
		switch e.Kind {
		case trace.KindLimit:
			amounts[e.Limit] = e.Amount
		case trace.KindRoll:
			for _, life := range open[e.Limit] {
				life.end = l
				used[account{e.Limit, life.grant.event.Key}] = 0
			}
			open[e.Limit], begin[e.Limit] = nil, l
		case trace.KindGrant:
			life := &leaseLife{grant: l, left: amounts[e.Limit] - used[at], begin: begin[e.Limit]}
			byLease[e.Lease] = life
			open[e.Limit] = append(open[e.Limit], life)
			used[at] += e.Amount
		case trace.KindReturn:
			if e.OK {
				byLease[e.Lease].back = l
				used[at] -= e.Amount
			}
		}
	}
	return byLease
}

// tell reads a process's side of the lives of its leases.
func (f *traceFile) tell(byLease map[uint64]*leaseLife) {
	sends := map[attempt]*line{}
	for _, l := range f.lines {
		e := &l.event
		if e.Kind == trace.KindSend {
			sends[attemptOf(e)] = l
		}
		life := byLease[e.Lease]
		if life == nil {
			continue
		}
		switch e.Kind {
		case trace.KindAccept:
			life.file, life.accept, life.send = f, l, sends[attemptOf(e)]
		case trace.KindAdmit:
			life.admits = append(life.admits, l)
		case trace.KindGiveUp:
			life.given = append(life.given, l)
		case trace.KindExpire:
			life.expire = l
		}
	}
}

// Conditions on lives.

func wasSpent(life *leaseLife) bool    { return len(life.admits) > 0 }
func wasReturned(life *leaseLife) bool { return life.back != nil }
func wasRolled(life *leaseLife) bool   { return life.end != nil }
func wasKept(life *leaseLife) bool     { return life.back == nil && len(life.given) == 0 }

// firstTold returns the denials that decided their request: others repeat one.
func (r *traceRun) firstTold() []*line {
	told := map[request]bool{}
	return slices.DeleteFunc(r.logged(trace.KindDeny), func(l *line) bool {
		key := requestOf(&l.event)
		again := told[key]
		told[key] = true
		return again
	})
}
