package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/leased-io/leased/trace"
)

// log is what the nodes' files tell, each by its own name and so but once: entries by index,
// leases, limits, windows and epochs by number.
type log struct {
	story Story // its counts
	// maxEntries and maxLeases are how many may be remembered.
	maxEntries, maxLeases int

	entries map[uint64]int64
	limits  map[uint64]*limit
	grants  map[uint64]grant // by lease
	epochs  map[uint64]int64 // when they were opened
	returns map[uint64]int64 // credits taken back, by lease
	led     []*leadership
	last    int64 // the latest reading

	granted []moment // when anything was granted, in the order of the log; see settle
	gaps    []gap
}

// limit is one life of a limit.
type limit struct {
	budget, metric string
	shape
	changes []change // in the order of the log, once settled
	rolls   map[int64]int64
	windows []int64 // that were rolled into, in order, once settled
	since   int64
	until   int64 // MaxInt64: it was not removed
}

// change is what a limit has from a place of the log on.
type change struct {
	from place
	level
}

// place is where a limit's change or a grant stands in the log: its entry, and its number among
// those of that entry.
type place struct {
	index   uint64
	ordinal int
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.index, q.index), cmp.Compare(p.ordinal, q.ordinal))
}

type grant struct {
	place
	limit  uint64
	key    string
	window int64
	amount int64
	epoch  uint64
}

// moment is an entry that granted something.
type moment struct {
	index, epoch uint64
	at           int64
}

// leadership is a node's, of a term.
type leadership struct {
	node     string
	term     uint64
	from, to int64
}

func newLog(entries, leases int) log {
	return log{maxEntries: entries, maxLeases: leases,
		entries: map[uint64]int64{}, limits: map[uint64]*limit{}, grants: map[uint64]grant{},
		epochs: map[uint64]int64{}, returns: map[uint64]int64{}, last: math.MinInt64}
}

// file returns what takes the events of a node's file.
func (l *log) file(s source) func(*trace.Event) error {
	var at place
	var entry trace.Event
	var leads *leadership
	l.last = max(l.last, s.first)
	return func(e *trace.Event) error {
		l.last = max(l.last, e.At)
		if leads != nil {
			leads.to = e.At // so far: it may die
		}
		switch e.Kind {
		case trace.KindLeader:
			leads = nil
			if e.OK {
				leads = &leadership{node: s.recorder, term: e.Term, from: e.At, to: e.At}
				l.led = append(l.led, leads)
			}
		case trace.KindRestore:
			l.story.Restores++
		case trace.KindEntry:
			entry, at = *e, place{index: e.Index}
			earliest(l.entries, e.Index, e.At)
			if len(l.entries) > l.maxEntries {
				return fmt.Errorf("entry %d: more than %d entries", e.Index, l.maxEntries)
			}
		case trace.KindLimit, trace.KindGrant:
			at.ordinal++ // of those, so that all nodes count alike
			return l.effect(&entry, at, e)
		default:
			return l.effect(&entry, at, e)
		}
		return nil
	}
}

// effect is an event that comes from applying an entry.
func (l *log) effect(entry *trace.Event, at place, e *trace.Event) error {
	switch e.Kind {
	case trace.KindEpoch:
		earliest(l.epochs, e.Epoch, e.At)
	case trace.KindLimit:
		t := l.limit(e.Limit)
		t.budget, t.metric = e.Budget, e.Metric
		t.since = min(t.since, e.At)
		if e.Amount < 1 {
			t.until = min(t.until, e.At)
		} else {
			t.shape = shapeOf(e) // it does not change
		}
		t.changes = append(t.changes, change{at, level{e.Amount, e.Burst}})
	case trace.KindRoll:
		earliest(l.limit(e.Limit).rolls, e.Window, e.At)
	case trace.KindGrant:
		if _, known := l.grants[e.Lease]; !known {
			l.grants[e.Lease] = grant{place: at, limit: e.Limit, key: e.Key, window: e.Window,
				amount: e.Amount, epoch: entry.Epoch}
		}
		if len(l.grants) > l.maxLeases {
			return fmt.Errorf("lease %d: more than %d leases", e.Lease, l.maxLeases)
		}
	case trace.KindReturn:
		if e.OK {
			l.returns[e.Lease] = e.Amount // it is taken once
		}
	}
	return nil
}

func (l *log) limit(serial uint64) *limit {
	t := l.limits[serial]
	if t == nil {
		t = &limit{rolls: map[int64]int64{}, since: math.MaxInt64, until: math.MaxInt64}
		l.limits[serial] = t
	}
	return t
}

// settle puts what was read in order, when all nodes' files are.
func (l *log) settle() {
	l.story.Entries, l.story.Epochs = int64(len(l.entries)), int64(len(l.epochs))
	for _, t := range l.limits {
		slices.SortFunc(t.changes, func(a, b change) int { return a.from.compare(b.from) })
		t.changes = slices.CompactFunc(t.changes, func(a, b change) bool { return a.from == b.from })
		for window := range t.rolls {
			t.windows = append(t.windows, window)
		}
		slices.Sort(t.windows)
	}
	for _, g := range l.grants {
		l.granted = append(l.granted, moment{g.index, g.epoch, l.entries[g.index]})
	}
	slices.SortFunc(l.granted, func(a, b moment) int { return cmp.Compare(a.index, b.index) })
	l.granted = slices.Compact(l.granted)
	// What a later entry followed on was before it, even if only a node tells that was late.
	for i := len(l.granted) - 2; i >= 0; i-- {
		l.granted[i].at = min(l.granted[i].at, l.granted[i+1].at)
	}
	l.findGaps()
}

// level is what a limit had in force at a place of the log, or nothing if no file tells.
func (t *limit) level(at place) level {
	if i := t.change(at); i >= 0 {
		return t.changes[i].level
	}
	return level{}
}

// change is the number of the change that was the last one at a place of the log, or -1.
func (t *limit) change(at place) int {
	i, found := slices.BinarySearchFunc(t.changes, at, func(c change, at place) int {
		return c.from.compare(at)
	})
	if !found {
		i--
	}
	return i
}

// during is from when to when a limit was in a window.
func (t *limit) during(window, last int64) (from, to int64) {
	from, known := t.rolls[window]
	if !known { // it was new in that window
		from = t.since
	}
	to = min(t.until, last)
	if i, _ := slices.BinarySearch(t.windows, window+1); i < len(t.windows) {
		to = min(to, t.rolls[t.windows[i]])
	}
	return from, max(from, to)
}

// earliest keeps the least instant.
func earliest[K comparable](of map[K]int64, key K, at int64) {
	if before, known := of[key]; !known || at < before {
		of[key] = at
	}
}
