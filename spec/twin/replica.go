package twin

import (
	"fmt"

	"github.com/leased-io/leased/trace"
)

// replica is one file of a node: what one life of its state machine applied.
type replica struct {
	input
	// applied is the index up to which this state machine's history is accounted for: its last
	// entry or snapshot. 0: it began empty.
	applied uint64
	// gap: events were lost since the last entry was read, and with them perhaps entries.
	gap bool
	// restored: a snapshot was taken since the last entry was read. It may cover entries of
	// Raft's own after the one that its state is of.
	restored bool
	// members is the last change of members since the last snapshot.
	members uint64

	group group   // the next entry, if full
	full  bool    // group is filled and not consumed
	ahead Located // the event that ended the group, if any
	held  bool    // ahead is set

	// aside are events beside the log that stand after the entry's: they wait until it is
	// applied, so that all events are passed in an order in which they may have happened.
	aside []Located
}

// maxAside bounds what waits for one entry. A leader proposes far less before it applies one.
const maxAside = 4096

// group is an entry with the events that applying it wrote.
type group struct {
	from   *input
	entry  Located
	events []Located
	states []Located // KindState: not every replica need write one
	// cut: the file ends, or lost events, in the group; events may be missing at its end.
	cut bool
	// gap: events were lost before the entry, and with them perhaps other entries.
	gap bool
	// restored: a snapshot was taken before the entry.
	restored bool
	// over: a change of members was applied after the entry, so that no event of it follows.
	over bool
}

// isLog reports whether a kind of event comes from applying an entry, and follows it.
func isLog(k trace.Kind) bool {
	switch k {
	case trace.KindEpoch, trace.KindLimit, trace.KindBudget, trace.KindRoll, trace.KindSession,
		trace.KindSessionEnd, trace.KindGrant, trace.KindReplay, trace.KindDeny,
		trace.KindReturn, trace.KindTakeOver, trace.KindLeap, trace.KindSlow, trace.KindZone:
		return true
	}
	return false
}

// fill reads the next group, unless it is there or the file is at its end. It hands what is
// not of the log to the checker on the way: when the entry of a proposal is met in any file,
// the proposal was read, since it stands before that entry in its own.
func (r *replica) fill(c *checker) error {
	if !r.full {
		if err := r.release(c); err != nil {
			return err
		}
	}
	for !r.full {
		at := &r.ahead
		if !r.held {
			var err error
			if at, err = r.next(c); err != nil {
				return err
			}
			if at == nil {
				r.end()
				return nil
			}
			r.file.Reads(&at.Event)
		}
		r.held = false
		if err := r.take(c, at); err != nil {
			return err
		}
	}
	return nil
}

// open reports whether the group has its entry but perhaps not all of its events.
func (r *replica) open() bool { return r.group.entry.Line > 0 }

// end closes the last group. A file without an end line may have lost events of it.
func (r *replica) end() {
	if r.open() {
		r.group.cut = r.group.cut || !r.ended
		r.full = true
	}
}

func (r *replica) take(c *checker, at *Located) error {
	e := &at.Event
	switch {
	case e.Kind == trace.KindEntry, e.Kind == trace.KindRestore:
		if r.open() {
			r.ahead, r.held, r.full = *at, true, true
			return nil
		}
		if e.Kind == trace.KindRestore {
			c.report.Restores++
			c.restored = append(c.restored, *at)
			r.applied, r.gap, r.members, r.restored = e.Index, false, 0, true
			return c.passed(at, &r.input)
		}
		if last := max(r.applied, r.members); e.Index <= last {
			return violated(ReplicasAgree, []Located{*at},
				"entry %d was applied after entry or snapshot %d", e.Index, last)
		}
		r.group.from, r.group.entry = &r.input, *at
		r.group.gap, r.gap = r.gap, false
		r.group.restored, r.restored = r.restored, false
	case e.Kind == trace.KindState:
		if r.open() && !r.gap {
			r.group.states = append(r.group.states, *at)
		}
	case isLog(e.Kind):
		switch {
		case r.gap: // of which entry, nobody knows
		case !r.open(), r.group.over:
			return foreign(*at, "does not follow an entry")
		default:
			r.group.events = append(r.group.events, *at)
		}
	case e.Kind == trace.KindGap:
		r.gap = true
		r.group.cut = r.open()
		return r.beside(c, at)
	case e.Kind == trace.KindMembers:
		if err := c.tellMembers(r, at); err != nil {
			return err
		}
		return r.beside(c, at)
	case e.Kind == trace.KindPropose, e.Kind == trace.KindLeader:
		return r.beside(c, at)
	default:
		return foreign(*at, "does not belong in a node's file")
	}
	return nil // passed with its group
}

// beside is an event beside the log: it waits for the entry that it stands behind.
func (r *replica) beside(c *checker, at *Located) error {
	if r.open() && len(r.aside) < maxAside {
		r.aside = append(r.aside, *at)
		return nil
	}
	return r.happens(c, at)
}

func (r *replica) happens(c *checker, at *Located) error {
	switch at.Event.Kind {
	case trace.KindPropose:
		c.propose(*at, r.clock)
	case trace.KindLeader:
		if at.Event.OK {
			c.report.Leaders++
		}
	}
	return c.passed(at, &r.input)
}

// release lets happen what waited for the entry that was applied last.
func (r *replica) release(c *checker) error {
	aside := r.aside
	r.aside = r.aside[:0]
	for i := range aside {
		if err := r.happens(c, &aside[i]); err != nil {
			return err
		}
	}
	return nil
}

// consume forgets the group, which was checked, and keeps its memory.
func (r *replica) consume() {
	r.applied = r.group.entry.Event.Index
	r.group = group{events: r.group.events[:0], states: r.group.states[:0]}
	r.full = false
}

// foreign returns the error for an event where the schema has no place for it.
func foreign(at Located, reason string) error {
	return &trace.FormatError{File: at.File, Line: at.Line,
		Reason: fmt.Sprintf("event %q %s", at.Event.Kind, reason)}
}
