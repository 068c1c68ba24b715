package twin

import "github.com/leased-io/leased/spec/twin/refine"

// tables are what the log keeps (WindowLease: avail, tab) and what the fleet made of it (use,
// adm), for what is alive.
type tables struct {
	limits  map[uint64]*limit
	inForce []*limit // in the order of their serials
	nextEnd int64    // no window ends before; 0 if there is none
	// nextLapse is no later than any instant in the limits' lapses; 0: there is none.
	nextLapse int64
	unrolled  int // limits whose window is over and that have not rolled

	dying   []*window // of limits that were removed, until they end
	closing []*window // ended, with leases that may still be heard of; by end of remembrance
	graves  []grave
	// believing are the limits of slots, of which AtMostL is judged at the end.
	believing []*limit

	families refine.Families   // of budgets that are in force
	changes  map[string]uint64 // how often a budget's limits, parent or weights became others
	sessions map[uint64]*session
	ended    []*session
	leases   map[uint64]*lease

	lastLimit, lastSession, lastLease uint64
	heir                              *heir
	cal                               almanac
}

func newTables() tables {
	return tables{
		limits:   make(map[uint64]*limit),
		families: make(refine.Families),
		changes:  make(map[string]uint64),
		sessions: make(map[uint64]*session),
		leases:   make(map[uint64]*lease),
	}
}

// limit is one life of a limit.
type limit struct {
	serial         uint64
	budget, metric string
	shape
	amount   int64
	own      map[string]int64 // keys that have another amount
	lapses   map[string]int64 // by key: until when what is in force is so, of what is for a time
	number   int64            // its window
	current  *window          // nil until something is granted from it
	unrolled bool             // its roll into number was not met yet
	// empty: nothing may be granted before its first window that begins at or after until.
	empty bool
	until int64
	heirs int64   // when the old cluster's leases of such a limit are over, and count no more
	at    Located // where it came into force or was last changed

	past []*window // of a sliding limit: those before that count, oldest first

	// Of a bucket: by key, and what one is that was never asked.
	buckets   map[string]*bucket
	untouched bucket
	// changed are the instants of its latest changes; leastAmount and mostBurst what it ever was;
	// loose: there were too many at a time for what is left to be known exactly.
	changed                []int64
	leastAmount, mostBurst int64
	loose                  bool

	// Of slots, by key: the leases that are not over, in the order of their ends; and what holders
	// believed to hold, with how much of it was left when it was last judged.
	out     map[string][]*lease
	beliefs map[string][]belief
	judged  int

	shares bool // what is left of an account may be withheld from some who ask
	onCalendar

	levels  levels // of a bucket, in real time
	watches map[string]*watch
}

// end returns the first instant after its window.
func (l *limit) end() int64 {
	if l.zone != nil {
		return l.over - l.cal.off
	}
	return (l.number + 1) * l.span
}

// start returns the first instant of its window, or of an aligned limit one that is no later.
func (l *limit) start() int64 {
	if l.zone != nil {
		return l.from
	}
	return l.number * l.span
}

// window is one window of a limit, if anything was granted from it.
type window struct {
	limit    *limit
	number   int64
	end      int64
	closed   *moment // when the log left it; nil while it is open
	forget   int64   // cluster time from which leases nobody took are forgotten
	accounts []*account
	byKey    map[string]*account
	leases   []*lease
	// last holds the latest admission on each clock while the window is open.
	last []latest
}

type latest struct {
	clock int
	at    Located
}

// account is one key's part of a window.
type account struct {
	window *window
	key    string
	used   int64 // granted and not taken back
	live   int   // leases not settled
	most   int64 // the tally's bound by what a bucket was since, if anything more is granted
	tally  WindowTally

	// Of a sliding limit or a bucket: what was admitted and is not judged yet (AnyInterval). told:
	// all is known.
	watch *watch
	spent []spend
	told  bool
}

// grave is a removed limit whose leases may still live: a limit that takes its place starts
// empty.
type grave struct {
	budget, metric string
	until          int64
}

// session is one incarnation of a holder, from both sides.
type session struct {
	id     uint64
	who    refine.Who
	line   *line // what it draws on, to be judged when it was closed; nil: not judged
	over   bool  // ended in the log
	closed bool  // by its holder
	forget int64 // cluster time from which it is forgotten, if over
	live   int   // leases not settled

	// The log's side: the last request decided, and the leases it was charged for.
	decided uint64
	denied  bool
	charged []*lease

	// The holder's side: the process that it lives in, the last request sent, its attempts,
	// and the one whose answer was taken.
	process  *process
	sent     uint64
	attempts []Located
	answered *Located
	last     int64    // the instant of its last event
	looked   int64    // when its holder last sent or took anything
	held     []*lease // taken, and when last looked through not over
}

// lease is one grant, from both sides.
type lease struct {
	id      uint64
	account *account // nil: granted so long ago that it was forgotten (see accept)
	session *session
	seq     uint64
	amount  int64
	bound   int64 // the limit's amount when it was granted
	granted Located
	born    *moment
	told    []int64 // TTLs of the grant and its replays, until an answer was taken

	returned int64
	back     *Located // the return that was taken

	taken    *process // the process that accepted it
	accepted *Located // where it did; nil if lost in a gap
	send     *Located // of the answered attempt; nil if lost in a gap
	life     int64
	admitted int64
	givenUp  int64
	slots    *slots // nil: it is of credits that are spent
	ending   int64  // of an aligned limit: when it is over, in cluster time
	over     bool   // its holder is done with it
	settled  bool
}
