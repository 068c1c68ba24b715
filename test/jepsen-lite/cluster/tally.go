package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// maxFaults bounds the faults of a run that are told with their times. All are counted.
const maxFaults = 20_000

// tally counts faults by kind, and remembers when each was.
type tally struct {
	mu     sync.Mutex
	counts map[string]int64
	faults []report.Fault
}

func newTally() *tally { return &tally{counts: map[string]int64{}} }

// lasted counts a fault that was from one instant to another, in the run's time.
func (t *tally) lasted(kind, target string, from, to time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[kind]++
	if len(t.faults) < maxFaults {
		t.faults = append(t.faults, report.Fault{Kind: kind, Target: target, From: from, To: to})
	}
}

// note counts what came of a fault.
func (t *tally) note(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[what]++
}

// all returns copies of the counts and of the faults, in order of their beginning.
func (t *tally) all() (map[string]int64, []report.Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	faults := slices.SortedStableFunc(slices.Values(t.faults), func(a, b report.Fault) int {
		return int(a.From - b.From)
	})
	return maps.Clone(t.counts), faults
}

// listed is one tally as text, in order of kind.
func listed(counts map[string]int64) string {
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, " %s %d", kind, counts[kind])
	}
	return strings.TrimSpace(b.String())
}
