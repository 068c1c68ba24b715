package timeline

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/trace"
)

// leadership is one node's time as leader.
type leadership struct {
	node string // empty: of a node whose file does not tell
	file string
	term uint64
	from instant
	// open is when its epoch was open, so that it could grant.
	open   instant
	opened bool
	// to is when it was lost; without lost, the node stopped, or the trace ends, before.
	to   instant
	lost bool
}

// mark is something that happened at one instant.
type mark struct {
	at   instant
	kind trace.Kind // KindRestore, KindGap, or KindEntry for one without effect
	file string
	text string
}

// cluster is what the nodes did beside granting.
type cluster struct {
	led   newest[*leadership]
	marks newest[mark]
}

// node takes an event of a node's file that is not of the log.
func (t *Timeline) node(file, recorder string, e *trace.Event) {
	switch e.Kind {
	case trace.KindLeader:
		at := t.axis.node(e.At)
		if e.OK {
			t.lead(&leadership{node: recorder, file: file, term: e.Term, from: at})
		} else if l := t.leading(func(l *leadership) bool { return l.file == file }); l != nil {
			l.to, l.lost = at, true
		}
	case trace.KindPropose:
		t.axis.propose(e)
		if t.axis.real {
			t.opened(e.Epoch, t.axis.node(e.First))
		}
	case trace.KindRestore:
		t.mark(mark{at: t.axis.node(e.At), kind: e.Kind, file: file,
			text: fmt.Sprintf("%s was restored from a snapshot of entry %d", recorder, e.Index)})
	}
}

func (t *Timeline) lead(l *leadership) {
	if _, out := t.cluster.led.push(l, maxLeaderships); out {
		t.out.Leaderships++
	}
}

// leading returns the newest leadership that is meant.
func (t *Timeline) leading(is func(*leadership) bool) *leadership {
	for _, l := range slices.Backward(t.cluster.led.all()) {
		if is(l) {
			return l
		}
	}
	return nil
}

// epoch is an entry that opened one. If its leader's own file tells nothing, there was one.
func (t *Timeline) epoch(e *trace.Event) {
	if !t.opened(e.Epoch, t.axis.log) {
		t.lead(&leadership{term: e.Epoch, from: t.axis.log, open: t.axis.log, opened: true})
	}
}

// opened notes that an epoch was open at an instant. A leader's first proposal under it may be
// seen before or after the entry, whose own reading may be of a node that was late.
func (t *Timeline) opened(epoch uint64, at instant) bool {
	l := t.leading(func(l *leadership) bool { return l.term == epoch })
	if l == nil {
		return false
	}
	if !l.opened || at < l.open {
		l.open, l.opened = max(at, l.from), true
	}
	return true
}

func (t *Timeline) mark(m mark) {
	if _, out := t.cluster.marks.push(m, maxMarks); out {
		t.out.Marks++
	}
}

// settleLeaders gives every leadership an end: that of its node's file, or of the trace, or the
// next epoch, whose opening is the end of this one's right to grant.
func (t *Timeline) settleLeaders(end instant) {
	all := t.cluster.led.all()
	for i, l := range all {
		if l.lost {
			continue
		}
		l.to = end
		if f := t.file(l.file); f != nil && t.axis.real {
			l.to = min(end, max(l.from, (f.Last-t.axis.origin)/perMicro))
		} else if i+1 < len(all) {
			l.to = max(l.from, all[i+1].from)
		}
	}
}

// leaderless returns the gaps between two epochs, in which nobody could grant.
func (t *Timeline) leaderless() [][2]instant {
	gaps := [][2]instant{}
	var until instant
	for _, l := range t.cluster.led.all() {
		if !l.opened {
			continue
		}
		if until > 0 && l.open > until {
			gaps = append(gaps, [2]instant{until, l.open})
		}
		until = max(until, l.to)
	}
	return gaps
}
