package lease

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// Config is what a holder starts from: what the coordinator said when the session was opened.
type Config struct {
	Session  SessionID
	Revision uint64
	// Limits are the budget's, in canonical order, and those of each budget above it, at most
	// budget.MaxLimits. Costs are vectors in this order.
	Limits []budget.Limit
	// Levels say whose the limits are; none: they are all the budget's own.
	Levels budget.Levels
	// Rules are the budget's.
	Rules budget.Rules
	// DriftPPM is rho, 0..MaxMaxClockDriftPPM: the larger of the client's and the cluster's.
	DriftPPM int64
	// Sink takes the holder's events; nil takes none. At, First and Last of its events are
	// Reading.Mono: the edge maps them to its recorder's clock. It must not call the holder.
	Sink trace.Sink
	// Sizing makes a sizer for each limit; nil: the holder goes by the demand it has seen.
	Sizing Sizing
}

// Cost is what one admission spends: one entry per limit, in the order of Limits, each >= 0
// and at least one > 0.
type Cost []budget.Credits

// Holder is the core of a limiter on one account: it admits on live leases, and says what to
// ask the coordinator for so that it has some. One request is outstanding at a time.
//
// The limiter calls it in a loop: Admit offers as they come; after any of these, and when
// WakeAfter says so, Poll; before each send of the request that Poll returned, Sent; with each
// answer, Take. A holder is not safe for concurrent use: the limiter's mutex guards it, and
// every Reading is taken under that mutex, after it was acquired (R10).
type Holder struct {
	revision uint64
	limits   []budget.Limit
	levels   budget.Levels
	rules    budget.Rules
	driftPPM int64
	lines    []line // one per limit
	sizing   Sizing
	rec      recorder

	// state is zero while the holder works, and otherwise the verdict on every offer.
	state  Verdict
	latest Reading // the furthest that the clocks were ever read
	// slotted says that some limit is of slots, lost which of the recorder's losses was seen.
	slotted bool
	lost    uint64
	begun   bool // whether they were

	// head is the cost that misses credits, if wanted: the last offer that was not admitted
	// since an answer, or, if waits, the head of the limiter's queue, which stays until it is
	// admitted or the queue is empty.
	head   Cost
	wanted bool
	waits  bool
	// backlog sums the costs of the queue, if queued.
	backlog Cost
	queued  bool

	// told: something was told of the budget, revision toldOf, since the last request was planned.
	told   bool
	toldOf uint64

	lent      *lent // nil: nothing ever was
	refusedBy int   // the limit of the last Refused or Denied
	request   request
	plan      plan
}

// NewHolder returns a holder without leases. It keeps no reference to cfg.Limits.
func NewHolder(cfg Config) *Holder {
	h := &Holder{
		revision: cfg.Revision,
		rules:    cfg.Rules,
		driftPPM: cfg.DriftPPM,
		sizing:   cfg.Sizing,
		rec:      recorder{sink: cfg.Sink, session: cfg.Session},
	}
	h.setLimits(cfg.Limits, cfg.Levels)
	return h
}

// Limits returns the limits in force, in canonical order. The caller must not change them;
// Take and Reset replace them.
func (h *Holder) Limits() []budget.Limit { return h.limits }

// Levels returns whose the limits are. The caller must not change them.
func (h *Holder) Levels() budget.Levels { return h.levels }

// Rules returns the rules in force. SetRules and Take replace them.
func (h *Holder) Rules() budget.Rules { return h.rules }

// SetRules tells what else the coordinator said when the session was opened that Reset began.
func (h *Holder) SetRules(r budget.Rules) {
	h.rules = r
	h.setLimits(h.limits, h.levels)
}

// Admit decides a new offer (TLA+ Admit): it spends the whole cost from live leases or nothing
// at all. It allocates nothing. The offer counts as demand, once, whatever the verdict.
func (h *Holder) Admit(now Reading, cost Cost) Verdict { return h.admit(now, cost, false) }

// AdmitWaiting decides the head of the limiter's queue, as Admit would, but it does not count
// as demand again. Until it is admitted or SetBacklog(nil), its cost is the need to ask for.
func (h *Holder) AdmitWaiting(now Reading, cost Cost) Verdict { return h.admit(now, cost, true) }

func (h *Holder) admit(now Reading, cost Cost, waiting bool) Verdict {
	now = h.observe(now)
	if v := h.precheck(cost); v != Admitted {
		return v
	}
	short := false
	for i, n := range cost {
		if n == 0 {
			continue
		}
		l := &h.lines[i]
		l.expire(now, &h.rec)
		short = short || l.live < n
		if waiting {
			l.demand.again(now.Mono)
		} else {
			l.demand.offer(now.Mono, n)
			if l.sizer != nil {
				l.sizer.Offered(now.Mono, n)
			}
		}
	}
	if short || h.state == NoBudget {
		return h.miss(now, cost, waiting)
	}
	for i, n := range cost {
		if n > 0 {
			h.lines[i].spend(n, &h.rec)
		}
	}
	h.rec.dirtied()
	if waiting {
		h.wanted, h.waits = false, false
	}
	return Admitted
}

// precheck returns the verdict on a cost that no lease can change, or Admitted.
func (h *Holder) precheck(cost Cost) Verdict {
	if h.state == Closed {
		return Closed
	}
	if len(cost) != len(h.lines) {
		return Invalid
	}
	var all budget.Credits // the bits of all: negative if one of them is
	oversized := false
	for i, n := range cost {
		all |= n
		oversized = oversized || n > h.lines[i].ceiling
	}
	switch {
	case all <= 0:
		return Invalid
	case h.state == Lost:
		return Lost
	case oversized && h.state == 0:
		return Oversized
	}
	return Admitted
}

// miss remembers a cost that was not admitted and returns why it was not.
func (h *Holder) miss(now Reading, cost Cost, waiting bool) Verdict {
	if waiting || !h.waits {
		copy(h.head, cost)
		h.wanted, h.waits = true, waiting
	}
	if h.state == NoBudget {
		return NoBudget
	}
	if limit, refused := h.refuser(now, cost); refused {
		h.refusedBy = limit
		return Refused
	}
	return Pending
}

// SetBacklog tells what the limiter's queue wants in sum, its head included; nil: it is empty.
// A total that does not fit the limits counts as none.
func (h *Holder) SetBacklog(total Cost) {
	clear(h.backlog)
	h.queued = total != nil && len(total) == len(h.backlog)
	if !h.queued {
		if h.waits {
			h.wanted, h.waits = false, false
		}
		return
	}
	for i, n := range total {
		h.backlog[i] = min(max(0, n), budget.MaxAmount)
	}
}

// Reset starts the holder's next incarnation, with the session that the coordinator handed out.
// It ends all leases and forgets the outstanding request, but not what demand was like. A closed
// holder stays closed.
func (h *Holder) Reset(
	now Reading, session SessionID, revision uint64, limits []budget.Limit, driftPPM int64,
	levels ...budget.Level,
) {
	now = h.observe(now)
	if h.state == Closed {
		return
	}
	h.endAll()
	h.rec.session, h.revision, h.driftPPM = session, revision, driftPPM
	h.state = 0
	h.request = request{attempts: h.request.attempts, sent: h.request.sent, rtt: h.request.rtt}
	h.request.decided = now.Mono
	h.setLimits(limits, levels)
}

// Close gives up every credit and returns what to give back, at most MaxReturns leases of it:
// the caller sends it, or lets it expire. Slots that are in use are lost, and not given back: the
// work may go on. Every verdict is Closed from then on.
func (h *Holder) Close(now Reading) []Return {
	now = h.observe(now)
	if h.state == Closed {
		return nil
	}
	var back []Return
	for i := range h.lines {
		l := &h.lines[i]
		l.expire(now, &h.rec)
		for j := range l.leases {
			if !l.leases[j].returned && l.leases[j].left > 0 && len(back) < MaxReturns {
				back = append(back, l.giveUp(j, l.leases[j].left, &h.rec))
			}
		}
	}
	h.endAll()
	h.state, h.request.outstanding = Closed, false
	return back
}

// Flush reports the admissions that are not reported yet, as one KindAdmit per lease. Without
// it they are reported when their lease ends, and when the holder is called FlushEvery later.
func (h *Holder) Flush(now Reading) {
	h.observe(now)
	h.flush()
}

func (h *Holder) flush() {
	for i := range h.lines {
		for j := range h.lines[i].leases {
			h.rec.admitted(&h.lines[i].leases[j])
		}
	}
	h.rec.dirty = false
}

// observe returns the reading to go by. The monotonic clock does not go back: a reading from
// before one that was seen already is a caller's late one, and would extend lives (R10).
func (h *Holder) observe(now Reading) Reading {
	if h.begun {
		now.Mono = max(now.Mono, h.latest.Mono)
	} else {
		h.begun, h.request.decided = true, now.Mono
	}
	h.latest, h.rec.at = now, now.Mono
	h.recall(now)
	if h.rec.due() {
		h.flush()
	}
	h.lapse(now)
	return now
}

func (h *Holder) endAll() {
	for i := range h.lines {
		h.lines[i].end(&h.rec)
	}
}

// setLimits replaces the limits. One that stays is of the same budget as before: limits of two
// levels may look alike, and their leases are of other accounts. Leases and demand of a limit that
// stays are kept, with what the queue wants if all stay; the leases of the others end. Denials are
// forgotten.
func (h *Holder) setLimits(limits []budget.Limit, levels budget.Levels) {
	old := h.lines
	alike := len(old) == len(limits)
	h.limits, h.levels = append([]budget.Limit(nil), limits...), levels
	h.lines = make([]line, len(limits))
	h.slotted = false
	for i, l := range h.limits {
		h.lines[i] = newLine(l)
		h.lines[i].bare = h.lines[i].bare || h.rules.Mode == budget.ModeStrict
		if of, up := levels.Of(i); up > 0 {
			h.lines[i].above = of.Budget
		}
		h.slotted = h.slotted || h.lines[i].slots()
		alike = alike && old[i].same(&h.lines[i])
		for j := range old {
			if old[j].same(&h.lines[i]) {
				h.lines[i].inherit(&old[j])
				break
			}
		}
		if h.lines[i].sizer == nil {
			h.lines[i].sizer = h.sizing.sizer(l)
		}
	}
	for j := range old {
		old[j].end(&h.rec)
	}
	if !alike {
		h.head, h.backlog = make(Cost, len(limits)), make(Cost, len(limits))
		h.wanted, h.waits, h.queued = false, false, false
	}
}
