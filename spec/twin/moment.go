package twin

import (
	"math"

	"github.com/leased-io/leased/trace"
)

// reading is an instant on one of the run's clocks.
type reading struct {
	clock int
	at    int64
}

// step is the log entry that is being applied.
type step struct {
	entry Located
	cut   bool
	// proposal is when its leader had read its stamp and not yet appended it; Line 0: not
	// recorded.
	proposal Located
	proposer int       // the clock of proposal
	applied  []reading // the first of the replicas' applies, on each clock
	moment   *moment   // made when first asked for
}

// moment says when a log entry was appended, as far as recorders' clocks tell.
type moment struct {
	entry Located
	// before: the append came after these readings. Only the leader's own is one.
	before []reading
	// after: the append came before these; or, of a proposal, the entry's stamp was read
	// before, which bounds the same admissions: they were over when it was read.
	after []reading
}

// begin makes the entry of g the one that is being applied.
func (c *checker) begin(g *group) {
	s := &c.step
	*s = step{entry: g.entry, cut: g.cut, applied: s.applied[:0]}
	for _, r := range c.replicas {
		if r.has(g.entry.Event.Index) {
			s.applied = earliest(s.applied, reading{r.clock, r.group.entry.Event.At})
		}
	}
	if c.opens(g) {
		c.leftOutLast(&g.entry.Event)
	}
	s.proposal, s.proposer = c.proposalOf(&g.entry.Event)
}

// at returns the moment of the entry that is being applied.
func (s *step) at() *moment {
	if s.moment != nil {
		return s.moment
	}
	s.moment = &moment{entry: s.entry, after: append([]reading(nil), s.applied...)}
	if s.proposal.Line > 0 {
		proposed := reading{s.proposer, s.proposal.Event.At}
		s.moment.before = []reading{proposed}
		s.moment.after = earliest(s.moment.after, proposed)
	}
	return s.moment
}

// around returns two readings of the only clock that there is, between which the entry's stamp
// was read. Without a proposal it may have been at any time before.
func (s *step) around() (from, to int64) {
	from, to = math.MinInt64, s.at().after[0].at
	if s.proposal.Line > 0 {
		from = s.proposal.Event.First
	}
	return from, to
}

func earliest(list []reading, r reading) []reading {
	for i := range list {
		if list[i].clock == r.clock {
			list[i].at = min(list[i].at, r.at)
			return list
		}
	}
	return append(list, r)
}

// on returns the reading of clock in list.
func on(list []reading, clock int) (int64, bool) {
	for _, r := range list {
		if r.clock == clock {
			return r.at, true
		}
	}
	return 0, false
}

// proposal is a propose event that waits for its entry.
type proposal struct {
	at    Located
	clock int
}

// maxProposals bounds what is kept of one epoch: a leader has far fewer entries in flight, so
// that older ones never became entries.
const maxProposals = 4096

// propose keeps a proposal until its entry is met or its epoch is over.
func (c *checker) propose(at Located, clock int) {
	epoch := at.Event.Epoch
	if epoch < c.epoch {
		return
	}
	list := append(c.proposals[epoch], proposal{at, clock})
	if len(list) > maxProposals {
		list = list[1:]
	}
	c.proposals[epoch] = list
}

// proposalOf finds the proposal of an entry, by epoch and stamp, and forgets it with those before:
// a leader has one entry in flight, so that they will be none.
func (c *checker) proposalOf(e *trace.Event) (Located, int) {
	list := c.proposals[e.Epoch]
	for i := range list {
		if list[i].at.Event.Stamp == e.Stamp {
			found := list[i]
			if i > 0 {
				c.leftOut(e, &list[0].at)
			}
			c.proposals[e.Epoch] = append(list[:0], list[i+1:]...)
			return found.at, found.clock
		}
	}
	return Located{}, 0
}

// leftOut looks at a proposal that became no entry before entry e, which came from a later one.
// That may be: Raft did not take it in time. But of the indexes between two entries of one
// leadership Raft's own entries take none that a node does not tell, as a rule. Where an index
// is missing and the proposal's entry would have been, nobody can tell that no file leaves that
// entry out.
func (c *checker) leftOut(e *trace.Event, skipped *Located) {
	if e.Term == c.term && e.Term == e.Epoch && e.Index > c.index+1+c.ofMembers(e.Index) {
		c.unknown("%s:%d: what was proposed may be an entry between %d and %d, which no file holds",
			skipped.File, skipped.Line, c.index, e.Index)
	}
}

// leftOutLast looks at the proposals of a leadership that became no entries before entry e opened
// another epoch. That may be, and Raft's own entries take an index for each leadership, and for
// each change of members, which nodes tell.
func (c *checker) leftOutLast(e *trace.Event) {
	list := c.proposals[c.epoch]
	own := e.Term - c.term + c.ofMembers(e.Index)
	if len(list) > 0 && c.term == c.epoch && e.Term > c.term && e.Index > c.index+1+own {
		c.unknown("%s:%d: what was proposed may be an entry between %d and %d, which no file holds",
			list[0].at.File, list[0].at.Line, c.index, e.Index)
	}
}
