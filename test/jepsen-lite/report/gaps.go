package report

import (
	"cmp"
	"slices"

	"github.com/leased-io/leased/trace"
)

// maxGaps are told of a trace, the longest.
const maxGaps = 10_000

// gap is the time between the last grant under an epoch and the first under a later one.
type gap struct {
	from, open, to, admitted int64
}

// findGaps finds them in what was granted. In each file an entry stands before the later ones, so
// that from, open and to are in this order. An epoch under which nothing was granted lies within
// the gap around the next one.
func (l *log) findGaps() {
	for i, m := range l.granted {
		if i == 0 || l.granted[i-1].epoch == m.epoch {
			continue
		}
		from := l.granted[i-1].at
		open, known := l.epochs[m.epoch]
		if !known { // its opening is in no file
			open = from
		}
		l.gaps = append(l.gaps, gap{from: from, open: min(max(from, open), m.at), to: m.at})
	}
}

// admit counts credits that were spent, surely, within a gap.
func (l *log) admit(e *trace.Event) {
	i, _ := slices.BinarySearchFunc(l.gaps, e.First, func(g gap, first int64) int {
		return cmp.Compare(g.to, first)
	})
	if i < len(l.gaps) && e.First > l.gaps[i].from && e.Last < l.gaps[i].to {
		l.gaps[i].admitted += e.N
	}
}

// gaps returns the gaps in the run's time.
func (r *reader) gaps() []Gap {
	var gaps []Gap
	for _, g := range r.log.gaps {
		gaps = append(gaps, Gap{From: r.at(g.from), Open: r.at(g.open), To: r.at(g.to),
			Admitted: g.admitted})
	}
	if len(gaps) > maxGaps {
		slices.SortStableFunc(gaps, func(a, b Gap) int { return cmp.Compare(b.To-b.From, a.To-a.From) })
		gaps = gaps[:maxGaps]
		slices.SortFunc(gaps, func(a, b Gap) int { return cmp.Compare(a.From, b.From) })
	}
	return gaps
}

// leads returns the epochs in the order of their opening. One ends when its node loses
// leadership, when its file ends, or when the next one is opened.
func (r *reader) leads() []Lead {
	var leads []Lead
	for epoch, opened := range r.log.epochs {
		lead := Lead{Epoch: epoch, From: r.at(opened), To: r.at(r.log.last)}
		for _, l := range r.log.led {
			if l.term == epoch {
				lead.Node, lead.To = l.node, max(lead.From, r.at(l.to))
			}
		}
		leads = append(leads, lead)
	}
	slices.SortFunc(leads, func(a, b Lead) int { return cmp.Compare(a.Epoch, b.Epoch) })
	for i := range leads {
		if i+1 < len(leads) {
			leads[i].To = min(leads[i].To, max(leads[i].From, leads[i+1].From))
		}
	}
	return leads
}
