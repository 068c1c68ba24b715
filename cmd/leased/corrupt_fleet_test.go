package main

import (
	"slices"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// away returns the file of another process.
func (r *traceRun) away(f *traceFile) *traceFile {
	others := slices.DeleteFunc(r.fleet(), func(g *traceFile) bool { return g == f })
	return others[0]
}

// holderCorruptions are uses of leases and sessions by others than their holders.
var holderCorruptions = []corruption{
	{"a session sends from two processes", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			r.away(life.file).last(life.send.event, func(*trace.Event) {})
		})
	}},
	{"a lease is spent by two processes", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) {
			other := r.away(life.file)
			other.insertAfter(other.lines[0], life.admits[0].event)
		})
	}},
	{"another session accepts the lease", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			e := &life.accept.event
			e.Session = r.otherSession(e.Session)
		})
	}},
	{"another session spends the lease", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) {
			e := &life.admits[0].event
			e.Session = r.otherSession(e.Session)
		})
	}},
	{"a lease is accepted that was never granted", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			life.file.last(life.accept.event, func(e *trace.Event) { e.Lease += beyond })
		})
	}},
	{"a lease is spent that was never granted", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) {
			life.file.last(life.admits[0].event, func(e *trace.Event) { e.Lease += beyond })
		})
	}},
	{"a session asks that was never opened", twin.OneHolder, func(r *traceRun) []func() {
		sessions := r.logged(trace.KindSession)
		return on(sessions[len(sessions)-1:], r.drop)
	}},
	{"a lease is granted to a session that has ended", twin.OneHolder,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindGrant), func(l *line) {
				r.before(l, trace.Event{Kind: trace.KindSessionEnd, Session: l.event.Session,
					OK: true})
			})
		}},
	{"a session ends twice", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.logged(trace.KindSessionEnd), r.twice)
	}},
	{"a lease is granted on another key", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.logged(trace.KindGrant), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Key = "elsewhere" })
		})
	}},
}

// coverCorruptions are leases used outside their lives, and answers taken that must not be.
var coverCorruptions = []corruption{
	{"a life is a nanosecond longer", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) { life.accept.event.Life++ })
	}},
	{"a life is without the drift margin", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			life.accept.event.Life = life.accept.event.TTL
		})
	}},
	{"one credit more is accepted than granted", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) { life.accept.event.Amount++ })
	}},
	{"a lease is accepted for the next window", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) { life.accept.event.Window++ })
	}},
	{"an answer is accepted without a send", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			same := func(other *leaseLife) bool { return other.send == life.send }
			for _, life := range r.lives(same) {
				life.accept.event.Attempt += beyond
			}
		})
	}},
	{"a lease is spent without an accept", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(spentNext), func(life *leaseLife) { life.file.remove(life.accept) })
	}},
	{"an admission is moved across the roll", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(wasSpent, wasRolled), func(life *leaseLife) {
			e := &life.admits[len(life.admits)-1].event
			late := life.end.event.At + int64(time.Millisecond) - e.First
			e.First, e.Last = e.First+late, e.Last+late
		})
	}},
	{"an admission ends with the life", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) {
			e := &life.admits[len(life.admits)-1].event
			e.Last = life.send.event.At + life.accept.event.Life
		})
	}},
	{"an admission is before its send", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) {
			life.admits[0].event.First = life.send.event.At - 1
		})
	}},
	{"an answer is accepted twice", twin.FirstAnswer, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			life.file.insertAfter(life.accept, life.accept.event)
		})
	}},
	{"a second attempt's answer is accepted too", twin.FirstAnswer, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			first := life.accept.event
			life.resend()
			second := life.accept.event
			second.Attempt = first.Attempt + 1
			life.accept.event = first
			life.file.insertAfter(life.accept, second)
		})
	}},
	{"a request's leases are of two attempts", twin.FirstAnswer, func(r *traceRun) []func() {
		taken := map[[2]uint64]bool{}
		second := func(life *leaseLife) bool {
			request := [2]uint64{life.accept.event.Session, life.accept.event.Seq}
			again := taken[request]
			taken[request] = true
			return again
		}
		return on(r.lives(second), func(life *leaseLife) {
			life.resend()
			life.accept.event.Attempt++
		})
	}},
	{"a lease is taken for the next request", twin.FirstAnswer, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) { life.accept.event.Seq++ })
	}},
}

// spendingCorruptions are credits spent that must not be.
var spendingCorruptions = []corruption{
	{"a holder's clock is two windows late", twin.NoCarryOver, func(r *traceRun) []func() {
		return on(r.leaving(2*recordedWindow), func(f *traceFile) { f.shift(2 * recordedWindow) })
	}},
	{"a holder's clock is two windows early", twin.NoCarryOver, func(r *traceRun) []func() {
		return on(r.leaving(-2*recordedWindow), func(f *traceFile) {
			f.shift(-2 * recordedWindow)
		})
	}},
	{"a holder's clock jumps across the roll", twin.NoCarryOver, func(r *traceRun) []func() {
		fresh := map[*line]bool{}
		for _, f := range r.fleet() {
			f.fresh(fresh)
		}
		first := func(life *leaseLife) bool { return fresh[life.send] }
		return on(r.lives(wasSpent, wasRolled, first), func(life *leaseLife) {
			late := life.end.event.At + int64(recordedWindow/2) - life.send.event.At
			from := slices.Index(life.file.lines, life.send)
			for _, l := range life.file.lines[from:] {
				if l.event.Session == life.send.event.Session {
					l.shift(late)
				}
			}
		})
	}},
	{"given up credits are spent behind a gap", twin.Safe, func(r *traceRun) []func() {
		admitted := r.admitted()
		given := map[use]int64{}
		returned := r.lives(wasReturned)
		for _, life := range returned {
			given[useOf(&life.grant.event)] += life.back.event.Amount
		}
		full := map[use]bool{}
		for u, n := range given {
			full[u] = admitted[u]+n > r.amountOf(u.limit)
		}
		over := func(life *leaseLife) bool { return !full[useOf(&life.grant.event)] }
		return on(slices.DeleteFunc(returned, over), func(victim *leaseLife) {
			for _, life := range r.lives(wasReturned) {
				if useOf(&life.grant.event) == useOf(&victim.grant.event) {
					life.keep()
				}
			}
		})
	}},
	{"one credit more is spent than the lease has", twin.Books, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) {
			life.admits[0].event.N = life.grant.event.Amount + 1
		})
	}},
	{"an admission is counted twice", twin.Books, func(r *traceRun) []func() {
		dear := func(life *leaseLife) bool {
			return len(life.given) == 0 &&
				life.admits[len(life.admits)-1].event.N > life.expire.event.N
		}
		return on(r.lives(wasSpent, dear), func(life *leaseLife) {
			last := life.admits[len(life.admits)-1]
			life.file.insertAfter(last, last.event)
		})
	}},
	{"an admission is on a lease that is over", twin.Books, func(r *traceRun) []func() {
		lives := r.lives()
		late := func(life *leaseLife) bool { return life.older(lives) != nil }
		return on(r.lives(wasSpent, late), func(life *leaseLife) {
			life.admits[0].event.Lease = life.older(lives).grant.event.Lease
		})
	}},
	{"an admission is after its lease's last event", twin.Books, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) {
			last := life.admits[len(life.admits)-1]
			life.file.remove(last)
			life.file.insertAfter(life.expire, last.event)
		})
	}},
	{"an admission is left out", twin.Books, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) { life.file.remove(life.admits[0]) })
	}},
	{"a lease expires twice", twin.Books, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) {
			life.file.insertAfter(life.expire, life.expire.event)
		})
	}},
	{"a lease expires with one credit more", twin.Books, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) { life.expire.event.N++ })
	}},
	{"an admission is of the next window", twin.Books, func(r *traceRun) []func() {
		return on(r.lives(wasSpent), func(life *leaseLife) { life.admits[0].event.Window++ })
	}},
	{"credits are given up twice", twin.Books, func(r *traceRun) []func() {
		given := func(life *leaseLife) bool { return len(life.given) > 0 }
		return on(r.lives(given), func(life *leaseLife) {
			life.file.insertAfter(life.given[0], life.given[0].event)
		})
	}},
}

// older returns a lease of the same session that ended before this one was first spent, or nil.
func (life *leaseLife) older(lives []*leaseLife) *leaseLife {
	first := slices.Index(life.file.lines, life.admits[0])
	for _, other := range lives {
		if other.grant.event.Session == life.grant.event.Session &&
			slices.Index(life.file.lines, other.expire) < first {
			return other
		}
	}
	return nil
}

// spentNext reports whether the lease was spent before its session sent the next request.
func spentNext(life *leaseLife) bool {
	from := slices.Index(life.file.lines, life.accept)
	for _, l := range life.file.lines[from:] {
		e := &l.event
		switch {
		case e.Kind == trace.KindSend && e.Session == life.send.event.Session:
			return false
		case e.Kind == trace.KindAdmit && e.Lease == life.grant.event.Lease:
			return true
		}
	}
	return false
}

// fresh finds the sends of sessions that held nothing.
func (f *traceFile) fresh(found map[*line]bool) {
	held := map[uint64]int{}
	for _, l := range f.lines {
		switch l.event.Kind {
		case trace.KindAccept:
			held[l.event.Session]++
		case trace.KindExpire:
			held[l.event.Session]--
		case trace.KindSend:
			found[l] = held[l.event.Session] == 0
		}
	}
}

// resend sends the answered request once more after the attempt that was answered, and counts
// the session's later attempts from there.
func (life *leaseLife) resend() {
	again := life.send.event
	again.Attempt++
	from := slices.Index(life.file.lines, life.send)
	for _, l := range life.file.lines[from:] {
		if l.event.Session == again.Session && l.event.Attempt >= again.Attempt {
			l.event.Attempt++
		}
	}
	life.file.insertAfter(life.send, again)
}

// keep spends what was given up, and hides in a gap that it was.
func (life *leaseLife) keep() {
	for _, l := range life.given {
		at := life.accept.event.At
		for _, admit := range life.admits {
			at = max(at, admit.event.Last)
		}
		spent := l.event
		spent.Kind, spent.Count, spent.First, spent.Last = trace.KindAdmit, 1, at, at
		life.file.insertAfter(l, spent)
		l.event = trace.Event{Kind: trace.KindGap, At: l.event.At, N: 1}
	}
}

// leaving returns the files of the fleet with an admission that a shift takes well out of its
// window: not every one does, since a window is as long as it takes the cluster to roll.
func (r *traceRun) leaving(by time.Duration) []*traceFile {
	lives := r.lives(wasSpent, wasRolled, func(life *leaseLife) bool {
		const well = int64(recordedWindow / 2)
		at := life.admits[0].event.First + int64(by)
		return at > life.end.event.At+well || life.begin != nil && at < life.begin.event.At-well
	})
	return slices.DeleteFunc(r.fleet(), func(f *traceFile) bool {
		return !slices.ContainsFunc(lives, func(life *leaseLife) bool { return life.file == f })
	})
}

// shift sets the clock of a file forward.
func (f *traceFile) shift(by time.Duration) {
	for _, l := range f.lines {
		l.shift(int64(by))
	}
}

func (l *line) shift(nanoseconds int64) {
	for _, at := range []*int64{&l.event.At, &l.event.First, &l.event.Last} {
		if *at != 0 {
			*at += nanoseconds
		}
	}
}

// use names a window of an account.
type use struct {
	account
	window int64
}

func useOf(grant *trace.Event) use {
	return use{account{grant.Limit, grant.Key}, grant.Window}
}

// admitted adds up what was spent of each window.
func (r *traceRun) admitted() map[use]int64 {
	sums := map[use]int64{}
	for _, life := range r.lives() {
		for _, l := range life.admits {
			sums[useOf(&life.grant.event)] += l.event.N
		}
	}
	return sums
}

// amountOf returns what a limit admits in a window.
func (r *traceRun) amountOf(limit uint64) int64 {
	for _, l := range r.logged(trace.KindLimit) {
		if l.event.Limit == limit {
			return l.event.Amount
		}
	}
	return 0
}
