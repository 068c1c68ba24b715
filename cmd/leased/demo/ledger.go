package demo

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/leased-io/leased/trace"
)

// Ledger adds up a trace's events: what each window of each limit was charged and what the
// limiters admitted from it. It takes the files' events interleaved, while they are written,
// and is exact once it has them all. It judges nothing: spec/twin does.
type Ledger struct {
	lives map[uint64]*limitLife
	uses  map[useKey]*Use
	// leases says which window a lease was charged to; early holds what limiters told of a
	// lease before a node's file told of its grant.
	leases map[uint64]grant
	early  map[uint64][]trace.Event

	applied uint64           // log entries up to this index are counted; replicas repeat them
	now     int64            // cluster time after the latest of them
	opened  map[uint64]int64 // epoch: when its opening was first applied
	admits  []span

	Sends  int64 // requests that limiters sent to the coordinator, with their retries
	Grants int64
	Gaps   int64 // events that the recorders lost
}

// limitLife is one life of a limit.
type limitLife struct {
	metric string
	per    int64
	amount int64
}

// useKey names a window of a limit's life.
type useKey struct {
	limit  uint64
	window int64
}

// Use is what came of one window of one limit.
type Use struct {
	Metric   string `json:"metric"`
	Window   int64  `json:"window"`
	Amount   int64  `json:"amount"`       // the largest in force in the window
	Charged  int64  `json:"charged"`      // granted and not taken back
	Most     int64  `json:"most_charged"` // at any instant
	Denials  int64  `json:"denials"`      // requests refused: this limit had too little left
	Admitted int64  `json:"admitted"`     // credits spent by limiters
}

// Full reports whether the window's credits ran out: a request was refused for lack of them,
// or all were charged at some instant.
func (u *Use) Full() bool { return u.Denials > 0 || u.Most >= u.Amount }

// grant is what a lease was charged to, when (on the node that applied it first), and under
// which epoch.
type grant struct {
	useKey
	at    int64
	epoch uint64
}

// span is when n credits were spent, of one aggregated event.
type span struct {
	metric      string
	first, last int64
	n           int64
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{
		lives:  map[uint64]*limitLife{},
		uses:   map[useKey]*Use{},
		leases: map[uint64]grant{},
		early:  map[uint64][]trace.Event{},
		opened: map[uint64]int64{},
	}
}

// recorder is the ledger's place in one file.
type recorder struct {
	ledger *Ledger
	role   string
	epoch  uint64
	fresh  bool // the entry that is being applied was not counted from another file
}

// take adds one event of a file.
func (r *recorder) take(e trace.Event) {
	switch e.Kind {
	case trace.KindHeader:
		r.role = e.Role
	case trace.KindGap:
		r.ledger.Gaps += e.N
	default:
		if r.role == trace.RoleNode {
			r.takeApplied(e)
		} else {
			r.ledger.takeSpent(e)
		}
	}
}

// takeApplied adds an event of a node. Every replica writes what it applied; the first to
// have written an entry counts.
func (r *recorder) takeApplied(e trace.Event) {
	l := r.ledger
	switch e.Kind {
	case trace.KindEntry:
		if r.fresh = e.Index > l.applied; r.fresh {
			l.applied, l.now = e.Index, e.T
		}
	case trace.KindEpoch:
		r.epoch = e.Epoch
		if at, known := l.opened[e.Epoch]; !known || e.At < at {
			l.opened[e.Epoch] = e.At
		}
	case trace.KindGrant:
		if g, known := l.leases[e.Lease]; !known || e.At < g.at {
			l.leases[e.Lease] = grant{useKey{e.Limit, e.Window}, e.At, r.epoch}
		}
	}
	if r.fresh {
		l.takeLogged(e)
	}
}

// takeLogged adds an event of the replicated log, seen for the first time.
func (l *Ledger) takeLogged(e trace.Event) {
	switch e.Kind {
	case trace.KindLimit:
		if e.Amount > 0 {
			l.lives[e.Limit] = &limitLife{metric: e.Metric, per: e.Per, amount: e.Amount}
		}
	case trace.KindRoll:
		l.use(useKey{e.Limit, e.Window})
	case trace.KindGrant:
		key := useKey{e.Limit, e.Window}
		use := l.use(key)
		use.Charged += e.Amount
		use.Most = max(use.Most, use.Charged)
		l.Grants++
		for _, spent := range l.early[e.Lease] {
			l.admit(key, spent)
		}
		delete(l.early, e.Lease)
	case trace.KindReturn:
		if g, ok := l.leases[e.Lease]; ok && e.OK {
			l.use(g.useKey).Charged -= e.Amount
		}
	case trace.KindDeny:
		if life := l.lives[e.Limit]; life != nil {
			l.use(useKey{e.Limit, l.now / life.per}).Denials++
		}
	}
}

// takeSpent adds an event of a limiter.
func (l *Ledger) takeSpent(e trace.Event) {
	switch e.Kind {
	case trace.KindSend:
		l.Sends++
	case trace.KindAdmit:
		if g, ok := l.leases[e.Lease]; ok {
			l.admit(g.useKey, e)
		} else {
			l.early[e.Lease] = append(l.early[e.Lease], e)
		}
	}
}

func (l *Ledger) admit(key useKey, e trace.Event) {
	use := l.use(key)
	use.Admitted += e.N
	l.admits = append(l.admits, span{metric: use.Metric, first: e.First, last: e.Last, n: e.N})
}

func (l *Ledger) use(key useKey) *Use {
	use := l.uses[key]
	if use == nil {
		use = &Use{Window: key.window}
		l.uses[key] = use
	}
	if life := l.lives[key.limit]; life != nil {
		use.Metric = life.metric
		use.Amount = max(use.Amount, life.amount)
	}
	return use
}

// Windows returns the windows so far, in order, each with its limits' uses in order of metric.
func (l *Ledger) Windows() [][]Use {
	uses := make([]Use, 0, len(l.uses))
	for _, use := range l.uses {
		uses = append(uses, *use)
	}
	slices.SortFunc(uses, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Window, b.Window), cmp.Compare(a.Metric, b.Metric))
	})
	var windows [][]Use
	for i, use := range uses {
		if i == 0 || use.Window != uses[i-1].Window {
			windows = append(windows, nil)
		}
		last := len(windows) - 1
		windows[last] = append(windows[last], use)
	}
	return windows
}

// Failover says what a change of leader cost.
type Failover struct {
	// LastGrant and FirstGrant are the ends of the grant gap, on the recorders' clock.
	LastGrant, FirstGrant int64
	// Admitted counts the requests that limiters surely admitted inside the gap, on leases that
	// they held. Those of an event that reaches across an end of the gap are left out.
	Admitted int64
}

// Duration is how long nobody granted.
func (f Failover) Duration() time.Duration { return time.Duration(f.FirstGrant - f.LastGrant) }

// Failover returns the gap in grants that began with the kill of a leader at the instant at,
// or false if no leader after it has granted.
func (l *Ledger) Failover(at int64) (Failover, bool) {
	gap := Failover{FirstGrant: math.MaxInt64}
	for _, g := range l.leases {
		switch {
		case g.at <= at:
			gap.LastGrant = max(gap.LastGrant, g.at)
		case l.opened[g.epoch] > at:
			// What the old leader had committed may take effect elsewhere just after it.
			gap.FirstGrant = min(gap.FirstGrant, g.at)
		}
	}
	if gap.LastGrant == 0 || gap.FirstGrant == math.MaxInt64 {
		return Failover{}, false
	}
	for _, s := range l.admits {
		if s.metric == metricRequests && s.first > gap.LastGrant && s.last < gap.FirstGrant {
			gap.Admitted += s.n
		}
	}
	return gap, true
}
