package sim

import (
	"bytes"
	"fmt"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/trace"
)

// replica is one node's copy of the state. Nothing in the protocol asks a replica that does not
// lead, and a leader has applied everything: so where nobody records what each of them applied,
// one stands for all, and Run has another replay the log in the end.
type replica struct {
	name    string
	state   *fsm.State
	applied int
}

// committed is an entry of the log, with the term in which it was appended.
type committed struct {
	term  uint64
	entry fsm.Entry
}

// newReplicas returns the replicas of a new cluster.
func newReplicas(c *cluster) []*replica {
	all := make([]*replica, c.w.o.Replicas)
	for i := range all {
		if i > 0 && c.w.record == nil {
			all[i] = all[0]
			continue
		}
		all[i] = &replica{name: fmt.Sprintf("n%d", i+1)}
		all[i].state = fsm.New(c.sink(all[i]))
	}
	return all
}

func (c *cluster) sink(r *replica) trace.Sink {
	return func(e trace.Event) {
		e.At = c.w.now
		c.record(r, &e)
	}
}

// record shows an event of a replica to the judges.
func (c *cluster) record(r *replica, e *trace.Event) {
	c.w.judge.see(e)
	if c.w.record != nil {
		c.w.record(r.name, *e)
	}
}

// commit puts an entry into the log for good. The leader, or some replica where there is none,
// applies it at once; the others later.
func (c *cluster) commit(term uint64, e fsm.Entry) []fsm.Result {
	c.entries++
	if c.keepsLog() {
		c.log = append(c.log, committed{term, e})
	}
	first := max(0, c.leader)
	results := c.apply(c.replicas[first], committed{term, e})
	for i, r := range c.replicas {
		if i == first {
			continue
		}
		late := c.w.hop() + c.w.hop() // drawn in any case: a schedule is the same, recorded or not
		if upTo := c.entries; r != c.replicas[first] {
			c.w.after(late, once(func() { c.catchUp(r, upTo) }), 0)
		}
	}
	return results
}

// keepsLog reports whether anybody will read the log.
func (c *cluster) keepsLog() bool { return c.w.record != nil || c.w.o.Verify }

// apply has a replica apply the last entry, and those before it that it has not.
func (c *cluster) apply(r *replica, last committed) []fsm.Result {
	c.catchUp(r, c.entries-1)
	r.applied++
	results := r.state.Apply(uint64(r.applied), last.term, last.entry)
	c.verify(r)
	return results
}

// catchUp brings a replica up to the given index.
func (c *cluster) catchUp(r *replica, upTo int) {
	for r.applied < upTo {
		e := c.log[r.applied]
		r.applied++
		r.state.Apply(uint64(r.applied), e.term, e.entry)
		c.verify(r)
	}
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

// restore replaces a follower by a copy of another replica's snapshot. Where one replica stands
// for all, it goes on from its own.
func (c *cluster) restore() {
	from, to := c.w.rng.IntN(len(c.replicas)), c.w.rng.IntN(len(c.replicas))
	src, dst := c.replicas[from], c.replicas[to]
	if from == to || to == c.leader {
		return
	}
	c.catchUp(src, dst.applied) // as it is where one replica stands for all
	c.w.strike(Restore, dst.name, 0)
	c.freeze(src)
	var buf bytes.Buffer
	if err := src.state.Snapshot(&buf); err != nil {
		panic(fmt.Sprintf("sim: snapshot: %v", err))
	}
	state, err := fsm.Restore(&buf, c.sink(dst))
	if err != nil {
		panic(fmt.Sprintf("sim: restore: %v", err))
	}
	dst.state, dst.applied = state, src.applied
	if c.w.record != nil {
		c.record(dst, &trace.Event{
			Kind: trace.KindRestore, At: c.w.now, Index: state.Index(), T: int64(state.T()),
			Epoch: state.Epoch(), Hash: state.Hash(),
		})
	}
}

// exposed is an image of a replica's state, and the hash that the state had.
type exposed struct {
	image *fsm.Image
	hash  string
}

// freeze takes an image of a replica's state, and looks at the one before it: whatever was applied
// since then, it must be as it was (ImagesStay). There is one at a time.
func (c *cluster) freeze(r *replica) {
	if !c.w.o.Verify {
		return
	}
	if was := c.exposed; was.image != nil && c.broken == "" {
		if got := was.image.Hash(); got != was.hash {
			c.broken = fmt.Sprintf("entry %d: invariant ImagesStay is broken: "+
				"its image hashes to %s, and the state did to %s", was.image.Index(), got, was.hash)
		}
	}
	c.exposed = exposed{r.state.Freeze(), r.state.Hash()}
}

// hashes returns the hash of every replica's final state. With Verify, one of them has replayed
// the log from its beginning, and was never restored.
func (c *cluster) hashes() []string {
	all := c.replicas
	c.freeze(all[0])
	if all[0] == all[len(all)-1] {
		all = all[:1]
		if c.w.o.Verify {
			all = append(all[:1:1], &replica{name: "afresh", state: fsm.New(nil)})
		}
	}
	hashes := make([]string, len(all))
	for i, r := range all {
		c.catchUp(r, c.entries)
		hashes[i] = r.state.Hash()
	}
	return hashes
}
