package refine

import "github.com/leased-io/leased/trace"

// leadership is one leadership of a node, as its file has it.
type leadership struct {
	file  *File
	term  uint64
	up    bool  // it was not lost
	ready bool  // its node has applied the entry that opens its epoch
	start int64 // where its clock started
	clock int64 // its last reading
	// hand are the stamps that were read and have not become entries, oldest first.
	hand []int64
	more bool // there were others before
}

// Passes lets time pass on a recorder's clock, or says that it does not (WindowLease!Tick and
// ClusterClock!Tick, as far as a file shows it).
func Passes(recorder string, from, to int64) *Refusal {
	if to < from {
		return refuse(Tick, "Clock", "the clock of %s goes back from %d to %d", recorder, from, to)
	}
	return nil
}

// leadership returns the file's leadership of a term, or nil.
func (f *File) leadership(term uint64) *leadership {
	for i := len(f.leads) - 1; i >= 0; i-- {
		if f.leads[i].term == term {
			return f.leads[i]
		}
	}
	return nil
}

// elect is a node that gains leadership (ClusterClock!Elect; WindowLease!Recover follows with
// its epoch).
func (m *Machine) elect(f *File, e *trace.Event) *Refusal {
	if n := len(f.leads); n > 0 && !f.gap {
		switch last := f.leads[n-1]; {
		case last.up:
			return refuse(Elect, "Down", "%s gained leadership in term %d and had not lost that of %d",
				f.header.Recorder, e.Term, last.term)
		case e.Term <= last.term:
			return refuse(Elect, "Term", "%s gained leadership in term %d after that of term %d",
				f.header.Recorder, e.Term, last.term)
		}
	}
	l := &leadership{file: f, term: e.Term, up: true}
	if len(f.leads) == maxTerms {
		f.leads, f.more = f.leads[1:], true
	}
	f.leads = append(f.leads, l)
	if m.leads[e.Term] == nil {
		if len(m.terms) == maxTerms {
			delete(m.leads, m.terms[0])
			m.terms = m.terms[1:]
		}
		m.terms = append(m.terms, e.Term)
	}
	m.leads[e.Term] = append(m.leads[e.Term], l)
	m.counts.step(elects)
	return nil
}

// failover is a node that loses leadership (WindowLease!Failover). A stamp that it has in hand
// may still become an entry.
func (m *Machine) failover(f *File, e *trace.Event) *Refusal {
	l := f.leadership(e.Term)
	if (l == nil || !l.up) && !f.gap {
		return refuse(Failover, "Up", "%s lost leadership of term %d, which it did not have",
			f.header.Recorder, e.Term)
	}
	if l != nil {
		l.up = false
	}
	m.counts.step(failovers)
	return nil
}

// propose reads a stamp and hands it to Raft (ClusterClock!Read, Append_). Code that slept
// between the two may do so after its leadership was lost.
func (m *Machine) propose(f *File, e *trace.Event) *Refusal {
	l := f.leadership(e.Epoch)
	if l == nil && (f.gap || f.more) {
		m.counts.step(proposes)
		return nil
	}
	switch {
	case l == nil:
		return refuse(Propose, "Led", "%s stamped under epoch %d, and never led in that term",
			f.header.Recorder, e.Epoch)
	case !l.ready && !f.gap:
		return refuse(Propose, "Ready",
			"%s stamped under epoch %d before it had applied the entry that opens it",
			f.header.Recorder, e.Epoch)
	case l.ready && e.Stamp < l.start:
		return refuse(Propose, "Resume", "a stamp of %d under epoch %d, which began at %d",
			e.Stamp, e.Epoch, l.start)
	case e.Stamp < l.clock:
		return refuse(Propose, "Clock", "a stamp of %d under epoch %d, after one of %d",
			e.Stamp, e.Epoch, l.clock)
	}
	l.clock = e.Stamp
	if len(l.hand) == maxHand {
		l.hand, l.more = l.hand[1:], true
	}
	l.hand = append(l.hand, e.Stamp)
	m.counts.step(proposes)
	return nil
}

// restore is a replica that takes a snapshot: to the log it is no step.
func (m *Machine) restore(f *File, e *trace.Event) *Refusal {
	if e.Epoch > 0 && e.Index == 0 {
		return refuse(Restore, "Entry", "%s has a snapshot of epoch %d and of no entry",
			f.header.Recorder, e.Epoch)
	}
	m.counts.step(restores)
	return nil
}

// commit is an entry of the log: WindowLease!Commit as far as it is about time, and
// ClusterClock!Valid. What its commands do follows, event by event.
func (m *Machine) commit(e *trace.Event) *Refusal {
	if s := m.at.replaying; s != nil {
		return refuse(Replay, "All", "a retry of request %d of session %d was told %d of %d leases",
			s.decided, s.id, s.round, len(s.charged))
	}
	if r := m.overdue(); r != nil {
		return r
	}
	m.cal.was = m.T
	opens := e.OK && (e.Epoch == 0 || e.Epoch != m.epoch)
	m.at = place{opening: opens}
	switch {
	case e.Index <= m.index:
		return refuse(Commit, "Index", "entry %d follows entry %d", e.Index, m.index)
	case e.Term < m.term:
		return refuse(Commit, "Term", "entry %d of term %d follows one of term %d",
			e.Index, e.Term, m.term)
	case opens && (e.Term <= m.epoch || e.Epoch != 0 && e.Epoch != e.Term || e.Stamp != 0):
		return refuse(Open, "Term", "entry %d of term %d opens an epoch after epoch %d",
			e.Index, e.Term, m.epoch)
	case opens && e.T != m.T:
		return refuse(Open, "Time", "an epoch is opened at %d; the log's time is %d", e.T, m.T)
	}
	m.index, m.term = e.Index, e.Term
	if opens {
		m.epoch = e.Term
		if len(m.epochs) == maxTerms {
			m.epochs = m.epochs[1:]
		}
		m.epochs = append(m.epochs, m.epoch)
		m.counts.step(opensEpoch)
		return nil
	}
	t := m.T // WindowLease!Effect
	if e.OK {
		t = max(m.T, e.Stamp)
	}
	switch {
	case e.OK != (e.Epoch == m.epoch):
		return refuse(Commit, "Valid", "entry %d of epoch %d under epoch %d has effect: %t",
			e.Index, e.Epoch, m.epoch, e.OK)
	case !m.opened(e.Epoch):
		return refuse(Commit, "Epoch", "entry %d was stamped under epoch %d, which was never opened",
			e.Index, e.Epoch)
	case e.T != t:
		return refuse(Commit, "Effect", "entry %d with stamp %d takes effect at %d, not at %d",
			e.Index, e.Stamp, t, e.T)
	case e.OK && e.Stamp < m.T:
		return refuse(Commit, "Clock", "entry %d has stamp %d, and the log is at %d: every clock starts "+
			"there", e.Index, e.Stamp, m.T)
	case !m.proposed(e):
		return refuse(Commit, "Proposed", "entry %d has stamp %d, which no leader of epoch %d read",
			e.Index, e.Stamp, e.Epoch)
	}
	switch {
	case !e.OK:
		m.counts.step(commitsStale)
		m.counts.refused(staleByEpoch)
	default:
		m.counts.step(commits)
	}
	if t > m.T {
		m.T = t
		m.recycle()
	}
	return nil
}

// opened reports whether an epoch was opened, as far as is remembered.
func (m *Machine) opened(epoch uint64) bool {
	for i := len(m.epochs) - 1; i >= 0; i-- {
		if m.epochs[i] == epoch {
			return true
		}
	}
	return len(m.epochs) == maxTerms && epoch < m.epochs[0]
}

// proposed reports whether an entry's stamp may have been read under its epoch: it is in a
// leader's hand, or the file that would tell is not all there. Leaders append in order, so that
// what was read before it is lost.
func (m *Machine) proposed(e *trace.Event) bool {
	told := false
	for _, l := range m.leads[e.Epoch] {
		for i, stamp := range l.hand {
			if stamp == e.Stamp {
				l.hand = append(l.hand[:0], l.hand[i+1:]...)
				return true
			}
		}
		if !l.file.tellsAll() || l.more {
			return true
		}
		told = true
	}
	return !told
}

// open is the event of an entry that opens an epoch (ClusterClock!Ready, with its barrier).
func (m *Machine) open(e *trace.Event) *Refusal {
	if !m.at.opening || e.Epoch != m.epoch || e.T != m.T {
		return refuse(Open, "Barrier", "epoch %d is opened at %d by an entry of term %d at %d",
			e.Epoch, e.T, m.term, m.T)
	}
	m.at.opening = false
	return nil
}
