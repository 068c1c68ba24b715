package twin

import (
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/trace"
)

// of returns a condition on an event's lease.
func of(lease uint64) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Lease == lease }
}

// ofSession returns a condition on an event's session and request.
func ofSession(session, seq uint64) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Session == session && e.Seq == seq }
}

func stale(e trace.Event) bool     { return !e.OK }
func refused(e trace.Event) bool   { return !e.OK }
func effective(e trace.Event) bool { return e.OK && e.Stamp > 0 }

// The leases of the story, by what becomes of them.
const (
	aRequests, aDay = 1, 2 // 60 each, all admitted
	bRequests       = 3    // 40, all admitted: the window is full
	xTokens         = 5    // 30: 10 admitted, 20 given back
	yTokens         = 6    // 50: 20 given back, then 10 admitted, 20 expired
	retried         = 7    // 10, accepted from the second attempt
	unanswered      = 8    // 5, never accepted
	bAgain          = 9    // 14: 7 admitted
	orphan          = 10   // of a limit that is removed while it is leased
	last            = 12   // of the limit that takes its place
)

// plantedViolation is a change of a story, with the invariant that must be named.
type plantedViolation struct {
	name, want string
	plant      func(r *recording)
}

// planted are violations, each one change of the story.
var planted = []plantedViolation{
	{"a replica wrote another digest", ReplicasAgree, func(r *recording) {
		r.files[1].events[20].event.Hash += "x"
	}},
	{"a replica wrote another state hash", ReplicasAgree, func(r *recording) {
		editIn(r.files[1], trace.KindState, func(e *trace.Event) { e.Hash += "x" })
	}},
	{"a replica was of another size", ReplicasAgree, func(r *recording) {
		for _, f := range r.files[:2] {
			editIn(f, trace.KindState, func(e *trace.Event) { e.Hash, e.N = "", 20_000 })
		}
		editIn(r.files[1], trace.KindState, func(e *trace.Event) { e.N++ })
	}},
	{"a replica granted another amount", ReplicasAgree, func(r *recording) {
		editIn(r.files[0], trace.KindGrant, func(e *trace.Event) { e.Amount-- })
	}},
	{"a replica left an event out", ReplicasAgree, func(r *recording) {
		dropIn(r.files[0], trace.KindRoll)
	}},
	{"a replica left an entry out", ReplicasAgree, func(r *recording) {
		f := r.files[1]
		i := slices.IndexFunc(f.events, func(e recorded) bool { return e.event.Index == 6 })
		f.events = slices.Delete(f.events, i, i+2)
	}},
	{"a replica applied an entry twice", ReplicasAgree, func(r *recording) {
		f := r.files[1]
		f.events = append(f.events, f.events[len(f.events)-2:]...) // an entry and its event
	}},
	{"a snapshot is of another time", ReplicasAgree, func(r *recording) {
		r.edit(r.find(trace.KindRestore, 1, nil), func(e *trace.Event) { e.T++ })
	}},
	{"a state hash of another entry", ReplicasAgree, func(r *recording) {
		r.edit(r.find(trace.KindState, 1, nil), func(e *trace.Event) { e.Index-- })
	}},
	{"time went back", Monotone, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 9, effective), func(e *trace.Event) { e.T -= ms })
	}},
	{"time is not the stamp", Monotone, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 9, effective), func(e *trace.Event) { e.T++ })
	}},
	{"an entry without effect moved time", Monotone, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 1, stale), func(e *trace.Event) { e.T++ })
	}},
	{"an epoch starts at another time", Monotone, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 1, opening(3)), func(e *trace.Event) { e.T++ })
	}},
	{"an entry of another epoch had effect", EpochOnly, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 1, stale), func(e *trace.Event) { e.OK, e.T = true, e.Stamp })
	}},
	{"an entry of the open epoch had none", EpochOnly, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 9, effective), func(e *trace.Event) { e.OK = false })
	}},
	{"an entry without effect did something", EpochOnly, func(r *recording) {
		r.insert(r.find(trace.KindEntry, 1, stale), trace.Event{Kind: trace.KindSession, Session: 99})
	}},
	{"an epoch is not its entry's term", EpochOnly, func(r *recording) {
		r.edit(r.find(trace.KindEpoch, 2, nil), func(e *trace.Event) { e.Epoch++ })
	}},
	{"a term went back", EpochOnly, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 9, effective), func(e *trace.Event) { e.Term-- })
	}},
	{"an epoch was opened twice", EpochOnly, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 1, opening(2)), func(e *trace.Event) { e.Term = 1 })
		r.edit(r.find(trace.KindEpoch, 2, nil), func(e *trace.Event) { e.Epoch = 1 })
	}},
	{"the cluster clock jumped on election", NeverFast, func(r *recording) {
		// Or real time jumped back: what was proposed from then on was proposed earlier.
		proposals(r, 3, func(e *trace.Event) { e.At -= second })
	}},
	{"the cluster clock ran 1 % fast", NeverFast, func(r *recording) {
		runAt(r, 1010)
	}},
	{"a roll was left out", Roll, func(r *recording) { r.drop(r.find(trace.KindRoll, 1, nil)) }},
	{"a roll was left out before a return that is refused", Roll, func(r *recording) {
		id := r.find(trace.KindRoll, 1, nil)
		g := r.event(r.find(trace.KindGrant, 1, func(g trace.Event) bool {
			return g.Limit == r.event(id).Limit && g.Lease != xTokens && g.Lease != yTokens
		}))
		r.splice(id, func(e trace.Event) []trace.Event {
			return []trace.Event{{Kind: trace.KindReturn, At: e.At, Session: g.Session,
				Lease: g.Lease, Limit: g.Limit, Key: g.Key, Window: g.Window, Amount: 1}}
		})
	}},
	{"a roll came twice", Roll, func(r *recording) { r.twice(r.find(trace.KindRoll, 1, nil)) }},
	{"a roll into another window", Roll, func(r *recording) {
		r.edit(r.find(trace.KindRoll, 2, nil), func(e *trace.Event) { e.Window++ })
	}},
	{"a roll of a limit that is not in force", Roll, func(r *recording) {
		r.edit(r.find(trace.KindRoll, 2, nil), func(e *trace.Event) { e.Limit = 77 })
	}},
	{"a grant of a window that is over", Roll, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(retried)), func(e *trace.Event) { e.Window-- })
	}},
	{"a grant before the roll", Roll, func(r *recording) {
		grant := r.event(r.find(trace.KindGrant, 1, of(last)))
		roll := r.find(trace.KindRoll, 1, func(e trace.Event) bool { return e.Limit == grant.Limit })
		r.splice(roll, func(e trace.Event) []trace.Event { return []trace.Event{grant, e} })
	}},
	{"more granted than the limit", NoOverGrant, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(bRequests)), func(e *trace.Event) { e.Amount++ })
	}},
	{"nothing granted", NoOverGrant, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(bRequests)), func(e *trace.Event) { e.Amount = 0 })
	}},
	{"granted on a limit that was removed", NoOverGrant, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(last)), func(e *trace.Event) { e.Limit = 1 })
	}},
	{"granted while the limit starts empty", NoOverGrant, func(r *recording) {
		r.edit(r.find(trace.KindLimit, 7, nil), func(e *trace.Event) { e.Until += 3600 * second })
	}},
	{"granted in a window that began before the leases of another life ended", NoOverGrant,
		func(r *recording) {
			g := r.event(r.find(trace.KindGrant, 1, of(last)))
			r.edit(r.find(trace.KindLimit, 7, nil), func(e *trace.Event) {
				e.Until = g.Window*e.Per + 1
			})
		}},
	{"a limit in another's place does not start empty", NoOverGrant, func(r *recording) {
		r.edit(r.find(trace.KindLimit, 7, nil), func(e *trace.Event) { e.OK, e.Until = true, 0 })
	}},
	{"a limit in another's place starts too early", NoOverGrant, func(r *recording) {
		r.edit(r.find(trace.KindLimit, 7, nil), func(e *trace.Event) { e.Until -= 59 * second })
	}},
	{"a denial that is wrong about what is left", NoOverGrant, func(r *recording) {
		r.edit(r.find(trace.KindDeny, 1, nil), func(e *trace.Event) { e.Amount++ })
	}},
	{"a request was charged twice", RequestOnce, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(unanswered)), func(e *trace.Event) { e.Seq-- })
	}},
	{"a request was charged twice in one entry", RequestOnce, func(r *recording) {
		id := r.find(trace.KindGrant, 1, of(xTokens))
		r.splice(id, func(e trace.Event) []trace.Event {
			f := e
			e.Amount, f.Amount, f.Lease = 10, 20, f.Lease+1
			return []trace.Event{e, f}
		})
	}},
	{"a request was denied after it was charged", RequestOnce, func(r *recording) {
		r.edit(r.find(trace.KindDeny, 1, nil), func(e *trace.Event) { e.Seq-- })
	}},
	{"a retry was told another lease", RequestOnce, func(r *recording) {
		r.edit(r.find(trace.KindReplay, 1, nil), func(e *trace.Event) { e.Lease-- })
	}},
	{"a retry was told another window", RequestOnce, func(r *recording) {
		r.edit(r.find(trace.KindReplay, 1, nil), func(e *trace.Event) { e.Window++ })
	}},
	{"a lease's number was used before", FencingMonotonic, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(last)), func(e *trace.Event) { e.Lease-- })
	}},
	{"a session's number was used before", FencingMonotonic, func(r *recording) {
		r.edit(r.find(trace.KindSession, 3, nil), func(e *trace.Event) { e.Session-- })
	}},
	{"a limit's number was used before", FencingMonotonic, func(r *recording) {
		r.edit(r.find(trace.KindLimit, 7, nil), func(e *trace.Event) { e.Limit = 1 })
	}},
	{"a limit became another", FencingMonotonic, func(r *recording) {
		r.edit(r.find(trace.KindLimit, 4, nil), func(e *trace.Event) { e.Per *= 2 })
	}},
	{"a lease was told too long a TTL", TTL, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, nil), func(e *trace.Event) { e.TTL++ })
	}},
	{"a retry was told the first answer's TTL", TTL, func(r *recording) {
		r.edit(r.find(trace.KindReplay, 1, nil), func(e *trace.Event) { e.TTL += 52 * ms })
	}},
	{"a denial that lasts too long", TTL, func(r *recording) {
		r.edit(r.find(trace.KindDeny, 1, nil), func(e *trace.Event) { e.TTL++ })
	}},
	{"a return was taken twice", ReturnOnce, func(r *recording) {
		r.twice(r.find(trace.KindReturn, 1, nil))
	}},
	{"a return was taken of what was not given up", ReturnOnce, func(r *recording) {
		r.edit(r.find(trace.KindReturn, 1, nil), func(e *trace.Event) { e.Amount++ })
	}},
	{"a return was taken and nothing given up", ReturnOnce, func(r *recording) {
		r.drop(r.find(trace.KindGiveUp, 1, nil))
		r.edit(r.find(trace.KindExpire, 1, of(xTokens)), func(e *trace.Event) { e.N += 20 })
	}},
	{"a return was taken of more than the lease", ReturnOnce, func(r *recording) {
		r.edit(r.find(trace.KindReturn, 1, nil), func(e *trace.Event) { e.Amount = 31 })
	}},
	{"a return was taken from another session", ReturnOnce, func(r *recording) {
		r.edit(r.find(trace.KindReturn, 1, nil), func(e *trace.Event) { e.Session++ })
	}},
	{"a return was taken under another window", ReturnOnce, func(r *recording) {
		r.edit(r.find(trace.KindReturn, 1, nil), func(e *trace.Event) { e.Window++ })
	}},
	{"a return was taken after the roll", ReturnOnce, func(r *recording) {
		back := r.event(r.find(trace.KindReturn, 2, nil))
		r.drop(r.find(trace.KindReturn, 2, nil))
		r.insert(r.find(trace.KindRoll, 2, nil), back)
	}},
	{"a return was taken of no lease", ReturnOnce, func(r *recording) {
		r.edit(r.find(trace.KindReturn, 1, nil), func(e *trace.Event) { e.Lease = 77 })
	}},
	{"another session accepted the lease", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, of(aRequests)), func(e *trace.Event) { e.Session = 3 })
	}},
	{"another session spent the lease", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindAdmit, 1, of(aRequests)), func(e *trace.Event) { e.Session = 3 })
	}},
	{"two processes spent the lease", OneHolder, func(r *recording) {
		f := r.files[4]
		at := r.event(r.find(trace.KindAdmit, 1, of(aRequests)))
		f.events = slices.Insert(f.events, 0, recorded{-1, at})
	}},
	{"a lease was accepted that was never granted", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, of(last)), func(e *trace.Event) { e.Lease = 77 })
	}},
	{"a lease was spent that was never granted", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindAdmit, 1, of(last)), func(e *trace.Event) { e.Lease = 77 })
	}},
	{"a session asked that was never opened", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindSend, 1, nil), func(e *trace.Event) { e.Session = 77 })
	}},
	{"a lease was granted to a session that had ended", OneHolder, func(r *recording) {
		r.drop(r.find(trace.KindSessionEnd, 1, nil))
		r.insert(r.find(trace.KindSession, 6, nil),
			trace.Event{Kind: trace.KindSessionEnd, Session: 6})
	}},
	{"a lease was granted on another key", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(xTokens)), func(e *trace.Event) { e.Key = "y" })
	}},
	{"a life without the drift margin", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, nil), func(e *trace.Event) { e.Life = e.TTL })
	}},
	{"a life one nanosecond too long", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, nil), func(e *trace.Event) { e.Life++ })
	}},
	{"a TTL that no answer told", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, nil), func(e *trace.Event) { e.TTL++ })
	}},
	{"more credits accepted than granted", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, nil), func(e *trace.Event) { e.Amount++ })
	}},
	{"a lease accepted under another window", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, nil), func(e *trace.Event) { e.Window++ })
	}},
	{"an answer to an attempt that was not sent", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, nil), func(e *trace.Event) { e.Attempt = 9 })
	}},
	{"credits spent after the lease's life", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAdmit, 1, of(orphan)), func(e *trace.Event) { e.Last += 2 * second })
	}},
	{"credits spent at the very end of the life", LeaseCover, func(r *recording) {
		send, accept := r.event(r.find(trace.KindSend, 1, nil)), r.event(r.find(trace.KindAccept, 1, nil))
		r.edit(r.find(trace.KindAdmit, 1, nil), func(e *trace.Event) { e.Last = send.At + accept.Life })
	}},
	{"a life timed from the last send, not the answered one's", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, of(retried)), func(e *trace.Event) { e.Attempt-- })
		r.edit(r.find(trace.KindAdmit, 1, of(retried)), func(e *trace.Event) { e.Last += 900 * ms })
	}},
	{"credits spent of a lease that was never accepted", LeaseCover, func(r *recording) {
		r.drop(r.find(trace.KindAccept, 1, of(xTokens)))
	}},
	{"two attempts were accepted", FirstAnswer, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 2, nil), func(e *trace.Event) { e.Attempt = 2 })
		r.sendAfter(r.find(trace.KindSend, 1, nil), 1, 2)
	}},
	{"an answer was accepted twice", FirstAnswer, func(r *recording) {
		r.twice(r.find(trace.KindAccept, 1, nil))
	}},
	{"a lease was taken for another request", FirstAnswer, func(r *recording) {
		r.edit(r.find(trace.KindAccept, 1, nil), func(e *trace.Event) { e.Seq++ })
	}},
	{"an answer to a request before the last", FirstAnswer, func(r *recording) {
		r.sendAfter(r.find(trace.KindSend, 1, nil), 2, 2)
	}},
	{"a life timed from late, on the holder's clock alone in order", NoCarryOver,
		func(r *recording) {
			for i := range r.files[3].events {
				e := &r.files[3].events[i].event
				e.At, e.First, e.Last = e.At+second, e.First+second, e.Last+second
			}
		}},
	{"spent before it was granted", NoCarryOver, func(r *recording) {
		send := r.event(r.find(trace.KindSend, 1, nil))
		r.edit(r.find(trace.KindAdmit, 1, nil), func(e *trace.Event) { e.First = send.At })
	}},
	{"more admitted than the limit", Safe, func(r *recording) {
		// A process spends all it has, returns some of it too, and dies: what it said it gave
		// up may be lost with it, but what others spent of that is too much.
		w := newWorld(1)
		w.elect(0)
		p := w.put("team", "requests", 50, second, 0)
		app, web := w.process("app"), w.process("web")
		a, b := w.open(app, "team", ""), w.open(web, "team", "")
		l := a.acquire(30, p)
		a.admit(l[0], 30)
		app.complete = false
		w.entry(func() { a.takeBack(l[0], 20) })
		m := b.acquire(40, p)
		b.admit(m[0], 40)
		r.files = w.files
	}},
	{"a credit was spent twice", Books, func(r *recording) {
		r.edit(r.find(trace.KindAdmit, 1, nil), func(e *trace.Event) { e.N++ })
	}},
	{"a credit was spent after it was given up", Books, func(r *recording) {
		r.edit(r.find(trace.KindGiveUp, 1, nil), func(e *trace.Event) { e.N++ })
	}},
	{"a credit vanished", Books, func(r *recording) {
		r.edit(r.find(trace.KindExpire, 1, of(yTokens)), func(e *trace.Event) { e.N-- })
	}},
	{"a lease was spent after it was over", Books, func(r *recording) {
		e := r.event(r.find(trace.KindAdmit, 1, of(aRequests)))
		r.insert(r.find(trace.KindExpire, 1, of(aRequests)), e)
	}},
	{"a grant for a request that was not sent", Behaviour, func(r *recording) {
		r.drop(r.find(trace.KindSend, 1, ofSession(2, 3)))
	}},
	{"a denial for a request that was not sent", Behaviour, func(r *recording) {
		r.drop(r.find(trace.KindSend, 1, ofSession(2, 2)))
	}},
	{"a return that nobody gave up", Behaviour, func(r *recording) {
		r.edit(r.find(trace.KindReturn, 1, refused), func(e *trace.Event) { e.Amount-- })
	}},
	{"a return was refused for no reason", Behaviour, func(r *recording) {
		r.edit(r.find(trace.KindReturn, 1, nil), func(e *trace.Event) { e.OK = false })
	}},
	{"a stamp that its leader did not propose", Behaviour, func(r *recording) {
		r.drop(r.find(trace.KindPropose, 9, nil))
	}},
	{"a stamp that was proposed under another epoch", Behaviour, func(r *recording) {
		r.edit(r.find(trace.KindEntry, 1, stale), func(e *trace.Event) {
			e.Epoch, e.OK = 2, true
			e.T++
		})
		r.edit(r.find(trace.KindEntry, 1, func(e trace.Event) bool { return e.Epoch == 2 && e.OK }),
			func(e *trace.Event) { e.T = e.Stamp })
	}},
	{"a leader stamped before it had opened its epoch", Behaviour, func(r *recording) {
		f := r.files[0]
		propose := slices.IndexFunc(f.events, func(e recorded) bool {
			return e.event.Kind == trace.KindPropose
		})
		e := f.events[propose]
		f.events = slices.Insert(slices.Delete(f.events, propose, propose+1), 1, e)
	}},
	{"a node stamped that had not led in that term", Behaviour, func(r *recording) {
		r.drop(r.find(trace.KindLeader, 1, func(e trace.Event) bool { return e.OK && e.Term == 2 }))
	}},
	{"a denial while all of the limit was left", Behaviour, func(r *recording) {
		r.edit(r.find(trace.KindDeny, 1, nil), func(e *trace.Event) {
			e.Session, e.Seq, e.Limit, e.Key, e.Amount = 4, 1, 3, "y", 50
		})
	}},
	{"a grant whose companion is missing", Behaviour, func(r *recording) {
		r.drop(r.find(trace.KindAccept, 1, of(aDay)))
		r.drop(r.find(trace.KindAdmit, 1, of(aDay)))
		r.drop(r.find(trace.KindExpire, 1, of(aDay)))
		r.drop(r.find(trace.KindGrant, 1, of(aDay)))
	}},
	{"a replay that leaves a companion out", Behaviour, func(r *recording) {
		grant := r.event(r.find(trace.KindGrant, 1, of(aRequests)))
		grant.Kind, grant.Limit = trace.KindReplay, 0
		grant.TTL = r.event(r.find(trace.KindGrant, 1, of(bRequests))).TTL
		r.insert(r.find(trace.KindGrant, 1, of(bRequests+1)), grant)
	}},
	{"limits rolled in another order", Behaviour, func(r *recording) {
		r.swap(r.find(trace.KindRoll, 1, nil))
	}},
	{"a limit rolled after the entry's commands", Behaviour, func(r *recording) {
		id := r.find(trace.KindRoll, 1, func(e trace.Event) bool { return e.Limit == 5 })
		r.swap(id)
	}},
	{"credits were given up twice", Behaviour, func(r *recording) {
		r.twice(r.find(trace.KindGiveUp, 1, of(yTokens)))
		r.edit(r.find(trace.KindExpire, 1, of(yTokens)), func(e *trace.Event) { e.N = 0 })
	}},
	{"a request was sent while the last one was open", Behaviour, func(r *recording) {
		for _, kind := range []trace.Kind{trace.KindAccept, trace.KindAdmit, trace.KindExpire} {
			r.drop(r.find(kind, 1, of(bAgain)))
		}
	}},
	{"a request was sent again after it was closed", Behaviour, func(r *recording) {
		id := r.find(trace.KindAccept, 1, of(retried))
		r.insert(id, trace.Event{Kind: trace.KindSend, At: r.event(id).At, Session: 1, Seq: 2,
			Attempt: 4})
	}},
	{"an answer was dropped and then taken", Behaviour, func(r *recording) {
		accept := r.event(r.find(trace.KindAccept, 1, of(retried)))
		drop := trace.Event{Kind: trace.KindDrop, At: accept.At, Session: 1, Seq: 2, Attempt: 2}
		r.insert(r.find(trace.KindSend, 1, func(e trace.Event) bool {
			return e.Session == 1 && e.Attempt == 3
		}), drop)
	}},
	{"an answer to an attempt was told before it was sent", Behaviour, func(r *recording) {
		send := r.find(trace.KindSend, 1, func(e trace.Event) bool {
			return e.Session == 1 && e.Attempt == 2
		})
		r.edit(send, func(e *trace.Event) { e.Attempt = 3 })
		r.edit(r.find(trace.KindAccept, 1, of(retried)), func(e *trace.Event) { e.Attempt = 4 })
	}},
	{"credits were spent before they were taken", Behaviour, func(r *recording) {
		accept := r.event(r.find(trace.KindAccept, 1, of(xTokens)))
		r.edit(r.find(trace.KindAdmit, 1, of(xTokens)), func(e *trace.Event) { e.First = accept.At - 1 })
	}},
	{"a lease that is long over was accepted again", FirstAnswer, func(r *recording) {
		r.late(r.find(trace.KindAccept, 1, of(xTokens)))
	}},
	{"a lease that is long over was accepted for another request", FirstAnswer,
		func(r *recording) {
			id := r.find(trace.KindAccept, 1, of(aRequests))
			seq := r.event(r.find(trace.KindAccept, 1, of(retried))).Seq
			r.late(id)
			e := &r.files[3].events[len(r.files[3].events)-1].event
			e.Seq, e.Attempt = seq, 3
		}},
	{"a holder asked again and never said that a lease is over", Books, func(r *recording) {
		r.drop(r.find(trace.KindExpire, 1, of(bRequests)))
	}},
	{"a holder was closed and never said that a lease is over", Books, func(r *recording) {
		r.drop(r.find(trace.KindExpire, 1, of(retried)))
	}},
	{"a file ended before its holder was closed, and a lease was not over", Books,
		func(r *recording) {
			r.drop(r.find(trace.KindExpire, 1, of(last)))
		}},
	{"a node's clock went back", Behaviour, func(r *recording) {
		editIn(r.files[1], trace.KindState, func(e *trace.Event) { e.At += 3600 * second })
	}},
	{"a node's clock went back to before its file", Behaviour, func(r *recording) {
		r.files[1].header.At += 3600 * second
	}},
	{"a holder's clock went back", Behaviour, func(r *recording) {
		r.edit(r.find(trace.KindExpire, 1, of(aRequests)), func(e *trace.Event) { e.At -= 10 * second })
	}},
	{"nothing was admitted", Books, func(r *recording) {
		r.edit(r.find(trace.KindAdmit, 1, nil), func(e *trace.Event) { e.N = 0 })
	}},
}

func opening(term uint64) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Term == term && e.Stamp == 0 }
}

// proposals changes all proposals from an epoch on.
func proposals(r *recording, from uint64, change func(*trace.Event)) {
	for _, f := range r.files {
		for i := range f.events {
			if e := &f.events[i].event; e.Kind == trace.KindPropose && e.Epoch >= from {
				change(e)
			}
		}
	}
}

// runAt lets the last leader's cluster clock run at permille/1000 of real time.
func runAt(r *recording, permille int64) {
	base := r.event(r.find(trace.KindEpoch, 4, nil)).At
	for _, f := range r.files {
		for i := range f.events {
			e := &f.events[i].event
			for _, at := range []*int64{&e.At, &e.First, &e.Last} {
				if *at > base {
					*at = base + (*at-base)*1000/permille
				}
			}
		}
	}
}

// TestPlantedViolationsAreNamed: for each invariant, changes that break it, and only their
// names in the reports.
func TestPlantedViolationsAreNamed(t *testing.T) {
	named := map[string]bool{}
	for i, test := range slices.Concat(planted, plantedInHeirs, plantedInKinds,
		plantedInSlots, plantedInKin, plantedInOverrides, plantedInDays) {
		t.Run(test.name, func(t *testing.T) {
			r := recordingOf(t, story().files)
			switch {
			case i >= len(planted)+len(plantedInHeirs)+len(plantedInKinds)+len(plantedInSlots):
				r = recordingOf(t, days().files)
				switch after := i - len(planted) - len(plantedInHeirs) - len(plantedInKinds) -
					len(plantedInSlots); {
				case after < len(plantedInKin):
					r = recordingOf(t, kin().files)
				case after < len(plantedInKin)+len(plantedInOverrides):
					r = recordingOf(t, overrides().files)
				}
			case i >= len(planted)+len(plantedInHeirs)+len(plantedInKinds):
				r = recordingOf(t, work().files)
			case i >= len(planted)+len(plantedInHeirs):
				r = recordingOf(t, kinds().files)
			case i >= len(planted):
				r = recordingOf(t, heirs().files)
			}
			test.plant(r)
			report, got := r.check()
			if got != test.want {
				t.Fatalf("got %s (%v), want %s", got, report.Violation, test.want)
			}
			if report.Verdict != Invalid || len(report.Violation.Events) == 0 {
				t.Errorf("verdict %s with %d events", report.Verdict, len(report.Violation.Events))
			}
			for _, e := range report.Violation.Events {
				if e.Line == 0 || !strings.HasSuffix(e.File, ".jsonl") {
					t.Errorf("an event stands nowhere: %+v", e)
				}
			}
		})
		named[test.want] = true
	}
	for _, i := range Invariants() {
		if !named[i.Name] {
			t.Errorf("no violation of %s is planted", i.Name)
		}
	}
}
