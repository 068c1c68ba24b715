package sim

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/trace"
)

// Outcome is what one schedule came to.
type Outcome struct {
	Violations []string // the oracle's, first ones first; empty for a sound schedule
	Starved    []string // processes that the healed phase did not serve
	Hash       string   // of the final state, the same on every replica
	// Broken is the first of fsm.Invariants that a state broke; empty if none did, or Verify
	// is off.
	Broken string

	Entries       int
	Windows       int64 // of the first limit, that cluster time went through
	Grants, Rolls int64
	Epochs        int64
	Struck        Counts // by what
	Books         Books
	// Fullest is the largest part of a limit's slots that holders believed to have at an instant.
	Fullest float64
	// Slowest is how long after the faults' end the last of the processes was served that had
	// to be.
	Slowest time.Duration
}

// Books are what the oracle added up.
type Books struct {
	Windows int64 // of accounts, that anything was granted from
	// Bound is what there was to admit in these windows: of a window limit the amount, of another
	// kind its share, and what buckets held at first.
	Bound      int64
	Admissions int64
	Admitted   int64 // credits
	Overshoot  int64 // of the worst window: 0 for a sound schedule
}

func (b *Books) add(more Books) {
	b.Windows += more.Windows
	b.Bound += more.Bound
	b.Admissions += more.Admissions
	b.Admitted += more.Admitted
	b.Overshoot = max(b.Overshoot, more.Overshoot)
}

// Recorder receives every event of a schedule as it happens. Nil records nothing.
type Recorder func(recorder string, e trace.Event)

// Run plays the schedule that belongs to o and returns what it came to. It panics only where
// the product does.
func Run(o Options, rec Recorder) Outcome { return Watch(o, rec, nil) }

// Watch is Run, and tells of the faults as they strike.
func Watch(o Options, rec Recorder, watch Watcher) Outcome {
	w := newWorld(o, rec, watch)
	c := newCluster(w)
	begin(c, o)
	fleet := make([]*process, o.Holders)
	for i := range fleet {
		fleet[i] = newProcess(w, c, i)
	}
	startFaults(w, c, fleet)
	w.run(int64(o.Length))
	w.healed = true
	put(c, o, 0)
	w.run(int64(o.Length + o.Healed))
	out := outcome(w, c, fleet)
	w.end()
	return out
}

// outcome sums up a schedule that is over.
func outcome(w *world, c *cluster, fleet []*process) Outcome {
	o, judge := w.o, &w.judge
	judge.books.Bound = judge.share/parts + judge.filled
	out := Outcome{
		Violations: judge.violations, Broken: c.broken, Entries: c.entries, Epochs: c.epochs,
		Windows: judge.t / int64(o.Limits[0].Per), Grants: judge.grants, Rolls: judge.rolls,
		Struck: w.struck, Books: judge.books,
		Fullest: judge.fullest,
	}
	for _, p := range fleet {
		switch {
		case !o.heals():
		case p.healedAt == 0:
			out.Starved = append(out.Starved, p.name)
		default:
			out.Slowest = max(out.Slowest, time.Duration(p.healedAt)-o.Length)
		}
	}
	hashes := c.hashes()
	out.Hash = hashes[0]
	for _, h := range hashes {
		if h != out.Hash {
			out.Violations = append(out.Violations,
				fmt.Sprintf("at the end: the replicas differ: %s and %s", out.Hash, h))
		}
	}
	return out
}
