package rival

import (
	"slices"
)

// meter counts what is admitted between two rolls, in real time. It is the same for all rules, and
// knows of no lease.
type meter struct {
	limit   int64
	rolls   int64
	present int64   // admitted since the last roll
	over    []int64 // of each window that is over: credits above the limit, or 0
	total   int64   // admitted
}

// roll ends a window and begins the next. What comes before the first roll is of no whole window.
func (m *meter) roll() {
	if m.rolls > 0 {
		m.over = append(m.over, max(0, m.present-m.limit))
	}
	m.rolls++
	m.present = 0
}

func (m *meter) admit(n int64) {
	m.present += n
	m.total += n
}

// Score is what matches of one rule and setting came to.
type Score struct {
	Windows int
	// Over is by how much windows overshot that did, in percent of the limit, in order.
	Over []float64
	// Served is what was admitted, in percent of what the limit allows in that time.
	Served float64
}

// score adds up meters, each of a match of that many windows' length.
func score(meters []*meter) Score {
	var s Score
	var admitted, allowed int64
	for _, m := range meters {
		s.Windows += len(m.over)
		admitted, allowed = admitted+m.total, allowed+windows*m.limit
		for _, n := range m.over {
			if n > 0 {
				s.Over = append(s.Over, 100*float64(n)/float64(m.limit))
			}
		}
	}
	slices.Sort(s.Over)
	if allowed > 0 {
		s.Served = 100 * float64(admitted) / float64(allowed)
	}
	return s
}

// Share is how many windows overshot, in percent.
func (s Score) Share() float64 { return 100 * float64(len(s.Over)) / float64(max(1, s.Windows)) }

// Rank is what so many percent of the windows that overshot stay within, in percent of the limit.
func (s Score) Rank(percent int) float64 {
	if len(s.Over) == 0 {
		return 0
	}
	return s.Over[max(0, (len(s.Over)*percent+99)/100-1)]
}
