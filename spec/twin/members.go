package twin

import (
	"cmp"
	"slices"
)

// Changes of members are entries of Raft's own: they take indexes of the log, the state machine
// does not see them, and the model has no step for them. Nodes tell of each, so that its index
// is not taken for that of an entry which all of them left out.

// maxMembersTold bounds what is remembered of them: more than happen while an entry is in flight.
// Of those that are forgotten, nothing is held against the log.
const maxMembersTold = 4096

// membersTold are the latest changes of members in any file, by index.
type membersTold []memberChange

// memberChange is a change of members and who told it.
type memberChange struct {
	at Located // the first to be read
	by []*replica
}

// from returns the place of the first change with at least that index.
func (m membersTold) from(index uint64) int {
	i, _ := slices.BinarySearchFunc(m, index, func(change memberChange, index uint64) int {
		return cmp.Compare(change.at.Event.Index, index)
	})
	return i
}

// tellMembers takes a change of members that a node applied. The nodes agree on each, and none of
// them has another entry in its place.
func (c *checker) tellMembers(r *replica, at *Located) error {
	e := &at.Event
	last := max(r.applied, r.members)
	if r.open() {
		last = max(last, r.group.entry.Event.Index)
	}
	if e.Index <= last {
		return violated(ReplicasAgree, []Located{*at},
			"entry %d, of members, was applied after entry or snapshot %d", e.Index, last)
	}
	r.members, r.group.over = e.Index, r.open()
	if c.digests.ring[e.Index%maxRecent].index == e.Index {
		return violated(ReplicasAgree, []Located{*at},
			"entry %d changes the members; it was another one", e.Index)
	}
	i := c.members.from(e.Index)
	if i < len(c.members) && c.members[i].at.Event.Index == e.Index {
		known := &c.members[i]
		if !same(e, &known.at.Event) {
			return disagree(*at, known.at)
		}
		if !slices.Contains(known.by, r) {
			known.by = append(known.by, r)
		}
		return nil
	}
	c.members = slices.Insert(c.members, i, memberChange{at: *at, by: []*replica{r}})
	if len(c.members) > maxMembersTold {
		c.members = slices.Delete(c.members, 0, 1)
	}
	return nil
}

// ofMembers returns how many entries between the log's last one and entry next are of members.
func (c *checker) ofMembers(next uint64) uint64 {
	return uint64(c.members.from(next) - c.members.from(c.index+1))
}

// agreeOnMembers holds what nodes told of members against the log's next entry: that one is no
// change of members, and who applied it told of all before, unless a snapshot covered them.
func (c *checker) agreeOnMembers(entry *Located) error {
	index := entry.Event.Index
	for _, change := range c.members[c.members.from(c.index+1):c.members.from(index+1)] {
		if change.at.Event.Index == index {
			return disagree(change.at, *entry)
		}
		for _, r := range c.replicas {
			if !r.has(index) || r.group.gap || r.group.restored ||
				slices.Contains(change.by, r) {
				continue
			}
			return violated(ReplicasAgree, []Located{r.group.entry, change.at},
				"a node applied entry %d next after %d and left out entry %d, of members",
				index, r.applied, change.at.Event.Index)
		}
	}
	return nil
}
