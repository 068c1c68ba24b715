package lease

import (
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// FlushEvery is the longest that admissions stay unreported while the holder is called: a
// trace that ends in a crash has lost no more than this.
const FlushEvery = 100 * time.Millisecond

// recorder tells the sink what becomes of requests and leases. No event is built without one.
//
// Conservation, for each lease and exactly: the Amount of its KindAccept is the sum of the N of
// its KindAdmit, its KindGiveUp and its one KindExpire, which comes last. Slots are admitted and
// released: of them it is the sum of KindGiveUp and KindExpire.
type recorder struct {
	sink    trace.Sink
	session SessionID
	at      int64 // the monotonic clock, as last read
	// dirty says that some lease has unreported admissions, the first of them made at since.
	dirty bool
	since int64
	// losses counts the leases that ended while slots of them were in use.
	losses uint64
}

func (r *recorder) sent(a attempt) {
	if r.sink != nil {
		r.sink(trace.Event{
			Kind: trace.KindSend, At: a.start.Mono,
			Session: uint64(a.session), Seq: a.seq, Attempt: a.id,
		})
	}
}

// dropped reports a late answer (R9). An attempt that was forgotten has lost its Seq.
func (r *recorder) dropped(id uint64, a attempt) {
	if r.sink != nil {
		r.sink(trace.Event{
			Kind: trace.KindDrop, At: r.at,
			Session: uint64(a.session), Seq: a.seq, Attempt: id,
		})
	}
}

func (r *recorder) accepted(a attempt, g Grant, life time.Duration) {
	if r.sink != nil {
		r.sink(trace.Event{
			Kind: trace.KindAccept, At: r.at,
			Session: uint64(a.session), Seq: a.seq, Attempt: a.id,
			Lease: uint64(g.Lease), Window: int64(g.Window), Amount: int64(g.Amount),
			TTL: int64(g.TTL), Life: int64(life),
		})
	}
}

// admitted reports the admissions on d that are not reported yet.
func (r *recorder) admitted(d *held) {
	if d.admits.count > 0 && r.sink != nil {
		e := r.event(trace.KindAdmit, d)
		e.N, e.Count = int64(d.admits.n), d.admits.count
		e.First, e.Last = d.admits.first, d.admits.last
		r.sink(e)
	}
	d.admits = admits{}
}

// gaveUp reports n credits of d that will be returned (R8).
func (r *recorder) gaveUp(d *held, n int64) {
	r.admitted(d)
	if r.sink != nil {
		e := r.event(trace.KindGiveUp, d)
		e.N = n
		r.sink(e)
	}
}

// released reports that n slots of d are in use no more.
func (r *recorder) released(d *held, n budget.Credits) {
	r.admitted(d)
	if r.sink != nil {
		e := r.event(trace.KindRelease, d)
		e.N = int64(n)
		r.sink(e)
	}
}

// expired reports that d is over, with what it has left unspent, or in use.
func (r *recorder) expired(d *held) {
	r.admitted(d)
	if d.used > 0 {
		r.losses++
	}
	if r.sink != nil {
		e := r.event(trace.KindExpire, d)
		e.N = int64(d.left + d.used)
		r.sink(e)
	}
}

func (r *recorder) event(kind trace.Kind, d *held) trace.Event {
	return trace.Event{
		Kind: kind, At: r.at, Session: uint64(r.session),
		Lease: uint64(d.id), Window: int64(d.window),
	}
}

// dirtied says that there is an admission to report.
func (r *recorder) dirtied() {
	if r.sink != nil && !r.dirty {
		r.dirty, r.since = true, r.at
	}
}

// due reports whether an admission waits too long to be reported.
func (r *recorder) due() bool {
	return r.dirty && elapsed(r.since, r.at) >= FlushEvery
}
