package bench

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/leased-io/leased/trace"
)

// stormFor is how long after a kill the limiters' requests are counted.
const stormFor = time.Second

// Edges says what happened where windows meet, and where leaders do. All of it is read from the
// trace, whose files share one clock.
type Edges struct {
	// Grant is the median time from a limiter's send of a request to its taking the leases that
	// came of it.
	Grant time.Duration `json:"grant_p50_ns"`
	// Rolls are those of the load, but for one in its last second.
	Rolls []Roll `json:"rolls"`
	// Storm is nil if no leader was killed.
	Storm *Storm `json:"after_kill,omitempty"`
}

// Roll says how long after a window began the limiters had taken their first leases of it.
type Roll struct {
	Window   int64         `json:"window"`
	Limiters int           `json:"limiters"` // that took any within a second
	P50      time.Duration `json:"p50_ns"`
	P99      time.Duration `json:"p99_ns"`
	Max      time.Duration `json:"max_ns"`
}

// Storm counts what limiters sent in the second after a leader was killed.
type Storm struct {
	Mean float64 `json:"requests_per_limiter"`
	Most int     `json:"most_of_one"`
}

// worst returns the roll with the highest 99th percentile, or false if there was none.
func (e *Edges) worst() (Roll, bool) {
	if len(e.Rolls) == 0 {
		return Roll{}, false
	}
	return slices.MaxFunc(e.Rolls, func(a, b Roll) int { return cmp.Compare(a.P99, b.P99) }), true
}

// attempt names one send of a request.
type attempt struct{ session, seq, attempt uint64 }

// edgeReader gathers what Edges are made of.
type edgeReader struct {
	rolled map[int64]int64 // by window: when the first node rolled into it
	sent   map[attempt]int64
	first  map[int64]map[uint64]int64 // by window: when each session took its first lease of it
	trips  []time.Duration
	storms map[uint64]int // by session: sends in the second after the kill
	killed int64          // 0: no leader was
}

// readEdges reads a trace that is complete. The load was between two instants of its clock; killed
// is when the leader was, or 0.
func readEdges(files []string, limiters int, began, ended, killed int64) (*Edges, error) {
	r := &edgeReader{
		rolled: make(map[int64]int64), sent: make(map[attempt]int64),
		first: make(map[int64]map[uint64]int64), storms: make(map[uint64]int), killed: killed,
	}
	for _, file := range files {
		if err := r.read(file); err != nil {
			return nil, err
		}
	}
	return r.edges(limiters, began, ended), nil
}

func (r *edgeReader) read(file string) error {
	events, err := trace.Open(file)
	if err != nil {
		return err
	}
	defer events.Close()
	for {
		e, err := events.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.take(e)
	}
}

func (r *edgeReader) take(e trace.Event) {
	switch e.Kind {
	case trace.KindRoll:
		if at, known := r.rolled[e.Window]; !known || e.At < at {
			r.rolled[e.Window] = e.At
		}
	case trace.KindSend:
		r.sent[attempt{e.Session, e.Seq, e.Attempt}] = e.At
		if r.killed != 0 && e.At >= r.killed && e.At < r.killed+int64(stormFor) {
			r.storms[e.Session]++
		}
	case trace.KindAccept:
		name := attempt{e.Session, e.Seq, e.Attempt}
		if at, known := r.sent[name]; known {
			r.trips = append(r.trips, time.Duration(e.At-at))
			delete(r.sent, name) // the second lease of an answer is no second trip
		}
		took := r.first[e.Window]
		if took == nil {
			took = make(map[uint64]int64)
			r.first[e.Window] = took
		}
		if at, known := took[e.Session]; !known || e.At < at {
			took[e.Session] = e.At
		}
	}
}

func (r *edgeReader) edges(limiters int, began, ended int64) *Edges {
	e := &Edges{Grant: percentile(r.trips, 50)}
	for window, at := range r.rolled {
		if at < began || at > ended-int64(time.Second) {
			continue
		}
		var after []time.Duration
		for _, took := range r.first[window] {
			if took-at < int64(time.Second) {
				after = append(after, time.Duration(max(0, took-at)))
			}
		}
		if len(after) > 0 {
			e.Rolls = append(e.Rolls, Roll{Window: window, Limiters: len(after),
				P50: percentile(after, 50), P99: percentile(after, 99), Max: slices.Max(after)})
		}
	}
	slices.SortFunc(e.Rolls, func(a, b Roll) int { return cmp.Compare(a.Window, b.Window) })
	if r.killed == 0 {
		return e
	}
	e.Storm = &Storm{}
	for _, n := range r.storms {
		e.Storm.Mean += float64(n) / float64(limiters)
		e.Storm.Most = max(e.Storm.Most, n)
	}
	return e
}

// percentile returns the value that so many percent do not exceed; 0 of none. It sorts.
func percentile(of []time.Duration, percent int) time.Duration {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[min(len(of)*percent/100, len(of)-1)]
}
