package twin

import (
	"fmt"

	"github.com/leased-io/leased/trace"
)

// followLog merges the nodes' files into one log, by index, and applies it. After each entry
// the processes that waited for it go on.
func (c *checker) followLog() error {
	for {
		var next *replica // one that has the lowest index not yet applied
		for _, r := range c.replicas {
			if err := c.passRepeated(r); err != nil {
				return err
			}
			if r.full && (next == nil || r.index() < next.index()) {
				next = r
			}
		}
		if next == nil {
			return c.restoredBeyond()
		}
		index := next.index()
		g, err := c.agree(index)
		if err != nil {
			return err
		}
		if err := c.apply(g); err != nil {
			return err
		}
		for _, r := range c.replicas {
			if r.has(index) {
				r.consume()
			}
		}
		if err := c.wake(); err != nil {
			return err
		}
	}
}

func (r *replica) index() uint64         { return r.group.entry.Event.Index }
func (r *replica) has(index uint64) bool { return r.full && r.index() == index }

// agree compares what the replicas wrote about entry index and returns the fullest account of
// it. It returns errHole if nobody can tell that no entry is missing before it.
func (c *checker) agree(index uint64) (*group, error) {
	var best *replica
	continuous := false
	for _, r := range c.replicas {
		if !r.has(index) {
			continue
		}
		continuous = continuous || !r.group.gap && r.applied <= c.index
		if best == nil || best.group.cut && !r.group.cut ||
			best.group.cut && len(best.group.events) < len(r.group.events) {
			best = r
		}
	}
	if !continuous || c.step.cut {
		c.unknown("the nodes' files leave out what happened between entries %d and %d",
			c.index, index)
		return nil, errHole
	}
	for _, r := range c.replicas {
		if r.has(index) {
			if err := sameGroup(&best.group, &r.group); err != nil {
				return nil, err
			}
		} else if r.full && r.applied < index && !r.group.gap {
			return nil, violated(ReplicasAgree, []Located{r.group.entry, best.group.entry},
				"a node applied entry %d next after %d and left out entry %d",
				r.index(), r.applied, index)
		}
	}
	if err := c.agreeOnMembers(&best.group.entry); err != nil {
		return nil, err
	}
	if err := c.compareRestored(index); err != nil {
		return nil, err
	}
	c.begin(&best.group)
	return &best.group, nil
}

// sameGroup compares two accounts of one entry, up to where the shorter was cut.
func sameGroup(a, b *group) error {
	if a == b {
		return nil
	}
	if !same(&a.entry.Event, &b.entry.Event) {
		return disagree(a.entry, b.entry)
	}
	for i := range min(len(a.events), len(b.events)) {
		if !same(&a.events[i].Event, &b.events[i].Event) {
			return disagree(a.events[i], b.events[i])
		}
	}
	if len(a.events) != len(b.events) {
		longer, shorter := a, b
		if len(a.events) < len(b.events) {
			longer, shorter = b, a
		}
		if !shorter.cut {
			return disagree(longer.events[len(shorter.events)], shorter.entry)
		}
	}
	if len(a.states) > 0 && len(b.states) > 0 && !same(&a.states[0].Event, &b.states[0].Event) {
		return disagree(a.states[0], b.states[0])
	}
	return nil
}

// same reports whether two replicas' events are equal but for the instant of their recording.
func same(a, b *trace.Event) bool {
	at := a.At
	a.At = b.At
	equal := *a == *b
	a.At = at
	return equal
}

func disagree(a, b Located) error {
	index := a.Event.Index
	text := "the replicas disagree"
	if index > 0 {
		text = fmt.Sprintf("the replicas disagree about entry %d", index)
	}
	return violated(ReplicasAgree, []Located{a, b}, "%s", text)
}

// compareRestored compares the snapshots that replicas were restored from with the state that
// the log had there. The log has no entry between its last one and entry next.
func (c *checker) compareRestored(next uint64) error {
	rest := c.restored[:0]
	for _, at := range c.restored {
		e := &at.Event
		switch {
		case e.Index >= next:
			rest = append(rest, at) // not yet
		case e.Index < c.index: // a restart from the past: its entries are compared again
		case e.T != c.now || e.Epoch != c.epoch:
			return violated(ReplicasAgree, []Located{at, c.step.entry},
				"a snapshot of entry %d has T %d and epoch %d; the log has %d and %d",
				e.Index, e.T, e.Epoch, c.now, c.epoch)
		case !c.hashFits(e):
			return violated(ReplicasAgree, []Located{at, c.state},
				"a snapshot of entry %d has hash %s; the state had %s",
				e.Index, e.Hash, c.state.Event.Hash)
		}
	}
	c.restored = rest
	return nil
}

// hashFits reports whether a snapshot's hash is the state's, where the state's is known.
func (c *checker) hashFits(e *trace.Event) bool {
	known := c.state.Line > 0 && c.state.Event.Index == e.Index && c.state.Event.Hash != ""
	return !known || e.Hash == c.state.Event.Hash
}

// restoredBeyond looks at the snapshots that are left when the log is at its end. One that
// cannot be of the log's last state is of entries that no file holds.
func (c *checker) restoredBeyond() error {
	for _, at := range c.restored {
		e := &at.Event
		if e.Index > c.index && (e.T != c.now || e.Epoch != c.epoch) {
			c.unknown("%s:%d: a snapshot of entry %d, and the nodes' files end with entry %d",
				at.File, at.Line, e.Index, c.index)
		}
	}
	return c.compareRestored(c.index + 1)
}
