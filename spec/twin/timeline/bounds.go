package timeline

// Bounds of what is kept and shown. With all of them reached, the file stays below 6 MB, and a
// Timeline below 20 MB, but for the leases that live at a time, which are as many as the check
// itself has to know.
const (
	// maxLeases are kept as rectangles, the newest. Older ones are summed up in cells.
	maxLeases = 20_000
	// maxCells are the sums of one session's leases of one window of an account.
	maxCells = 20_000
	// maxSpans is how many spans of admissions a lease is drawn with; beyond that the two that
	// are nearest become one. Only the newest fineLeases have that many.
	maxSpans    = 8
	fineLeases  = 4_000
	coarseSpans = 2
	// maxWindows are the windows of accounts that are kept in detail, of all accounts together.
	maxWindows = 2_000
	// maxBands are the windows of limits that are drawn as bands, of all limits together.
	maxBands = 4_000
	// maxAccounts are remembered, those granted from last; maxShown are on the page.
	maxAccounts = 1_000
	maxShown    = 64
	// maxSessions are remembered beyond those that are open.
	maxSessions = 4_096
	// maxDenials, maxFailOpens, maxMarks and maxLeaderships: the newest are shown.
	maxDenials     = 10_000
	maxFailOpens   = 2_000
	maxMarks       = 2_000
	maxLeaderships = 1_000
	// maxProposals wait for their entries: a leader has far fewer in flight.
	maxProposals = 4_096
	// maxSends are the attempts of one session whose sending is remembered. A holder, too,
	// remembers no more than its last few.
	maxSends = 16
	// openRows is how long a table of windows may be to be open at first.
	openRows = 100
	// maxEvents are the events of a violation that are shown: a handful, as a rule.
	maxEvents = 20
)

// LeftOut counts what the bounds kept from the page.
type LeftOut struct {
	Leases      int64 `json:"leases"` // summed up in cells
	Cells       int64 `json:"cells"`
	Windows     int64 `json:"windows"`
	Bands       int64 `json:"bands"`
	Accounts    int64 `json:"accounts"`
	Denials     int64 `json:"denials"`
	FailOpens   int64 `json:"fail_opens"`
	Marks       int64 `json:"marks"`
	Leaderships int64 `json:"leaderships"`
	Late        int64 `json:"late"` // events of leases forgotten with their windows
}

// newest is a queue of bounded length: what is pushed beyond it pushes out the oldest.
type newest[T any] struct {
	items []T
	// start is where the queue begins in items: the room before it is reclaimed in bulk.
	start int
}

// push adds v and returns the oldest one if there were max already.
func (q *newest[T]) push(v T, limit int) (oldest T, out bool) {
	q.items = append(q.items, v)
	if len(q.items)-q.start <= limit {
		return oldest, false
	}
	oldest = q.items[q.start]
	var zero T
	q.items[q.start] = zero
	q.start++
	if q.start > limit {
		q.items = append(q.items[:0:0], q.items[q.start:]...)
		q.start = 0
	}
	return oldest, true
}

// all returns what is in the queue, oldest first.
func (q *newest[T]) all() []T { return q.items[q.start:] }
