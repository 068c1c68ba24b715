package twin

// A node that is sent a snapshot of an entry that it is past takes it, and applies the entries
// after it once more. The log is past them too, and knows of the latest what they came to.

// maxRecent is how many entries are remembered for a node that applies them again: more than a
// node keeps for followers that lag.
const maxRecent = 16384

// recent are the digests after the latest entries: each stands for all that the log did.
type recent struct {
	ring [maxRecent]digest
}

type digest struct {
	index uint64
	hash  string
}

func (r *recent) remember(index uint64, hash string) {
	r.ring[index%maxRecent] = digest{index, hash}
}

// passRepeated takes what a node applies again out of its file, and compares it with the log.
func (c *checker) passRepeated(r *replica) error {
	for {
		if err := r.fill(c); err != nil {
			return err
		}
		if !r.full || r.index() > c.index {
			return nil
		}
		e := &r.group.entry.Event
		if d := c.digests.ring[e.Index%maxRecent]; d.index == e.Index && d.hash != e.Hash {
			return violated(ReplicasAgree, []Located{r.group.entry},
				"entry %d was applied again, and the digest after it is %s; it was %s",
				e.Index, e.Hash, d.hash)
		}
		r.consume()
	}
}
