package sim

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/trace"
)

// cluster is a replicated log reduced to what the protocol sees of it: entries commit in
// order, a failover loses or keeps what was in flight, replicas apply at their own pace.
type cluster struct {
	w        *world
	replicas []*replica
	entries  int         // committed
	log      []committed // the entries, where anybody reads them

	term   uint64
	leader int // -1: none
	ready  bool
	epoch  uint64
	epochs int64 // that were opened
	tick   clock // of the leader: cluster time since its epoch opened
	early  int64 // an older reading, for StampEarly

	spare []call // an empty slice to gather the next batch in

	waiting  []call
	inflight *proposal   // of the present leader: stamped, perhaps not yet appended
	appended []*proposal // in the leader's log and not committed, in order

	puts     int    // budgets that were proposed: the latest counts
	verified int    // entries that led to a state that was verified
	broken   string // the first invariant that a state broke
	exposed  exposed
}

// batch is how many commands a batch has room for; if more come it grows.
const batch = 8

// call is one command and where its result goes. A lost call never answers.
type call struct {
	cmd    fsm.Command
	answer answerer // nil: nobody waits
}

// proposal is an entry on its way into the log.
type proposal struct {
	c        *cluster
	entry    fsm.Entry
	calls    []call
	leader   int
	term     uint64 // in which it was appended; 0: not yet
	resolved bool
}

func newCluster(w *world) *cluster {
	c := &cluster{w: w, leader: -1}
	c.replicas = newReplicas(c)
	c.elect()
	return c
}

// elect makes some replica the leader of a new term; its first entry opens an epoch (R2, R3).
func (c *cluster) elect() {
	c.term++
	c.leader = c.w.rng.IntN(len(c.replicas))
	c.record(c.replicas[c.leader],
		&trace.Event{Kind: trace.KindLeader, At: c.w.now, Term: c.term, OK: true})
	term := c.term
	c.w.after(c.w.hop(), once(func() { c.open(term) }), 0)
}

// open opens the epoch of the term, unless that is over, and starts its clock.
func (c *cluster) open(term uint64) {
	if c.term != term || c.leader < 0 {
		return
	}
	c.commit(term, fsm.Entry{Open: true})
	s := c.replicas[c.leader].state
	c.epoch, c.ready = s.Epoch(), true
	c.epochs++
	c.tick = clock{real: c.w.now, local: int64(s.T()), ppm: c.w.drift()}
	if c.w.o.Broken == ResumeAhead {
		c.tick.local += int64(c.w.o.Limits[0].Per) / 2
	}
	c.early = c.tick.local
	c.closeBatch()
}

// fail takes the leader away. What it had appended and not committed is lost, or survives and
// commits under the next leader. What it had stamped and not appended sleeps on.
func (c *cluster) fail() {
	if c.leader < 0 {
		return
	}
	away := c.w.spread(c.w.o.Limits[0].Per / 2)
	c.w.strike(Failover, c.replicas[c.leader].name, away)
	c.record(c.replicas[c.leader],
		&trace.Event{Kind: trace.KindLeader, At: c.w.now, Term: c.term})
	c.leader, c.ready = -1, false
	c.waiting = nil
	survive := c.w.rng.IntN(len(c.appended) + 1)
	for i, p := range c.appended {
		p.resolved = true
		if i < survive {
			c.w.count(LateSuffix)
			c.commit(p.term, p.entry) // nobody is left to answer
		} else {
			c.w.count(LostSuffix)
		}
	}
	c.inflight, c.appended = nil, nil
	c.w.after(away, once(c.elect), 0)
}

// propose queues a command at the leader, if there is one.
func (c *cluster) propose(cmd fsm.Command, answer answerer) {
	if c.leader < 0 || len(c.waiting) >= fsm.MaxCommands {
		return
	}
	if c.waiting == nil {
		c.waiting = c.w.calls.several(batch)[:0]
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
	p := c.w.proposals.one()
	p.c, p.leader, p.calls = c, c.leader, c.waiting
	c.waiting, c.spare = c.spare, nil
	p.entry = fsm.Entry{Epoch: c.epoch, Stamp: budget.Instant(stamp)}
	p.entry.Commands = c.w.commands.several(len(p.calls))
	for i, call := range p.calls {
		p.entry.Commands[i] = call.cmd
	}
	c.record(c.replicas[c.leader], &trace.Event{
		Kind: trace.KindPropose, First: c.w.now, At: c.w.now, Epoch: c.epoch, Stamp: stamp,
	})
	c.inflight = p
	if c.w.odds(c.w.o.Sleep) {
		nap := c.w.spread(c.w.o.Limits[0].Per)
		c.w.strike(Pause, c.replicas[c.leader].name, nap)
		c.w.after(nap, (*appending)(p), 0)
		return
	}
	c.append(p)
}

// append is raft.Apply: it goes into the log of whatever term its process leads now, even if
// that is another than the one under which the stamp was read.
func (c *cluster) append(p *proposal) {
	if c.leader != p.leader {
		c.release(p)
		return
	}
	if p.entry.Epoch != c.term {
		c.w.count(Sleeper)
	}
	p.term = c.term
	c.appended = append(c.appended, p)
	c.w.after(c.w.hop(), (*settling)(p), 0)
}

// appending is when a proposal goes into the log, and settling when it reached a majority.
type (
	appending proposal
	settling  proposal
)

func (p *appending) run(int) { p.c.append((*proposal)(p)) }

func (p *settling) run(int) {
	for !p.resolved {
		p.c.settle(p.c.appended[0])
	}
}

// settle commits the oldest appended proposal and answers its calls.
func (c *cluster) settle(p *proposal) {
	c.appended = append(c.appended[:0], c.appended[1:]...)
	results := c.commit(p.term, p.entry)
	c.release(p)
	for i := range results {
		switch {
		case results[i].Code == fsm.CodeStaleEpoch: // surely without effect: propose it again
			c.propose(p.calls[i].cmd, p.calls[i].answer)
		case p.calls[i].answer != nil:
			p.calls[i].answer.answer(&results[i])
		}
	}
	clear(p.calls)
	p.calls, c.spare = nil, p.calls[:0]
}

func (c *cluster) release(p *proposal) {
	p.resolved = true
	if c.inflight == p {
		c.inflight = nil
	}
	c.closeBatch()
}
