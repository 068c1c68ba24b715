package linear

import "sync"

// Kind is the operation that a call is of.
type Kind uint8

// The operations.
const (
	OpenSession Kind = iota + 1
	Acquire
	GiveBack // Return, on the wire
	PutBudget
	GetBudget
	DeleteBudget
	// Rest is no call: see Recorder.Rest.
	Rest
	// TakeOver has a new coordinator take the place of another, of which leases may live on: At. It
	// comes first in a history.
	TakeOver
)

var kindNames = [...]string{"", "open", "acquire", "return", "put", "get", "delete", "rest",
	"take over"}

func (k Kind) String() string { return kindNames[k] }

// Limit is one dimension of a budget.
type Limit struct {
	Metric, Kind string
	Amount       int64 // credits a window
	Per          int64 // nanoseconds of cluster time
}

// Ask is what an Acquire asks of the limit with an index.
type Ask struct {
	Limit      int
	Need, Want int64 // credits
}

// Return gives back credits of a lease.
type Return struct {
	Lease          uint64
	Window, Amount int64
}

// Grant is a lease that was told.
type Grant struct {
	Lease               uint64
	Limit               int
	Window, Amount, TTL int64
}

// Denial is why an ask came to nothing.
type Denial struct {
	Limit            int
	Left, RetryAfter int64
}

// Usage is the account of one limit, as a read tells it.
type Usage struct{ Window, Used, EndsIn int64 }

// Input is a call: what of it belongs to the Kind is set.
type Input struct {
	Kind     Kind
	Budget   string // empty in Acquire and GiveBack: that of the session
	Key      string
	Session  uint64
	Seq      uint64
	Revision uint64
	Asks     []Ask
	Returns  []Return
	Close    bool
	Keyed    bool
	Limits   []Limit // in canonical order
	At       int64   // cluster time
}

// Answer is how a call was decided.
type Answer uint8

// The answers. All but Done and NoBudget are of Acquire alone.
const (
	Done     Answer = iota + 1
	NoBudget        // there is no such budget
	Granted
	Denied
	TooLarge
	Changed
	NoSession
	Stale
)

var answerNames = [...]string{"", "done", "no budget", "granted", "denied", "too large",
	"changed", "no session", "stale"}

func (a Answer) String() string { return answerNames[a] }

// Output is what a client was told: what of it belongs to the call is set.
type Output struct {
	Answer       Answer
	Session      uint64
	Revision     uint64
	Keyed        bool
	Limits       []Limit
	Grants       []Grant
	Denial       *Denial
	Limit        int     // the one that is too small, with TooLarge
	Taken        []int64 // credits, a Return
	SessionKnown bool
	Created      bool
	Changed      bool
	Usage        []Usage // a limit
}

// Op is one call of one client: one attempt, if a request is sent several times.
type Op struct {
	Client int
	Input  Input
	// Call and Return are ticks of one clock for all clients. Return is 0 if the call was not
	// answered: it may have taken effect at any time since Call, or may never do so.
	Call, Return int64
	// Settled is the tick since which a call that was not answered can have no effect any more,
	// by what its recorder knows of the coordinator. 0: it knows nothing.
	Settled int64
	Output  *Output // nil if it was not answered

	dated    int64 // the cluster time of its effect, where a log tells it; or 0
	gaveUp   int64 // the tick at which its client did; 0: it has not
	harmless bool
}

// History is what clients did and saw, in any order. Calls that surely had no effect are not in
// it. It begins with a coordinator that knows nothing.
type History []Op

// Recorder writes down a history, from any goroutines. Its clock counts calls and answers, which
// orders them as they happened even where time stands still. The zero value is ready.
type Recorder struct {
	// Clock, if it is set, dates the ticks: by a clock that does not go back.
	Clock func() int64

	mu   sync.Mutex
	tick int64
	at   []int64 // of each tick, by Clock: that of tick 1 is the first
	ops  []*Op
	open []*Op // those that may have an effect yet, and answered ones
}

// Begin notes that a client is about to make a call. Until it is told otherwise the call's
// outcome is unknown.
func (r *Recorder) Begin(client int, in Input) *Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next()
	op := &Op{Client: client, Input: in, Call: r.tick}
	r.ops, r.open = append(r.ops, op), append(r.open, op)
	return op
}

// Answered notes what op's client was told.
func (r *Recorder) Answered(op *Op, out Output) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next()
	op.Return, op.Output = r.tick, &out
}

// Failed notes that op's client was told nothing, and waits no longer.
func (r *Recorder) Failed(op *Op) { r.end(op, false) }

// Harmless forgets op, which surely had no effect.
func (r *Recorder) Harmless(op *Op) { r.end(op, true) }

func (r *Recorder) end(op *Op, harmless bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next()
	op.gaveUp, op.harmless = r.tick, harmless
}

func (r *Recorder) next() {
	r.tick++
	if r.Clock != nil {
		r.at = append(r.at, r.Clock())
	}
}

// Now returns the current tick.
func (r *Recorder) Now() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tick
}

// Settle notes that no call which was given up by the tick since can have an effect any more:
// whoever knows the coordinator has waited until nothing of them can be left in it.
func (r *Recorder) Settle(since int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next()
	open := r.open[:0]
	for _, op := range r.open {
		switch {
		case op.Output != nil:
		case op.gaveUp == 0 || op.gaveUp > since:
			open = append(open, op)
		default:
			op.Settled = r.tick
		}
	}
	r.open = open
}

// UnderWay counts the calls whose clients still wait.
func (r *Recorder) UnderWay() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, op := range r.open {
		if op.Output == nil && op.gaveUp == 0 {
			n++
		}
	}
	return n
}

// Rest notes that every window which anybody was told of is over, and that no call is under way
// nor can one have an effect any more: whoever knows the coordinator has waited for it. A follower
// that has lost a budget's thread picks it up at the read of the budget that comes first after it.
func (r *Recorder) Rest() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next()
	r.ops = append(r.ops, &Op{Input: Input{Kind: Rest}, Call: r.tick, Return: r.tick,
		Output: &Output{Answer: Done}})
}

// History returns what was recorded so far. What is under way counts as not answered.
func (r *Recorder) History() History {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := make(History, 0, len(r.ops))
	for _, op := range r.ops {
		if !op.harmless {
			h = append(h, *op)
		}
	}
	return h
}

// Timed is History with the instants of Clock for ticks, of which several may be the same.
func (r *Recorder) Timed() History {
	h := r.History()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range h {
		for _, tick := range []*int64{&h[i].Call, &h[i].Return, &h[i].Settled} {
			if *tick > 0 {
				*tick = r.at[*tick-1]
			}
		}
	}
	return h
}
