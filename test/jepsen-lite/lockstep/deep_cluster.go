package lockstep

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/trace"
)

// cluster is a replicated log with two replicas, of which one may lead.
type cluster struct {
	d        *Deep
	replicas [2]*replica
	log      []logged
	term     uint64
	leader   int   // -1: none
	ready    bool  // its epoch is open
	clock    int64 // its cluster clock
	earlier  int64 // its reading some time ago
	flying   []flight
	asleep   []flight
	toLeader []message
	toFleet  []message
}

type replica struct {
	name    string
	state   *fsm.State
	applied int
}

type logged struct {
	term  uint64
	entry fsm.Entry
}

// flight is a proposal that is stamped and not committed.
type flight struct {
	leader int
	entry  fsm.Entry
	from   []message // of each command
}

// Bounds of what is under way at a time.
const (
	maxFlying  = 4
	maxBatch   = 3
	maxNetwork = 12
)

func newCluster(d *Deep) *cluster {
	c := &cluster{d: d, leader: -1}
	for i := range c.replicas {
		r := &replica{name: fmt.Sprintf("n%d", i+1)}
		r.state = fsm.New(c.sink(r))
		c.replicas[i] = r
	}
	c.elect()
	c.openEpoch()
	put := fsm.Command{PutBudget: &fsm.PutBudget{Budget: budget.Budget{
		Name: budgetName, Limits: d.limits}}}
	c.recordStamp(c.term, 0)
	c.append(fsm.Entry{Epoch: c.term, Commands: []fsm.Command{put}})
	return c
}

// recordStamp records that the leader has read a stamp and is about to append.
func (c *cluster) recordStamp(epoch uint64, stamp int64) {
	c.d.tape.record(c.replicas[c.leader].name, trace.Event{Kind: trace.KindPropose,
		At: c.d.now, First: c.d.now, Epoch: epoch, Stamp: stamp})
}

func (c *cluster) sink(r *replica) trace.Sink {
	return func(e trace.Event) {
		e.At = c.d.now
		c.d.tape.record(r.name, e)
		c.d.judge.seeLog(e)
	}
}

// append commits an entry under the present term, on the leader or on some replica.
func (c *cluster) append(e fsm.Entry) []fsm.Result {
	// What is in the log is bytes.
	raw, err := fsm.EncodeEntry(e)
	if err != nil {
		c.d.judge.failf("encode: %w", err)
		return nil
	}
	decoded, err := fsm.DecodeEntry(raw)
	if err != nil {
		c.d.judge.failf("decode: %w", err)
		return nil
	}
	c.log = append(c.log, logged{c.term, decoded})
	return c.apply(c.replicas[max(0, c.leader)])
}

// apply brings a replica up to date, and returns what the last entry came to.
func (c *cluster) apply(r *replica) (results []fsm.Result) {
	for r.applied < len(c.log) {
		l := c.log[r.applied]
		r.applied++
		results = r.state.Apply(uint64(r.applied), l.term, l.entry)
		if err := fsm.Check(r.state); err != nil {
			c.d.judge.failf("%s: %w", r.name, err)
		}
	}
	return results
}

// state is the committed state.
func (c *cluster) state() *fsm.State {
	r := c.replicas[max(0, c.leader)]
	c.apply(r)
	return r.state
}

// propose has the leader stamp and append some of what has arrived (R1).
func (c *cluster) propose() {
	if !c.ready || len(c.flying) >= maxFlying {
		return
	}
	f := flight{leader: c.leader}
	for range 1 + c.d.pick(maxBatch) {
		if m, ok := c.d.draw(&c.toLeader); ok {
			f.from = append(f.from, m)
			f.entry.Commands = append(f.entry.Commands, m.cmd)
		}
	}
	if len(f.from) == 0 {
		return
	}
	stamp := c.clock
	if c.d.broken == StampEarly {
		stamp = max(c.earlier, int64(c.state().T()))
	}
	f.entry.Epoch, f.entry.Stamp = c.state().Epoch(), budget.Instant(stamp)
	c.recordStamp(f.entry.Epoch, stamp)
	c.flying = append(c.flying, f)
}

// commitHead commits the oldest proposal, and answers it.
func (c *cluster) commitHead() {
	if len(c.flying) == 0 {
		return
	}
	f := c.flying[0]
	c.flying = slices.Delete(c.flying, 0, 1)
	c.answer(f, c.append(f.entry))
}

func (c *cluster) answer(f flight, results []fsm.Result) {
	for i, r := range results {
		m := f.from[i]
		m.result = r
		switch r.Code {
		case fsm.CodeStaleEpoch:
			c.d.tally.Stale++
			continue // nothing happened: it may be proposed again
		case fsm.CodeDenied:
			c.d.tally.Denials++
		}
		if len(c.toFleet) < maxNetwork {
			c.toFleet = append(c.toFleet, m)
		}
	}
}

// fail loses the leader, with any suffix of what it proposed. The last may have slept since its
// stamp was read, and not be appended yet: a leader proposes one after the other.
func (c *cluster) fail() {
	if c.leader < 0 {
		return
	}
	c.propose() // so that there is something to lose
	c.d.tally.Failovers++
	c.d.tape.record(c.replicas[c.leader].name,
		trace.Event{Kind: trace.KindLeader, At: c.d.now, Term: c.term})
	cut := c.d.pick(len(c.flying) + 1)
	if n := len(c.flying); cut < n && len(c.asleep) < maxAsleep {
		c.asleep = append(c.asleep, c.flying[n-1])
	}
	c.flying = c.flying[:cut]
	c.leader, c.ready = -1, false
}

// elect makes some replica the leader. What it inherited is committed first (R3).
func (c *cluster) elect() {
	if c.leader >= 0 {
		return
	}
	c.drain()
	c.term++
	c.leader = c.d.pick(len(c.replicas))
	c.apply(c.replicas[c.leader])
	c.d.tape.record(c.replicas[c.leader].name,
		trace.Event{Kind: trace.KindLeader, At: c.d.now, Term: c.term, OK: true})
}

// drain commits all that is in flight.
func (c *cluster) drain() {
	for len(c.flying) > 0 {
		c.commitHead()
	}
}

// openEpoch opens the leader's epoch, whose clock starts at T (R2).
func (c *cluster) openEpoch() {
	if c.leader < 0 || c.ready {
		return
	}
	c.drain() // what woke up before
	c.append(fsm.Entry{Open: true})
	c.ready = true
	c.clock = int64(c.state().T())
	if c.d.broken == ClockAhead {
		c.clock += int64(c.d.limits[0].Per) / 2
	}
	c.earlier = c.clock
}

// wake has a proposal go on that slept since before its append. It goes into the log of whatever
// term its node leads, if it does.
func (c *cluster) wake() {
	if len(c.asleep) == 0 || c.leader < 0 || len(c.flying) >= maxFlying {
		return
	}
	i := c.d.pick(len(c.asleep))
	f := c.asleep[i]
	if f.leader != c.leader {
		return
	}
	c.asleep = slices.Delete(c.asleep, i, i+1)
	c.d.tally.Sleepers++
	if c.d.broken == EpochForged && c.ready {
		f.entry.Epoch = c.state().Epoch()
	}
	c.flying = append(c.flying, f)
}

// restore replaces the state of a follower by a snapshot of another's.
func (c *cluster) restore() {
	to := c.replicas[c.d.pick(len(c.replicas))]
	from := c.replicas[c.d.pick(len(c.replicas))]
	if c.leader >= 0 && to == c.replicas[c.leader] || from.applied == 0 || from.applied < to.applied {
		return
	}
	var buf bytes.Buffer
	if err := from.state.Snapshot(&buf); err != nil {
		c.d.judge.failf("snapshot: %w", err)
		return
	}
	restored, err := fsm.Restore(&buf, c.sink(to))
	if err != nil {
		c.d.judge.failf("restore: %w", err)
		return
	}
	c.d.tally.Restores++
	to.state, to.applied = restored, from.applied
	c.d.tape.record(to.name, trace.Event{Kind: trace.KindRestore, At: c.d.now,
		Index: restored.Index(), Hash: restored.Hash(), T: int64(restored.T()), Epoch: restored.Epoch()})
}

// follow brings every replica up to date: they must be the same.
func (c *cluster) follow() {
	for _, r := range c.replicas {
		c.apply(r)
	}
	if a, b := c.replicas[0].state, c.replicas[1].state; a.Hash() != b.Hash() {
		c.d.judge.failf("the replicas' states differ: %s, %s", a.Hash(), b.Hash())
	}
}
