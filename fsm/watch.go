package fsm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Bounds of what is watched at one replica.
const (
	// MaxWatches bounds the streams that one node tells of changes.
	MaxWatches = 10_000
	// MaxWatched bounds the budgets that one of them is about.
	MaxWatched = 1024
)

// ErrWatches is returned when a replica has as many watches as it may.
var ErrWatches = errors.New("fsm: too many watches")

// Revision is the latest revision of a budget and of those above it; 0: there is no such budget.
type Revision struct {
	Budget   string
	Revision uint64
}

// Watch notes which of some budgets have changed since it was last looked at, however often: what
// it holds is bounded by their number, and it never misses the last change. It decides nothing, and
// whoever is slow to look delays nobody.
type Watch struct {
	fsm     *FSM
	budgets []string
	changed chan struct{} // size 1: one signal is as good as many
	stale   map[string]struct{}
}

// watches are those of a replica.
type watches struct {
	mu    sync.Mutex
	of    map[string]map[*Watch]struct{} // by budget
	count int
}

// Watch begins to watch budgets, 1..MaxWatched of them, whether they exist or not. All of them
// count as changed at first. It fails with ErrWatches. Close it when it is not needed any more.
func (f *FSM) Watch(budgets []string) (*Watch, error) {
	w := &Watch{fsm: f, budgets: slices.Compact(slices.Sorted(slices.Values(budgets))),
		changed: make(chan struct{}, 1), stale: map[string]struct{}{}}
	if n := len(w.budgets); n < 1 || n > MaxWatched {
		return nil, fmt.Errorf("fsm: %d budgets to watch, must be 1..%d", n, MaxWatched)
	}
	f.watches.mu.Lock()
	defer f.watches.mu.Unlock()
	if f.watches.count >= MaxWatches {
		return nil, fmt.Errorf("%w: %d is the most", ErrWatches, MaxWatches)
	}
	f.watches.count++
	if f.watches.of == nil {
		f.watches.of = map[string]map[*Watch]struct{}{}
	}
	for _, name := range w.budgets {
		if f.watches.of[name] == nil {
			f.watches.of[name] = map[*Watch]struct{}{}
		}
		f.watches.of[name][w] = struct{}{}
		w.tellLocked(name)
	}
	return w, nil
}

// Changed returns the channel that has something when Take has.
func (w *Watch) Changed() <-chan struct{} { return w.changed }

// Take returns the budgets that changed since it was last called, by name, each with the revision
// that it has now.
func (w *Watch) Take() []Revision {
	w.fsm.watches.mu.Lock()
	names := slices.Sorted(maps.Keys(w.stale))
	clear(w.stale)
	w.fsm.watches.mu.Unlock()
	revisions := make([]Revision, len(names))
	w.fsm.View(func(s *State) { // after the names: what changes from here on is told again
		for i, name := range names {
			revisions[i].Budget = name
			if p := s.budgets[name]; p != nil {
				revisions[i].Revision = p.line.revision
			}
		}
	})
	return revisions
}

// Close ends the watch. It may be closed again.
func (w *Watch) Close() {
	f := w.fsm
	f.watches.mu.Lock()
	defer f.watches.mu.Unlock()
	if _, open := f.watches.of[w.budgets[0]][w]; !open {
		return
	}
	f.watches.count--
	for _, name := range w.budgets {
		delete(f.watches.of[name], w)
		if len(f.watches.of[name]) == 0 {
			delete(f.watches.of, name)
		}
	}
}

// tellLocked notes that a budget has changed. The state's lock is not held: nobody waits for it.
func (w *Watch) tellLocked(name string) {
	w.stale[name] = struct{}{}
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// tell notes that budgets have changed.
func (ws *watches) tell(names []string) {
	if len(names) == 0 {
		return
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, name := range names {
		for w := range ws.of[name] { // in any order: each is told for itself
			w.tellLocked(name)
		}
	}
}

// tellAll notes that any budget may have changed.
func (ws *watches) tellAll() {
	ws.mu.Lock()
	names := slices.Collect(maps.Keys(ws.of))
	ws.mu.Unlock()
	ws.tell(names)
}
