package cluster

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/node"
)

// Options is a run's shape.
type Options struct {
	Seed     uint64
	Nodes    int
	Holders  int
	Loads    []Load // holder i works on load i, counted round
	DriftPPM int64
	Length   time.Duration // virtual time under faults
	Silence  time.Duration // mean time between a process's bursts
	// Failover is the mean time between the cutting off of leaders; in a storm, how long one is
	// waited for to sleep.
	Failover time.Duration
	Sleep    int           // permille of a node's clock readings: the reader sleeps after it
	Nap      time.Duration // the longest sleep

	// Every is the mean time between faults of each sort: of nodes and their networks, of the
	// fleet, of budgets. Zero: no faults but Failover's and the sleepers.
	Every time.Duration
	// Strikes are the kinds of faults that strike; none: all.
	Strikes []string
	// Majority: also faults that leave no majority.
	Majority bool
	// Members: servers also come and go.
	Members bool
	// Succession: halfway, the cluster is lost for good, and another is restored in its place.
	Succession bool
	// Rounds is how often, within Length, everything is mended and must serve again. 0: once.
	Rounds int
	// Unhealed leaves out the healing before the healed phase: a run must fail then.
	Unhealed bool
	// Latency is that of a message between nodes, at most. Above zero, or whoever asks again for
	// what it was just granted does so for ever at one instant.
	Latency time.Duration

	// Calendar: nodes have wall clocks that are hours apart and step, see walls.
	Calendar bool

	// Plant is a fault that the product does not promise to survive. A run must fail with it.
	Plant Plant

	// Of the nodes; zero: the product's default.
	Heartbeat time.Duration
	Threshold uint64 // of snapshots
	Trailing  uint64
}

// Plant is a fault that is planted.
type Plant string

// PlantNoSync has disks lose what was written last when their nodes lose power.
const PlantNoSync Plant = "nosync"

func (p Plant) check() error {
	if p != "" && p != PlantNoSync {
		return fmt.Errorf("cluster: plant %q: allowed is %q, or none", p, PlantNoSync)
	}
	return nil
}

// Load is one budget, and what is asked of it.
type Load struct {
	Budget budget.Budget
	Keys   int // of a keyed budget
	Cost   int64
	// Demand is what its holders ask for in all, as a share of its limit, in percent.
	Demand int64
}

// tune sets what a node's configuration has of a run's shape.
func (o Options) tune(cfg *node.Config) {
	if o.Heartbeat > 0 {
		cfg.HeartbeatTimeout, cfg.LeaderLeaseTimeout = o.Heartbeat, o.Heartbeat*5/8
		cfg.CommitTimeout = o.Heartbeat / 10
	}
	if o.Threshold > 0 {
		cfg.SnapshotInterval = 2 * time.Second
		cfg.SnapshotThreshold, cfg.TrailingLogs = o.Threshold, o.Trailing
	}
}

// requests is a budget of one limit.
func requests(name string, amount budget.Credits, per time.Duration) budget.Budget {
	return budget.Budget{Name: name, Limits: []budget.Limit{{
		Metric: "requests", Kind: budget.KindWindow, Amount: amount, Per: per,
	}}}
}

// Draw returns the options that belong to seed: a short run whose leaders fail all the time.
func Draw(seed uint64) Options {
	r := rand.New(rand.NewPCG(seed, 0xc1a5))
	per := []time.Duration{2, 5, 20}[r.IntN(3)] * time.Second
	holders := 1 + r.IntN(3)
	amount := budget.Credits(20 + r.IntN(200))
	return withKeys(withKinds(Options{
		Seed: seed, Nodes: 3, Holders: holders,
		Loads:    []Load{{Budget: requests("b", amount, per), Cost: 3}},
		DriftPPM: []int64{5_000, 100_000}[r.IntN(2)],
		Length:   8*per + 30*time.Second,
		Silence:  per * time.Duration(1+r.IntN(16)) / 8,
		Failover: 2*time.Second + time.Duration(r.Int64N(int64(6*time.Second))),
		Sleep:    100 + r.IntN(200),
		Nap:      time.Duration(3+r.IntN(6)) * time.Second,
		Latency:  time.Millisecond,
	}))
}

// leastTrailing is how many entries a log keeps behind a snapshot, at least: more than a leader may
// send again to a follower that has applied them already, since its answers were lost (64 a
// message, and a pipeline of them). With fewer hashicorp/raft installs an older snapshot, and
// the follower stops with "log not found".
const leastTrailing = 128

// roundLength is about how long faults last before everything must be well again.
const roundLength = 4 * time.Minute

// DrawLong returns the options that belong to seed: a run of that length with faults of every
// kind.
func DrawLong(seed uint64, length time.Duration) Options {
	r := rand.New(rand.NewPCG(seed, 0x10c6))
	o := Options{
		Seed: seed, Nodes: 3 + 2*r.IntN(2), Holders: 20,
		DriftPPM:  []int64{5_000, 100_000}[r.IntN(2)],
		Length:    length,
		Silence:   time.Duration(1+r.IntN(10)) * time.Second,
		Rounds:    1 + int(length/roundLength),
		Failover:  3 * time.Second,
		Sleep:     r.IntN(20),
		Nap:       time.Duration(1+r.IntN(8)) * time.Second,
		Every:     time.Duration(2+r.IntN(6)) * time.Second,
		Majority:  r.IntN(3) == 0,
		Latency:   time.Duration(1+r.IntN(5)) * time.Millisecond,
		Heartbeat: time.Duration(400+200*r.IntN(4)) * time.Millisecond,
		Threshold: uint64(30 + r.IntN(300)),
		Trailing:  uint64(leastTrailing + r.IntN(100)),
	}
	for i := range 1 + r.IntN(3) {
		o.Loads = append(o.Loads, drawLoad(r, fmt.Sprintf("b%d", i)))
	}
	o.Members, o.Succession = r.IntN(2) == 0, r.IntN(3) == 0
	return withKinds(o)
}

// drawLoad draws one kind of work: a hot budget, a keyed one, tiny windows, or two metrics.
func drawLoad(r *rand.Rand, name string) Load {
	l := Load{Cost: 1 + r.Int64N(3), Demand: 30 + r.Int64N(200)}
	per := time.Duration(3+r.IntN(25)) * time.Second
	switch r.IntN(4) {
	case 0:
		l.Budget = requests(name, budget.Credits(100+r.IntN(400)), per)
	case 1:
		l.Budget = requests(name, budget.Credits(60+r.IntN(100)), per)
		l.Budget.Keyed, l.Keys = true, 2+r.IntN(6)
	case 2:
		per = time.Duration(200+r.IntN(800)) * time.Millisecond
		l.Budget, l.Demand = requests(name, budget.Credits(60+r.IntN(100)), per), 30+r.Int64N(50)
	default:
		l.Budget = requests(name, budget.Credits(100+r.IntN(400)), per)
		l.Budget.Limits = append(l.Budget.Limits, budget.Limit{
			Metric: "tokens", Kind: budget.KindWindow,
			Amount: budget.Credits(2000 + r.IntN(4000)), Per: 2 * per,
		})
	}
	return l
}

// clockSeed is that of node i's clock.
func (o Options) clockSeed(i int) uint64 { return o.Seed<<8 + uint64(i) }

// window is the longest window of the budgets, with the time for which it counts.
func (o Options) window() (longest time.Duration) {
	for _, l := range o.Loads {
		for _, limit := range l.Budget.Canonical().Limits {
			longest = max(longest, limit.Span()+limit.Memory())
		}
	}
	return longest
}
