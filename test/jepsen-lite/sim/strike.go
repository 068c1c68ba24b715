package sim

import "time"

// Fault is a kind of thing that goes wrong.
type Fault int

// The faults, of messages first.
const (
	Lost Fault = iota // of messages, both ways
	Duplicated
	Delayed   // about a window
	Reordered // came after one that was sent later, the same way
	Odd       // a request of a size that nobody needs
	Strange   // a command of the stranger's
	Crash
	Closed
	Suspend
	Late // an offer with a reading from before
	Drift
	Jump // of a wall clock
	Failover
	LostSuffix // an entry that was appended, and lost with its leader
	LateSuffix // one that was committed after its leader was lost
	Pause      // a proposal that sleeps between its stamp and the log
	Sleeper    // one that woke under a later term than its stamp's
	Restore    // from a snapshot
	Change     // of amounts
	Reshape    // of the set of limits
	Deleted
	Created  // again
	Override // of a limit, for a time
	Inherit  // another cluster's place
	faults
)

// faultNames are told in reports.
var faultNames = [faults]string{
	"message lost", "message duplicated", "message delayed", "message reordered",
	"adversarial size", "stranger's command", "holder crash", "holder closed", "holder suspend",
	"late reading", "drift change", "wall clock jump", "leader failover", "log suffix lost",
	"log suffix committed late", "proposal pause", "proposal under a later term",
	"snapshot restore", "limits changed", "limits reshaped", "budget deleted", "budget created",
	"limit overridden", "cluster restored from a backup",
}

// String returns the fault's name in reports.
func (f Fault) String() string { return faultNames[f] }

// Counts is how often each fault struck.
type Counts [faults]int64

func (c *Counts) add(more Counts) {
	for f, n := range more {
		c[f] += n
	}
}

// ByName returns the faults that struck.
func (c Counts) ByName() map[string]int64 {
	byName := map[string]int64{}
	for f, n := range c {
		if n > 0 {
			byName[faultNames[f]] = n
		}
	}
	return byName
}

// Strike is a fault when it struck whom, in true time.
type Strike struct {
	Fault    Fault
	Target   string
	From, To time.Duration // From, if it is over at once
}

// Watcher is told of every fault of a schedule that is not of a single message or reading.
type Watcher func(Strike)

// count counts a fault of a message or a reading: there are too many to tell of each.
func (w *world) count(f Fault) { w.struck[f]++ }

// strike counts a fault that lasts, and tells the watcher.
func (w *world) strike(f Fault, target string, lasts time.Duration) {
	w.struck[f]++
	if w.watch != nil {
		now := time.Duration(w.now)
		w.watch(Strike{Fault: f, Target: target, From: now, To: now + lasts})
	}
}
