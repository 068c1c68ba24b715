package sim

import (
	"bytes"
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// cluster is a replicated log reduced to what the protocol sees of it: entries commit in
// order, a failover loses or keeps what was in flight, replicas apply at their own pace.
type cluster struct {
	w        *world
	replicas []*replica
	log      []committed

	term   uint64
	leader int // -1: none
	ready  bool
	epoch  uint64
	tick   clock // of the leader: cluster time since its epoch opened
	early  int64 // an older reading, for StampEarly

	waiting  []call
	inflight *proposal   // of the present leader: stamped, perhaps not yet appended
	appended []*proposal // in the leader's log and not committed, in order

	puts                int    // budgets that were proposed: the latest counts
	verified            int    // entries that led to a state that was verified
	broken              string // the first invariant that a state broke
	failovers, sleepers int
}

type replica struct {
	name    string
	state   *fsm.State
	applied int
}

type committed struct {
	term  uint64
	entry fsm.Entry
}

// call is one command and where its result goes. A lost call never answers.
type call struct {
	cmd    fsm.Command
	answer func(fsm.Result)
}

// proposal is an entry on its way into the log.
type proposal struct {
	entry    fsm.Entry
	calls    []call
	leader   int
	term     uint64 // in which it was appended; 0: not yet
	resolved bool
}

func newCluster(w *world) *cluster {
	c := &cluster{w: w, leader: -1}
	for i := range w.o.Replicas {
		r := &replica{name: fmt.Sprintf("n%d", i+1)}
		r.state = fsm.New(c.sink(r))
		c.replicas = append(c.replicas, r)
	}
	c.elect()
	return c
}

func (c *cluster) sink(r *replica) trace.Sink {
	return func(e trace.Event) {
		e.At = c.w.now
		c.record(r, e)
	}
}

// record shows an event of a replica to the judges.
func (c *cluster) record(r *replica, e trace.Event) {
	c.w.judge.see(e)
	if c.w.record != nil {
		c.w.record(r.name, e)
	}
}

// hop is how long an entry takes to reach a majority.
func (c *cluster) hop() time.Duration {
	return 50*time.Microsecond + c.w.spread(c.w.o.Limits[0].Per/200)
}

// elect makes some replica the leader of a new term; its first entry opens an epoch (R2, R3).
func (c *cluster) elect() {
	c.term++
	c.leader = c.w.rng.IntN(len(c.replicas))
	c.record(c.replicas[c.leader],
		trace.Event{Kind: trace.KindLeader, At: c.w.now, Term: c.term, OK: true})
	term := c.term
	c.w.after(c.hop(), func() {
		if c.term != term || c.leader < 0 {
			return
		}
		c.commit(term, fsm.Entry{Open: true})
		s := c.replicas[c.leader].state
		c.epoch, c.ready = s.Epoch(), true
		c.tick = clock{real: c.w.now, local: int64(s.T()), ppm: c.w.drift()}
		if c.w.o.Broken == ResumeAhead {
			c.tick.local += int64(c.w.o.Limits[0].Per) / 2
		}
		c.early = c.tick.local
		c.closeBatch()
	})
}

// fail takes the leader away. What it had appended and not committed is lost, or survives and
// commits under the next leader. What it had stamped and not appended sleeps on.
func (c *cluster) fail() {
	if c.leader < 0 {
		return
	}
	c.failovers++
	c.record(c.replicas[c.leader],
		trace.Event{Kind: trace.KindLeader, At: c.w.now, Term: c.term})
	c.leader, c.ready = -1, false
	c.waiting = nil
	survive := c.w.rng.IntN(len(c.appended) + 1)
	for i, p := range c.appended {
		p.resolved = true
		if i < survive {
			c.commit(p.term, p.entry) // nobody is left to answer
		}
	}
	c.inflight, c.appended = nil, nil
	c.w.after(c.w.spread(c.w.o.Limits[0].Per/2), c.elect)
}

// propose queues a command at the leader, if there is one.
func (c *cluster) propose(cmd fsm.Command, answer func(fsm.Result)) {
	if c.leader < 0 || len(c.waiting) >= fsm.MaxCommands {
		return
	}
	c.waiting = append(c.waiting, call{cmd, answer})
	c.closeBatch()
}

// closeBatch stamps what waits (R1) and sends it on its way, which may include a long sleep.
func (c *cluster) closeBatch() {
	if !c.ready || c.inflight != nil || len(c.waiting) == 0 {
		return
	}
	stamp := c.tick.at(c.w.now)
	if c.w.o.Broken == StampEarly {
		stamp, c.early = c.early, stamp
	}
	p := &proposal{leader: c.leader, calls: c.waiting}
	c.waiting = nil
	p.entry = fsm.Entry{Epoch: c.epoch, Stamp: budget.Instant(stamp)}
	for _, call := range p.calls {
		p.entry.Commands = append(p.entry.Commands, call.cmd)
	}
	c.record(c.replicas[c.leader], trace.Event{
		Kind: trace.KindPropose, First: c.w.now, At: c.w.now, Epoch: c.epoch, Stamp: stamp,
	})
	c.inflight = p
	var nap time.Duration
	if c.w.odds(c.w.o.Sleep) {
		nap = c.w.spread(c.w.o.Limits[0].Per)
	}
	c.w.after(nap, func() { c.append(p) })
}

// append is raft.Apply: it goes into the log of whatever term its process leads now, even if
// that is another than the one under which the stamp was read.
func (c *cluster) append(p *proposal) {
	if c.leader != p.leader {
		c.release(p)
		return
	}
	if p.entry.Epoch != c.term {
		c.sleepers++
	}
	p.term = c.term
	c.appended = append(c.appended, p)
	c.w.after(c.hop(), func() {
		for !p.resolved {
			c.settle(c.appended[0])
		}
	})
}

// settle commits the oldest appended proposal and answers its calls.
func (c *cluster) settle(p *proposal) {
	c.appended = c.appended[1:]
	results := c.commit(p.term, p.entry)
	c.release(p)
	for i, res := range results {
		switch {
		case res.Code == fsm.CodeStaleEpoch: // surely without effect: propose it again
			c.propose(p.calls[i].cmd, p.calls[i].answer)
		case p.calls[i].answer != nil:
			p.calls[i].answer(res)
		}
	}
}

func (c *cluster) release(p *proposal) {
	p.resolved = true
	if c.inflight == p {
		c.inflight = nil
	}
	c.closeBatch()
}

// commit puts an entry into the log for good. The leader, or some replica where there is none,
// applies it at once; the others later.
func (c *cluster) commit(term uint64, e fsm.Entry) []fsm.Result {
	c.log = append(c.log, committed{term, e})
	first := max(0, c.leader)
	results := c.apply(c.replicas[first], len(c.log))
	for i, r := range c.replicas {
		if upTo := len(c.log); i != first {
			c.w.after(c.hop()+c.hop(), func() { c.apply(r, upTo) })
		}
	}
	return results
}

// apply brings a replica up to the given index and returns the last entry's results.
func (c *cluster) apply(r *replica, upTo int) (results []fsm.Result) {
	for r.applied < upTo {
		e := c.log[r.applied]
		r.applied++
		results = r.state.Apply(uint64(r.applied), e.term, e.entry)
		c.verify(r)
	}
	return results
}

// verify holds the state after an entry against fsm's invariants, once.
func (c *cluster) verify(r *replica) {
	if !c.w.o.Verify || r.applied <= c.verified || c.broken != "" {
		return
	}
	c.verified = r.applied
	if err := fsm.Check(r.state); err != nil {
		c.broken = fmt.Sprintf("entry %d: %v", r.applied, err)
	}
}

// restore replaces a follower by a copy of another replica's snapshot.
func (c *cluster) restore() {
	from, to := c.w.rng.IntN(len(c.replicas)), c.w.rng.IntN(len(c.replicas))
	src, dst := c.replicas[from], c.replicas[to]
	if from == to || to == c.leader || src.applied < dst.applied {
		return
	}
	var buf bytes.Buffer
	if err := src.state.Snapshot(&buf); err != nil {
		panic(fmt.Sprintf("sim: snapshot: %v", err))
	}
	state, err := fsm.Restore(&buf, c.sink(dst))
	if err != nil {
		panic(fmt.Sprintf("sim: restore: %v", err))
	}
	dst.state, dst.applied = state, src.applied
	c.record(dst, trace.Event{
		Kind: trace.KindRestore, At: c.w.now, Index: state.Index(), T: int64(state.T()),
		Epoch: state.Epoch(), Hash: state.Hash(),
	})
}

// answerOf is what a holder is told of a result. False: nothing, and it will ask again.
func answerOf(r fsm.Result, drift int64) (lease.Answer, bool) {
	outcome, ok := map[fsm.Code]lease.Outcome{
		fsm.CodeDone: lease.Granted, fsm.CodeDenied: lease.Denied,
		fsm.CodeTooLarge: lease.TooLarge, fsm.CodeChanged: lease.Changed,
		fsm.CodeUnknownBudget:  lease.UnknownBudget,
		fsm.CodeUnknownSession: lease.UnknownSession, fsm.CodeStale: lease.Stale,
	}[r.Code]
	return lease.Answer{
		Outcome: outcome, Grants: r.Grants, Denial: r.Denial, Revision: r.Revision,
		Limits: r.Limits, Limit: r.Limit, DriftPPM: drift,
	}, ok
}
