//go:build linux

package process

import (
	"fmt"
	"slices"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// The targets of a failover with default settings, held when kills are measured.
const (
	targetMedian = time.Second
	targetP99    = 2500 * time.Millisecond
	// enoughKills is how many make the targets mean something.
	enoughKills = 20
)

// failovers are what followed the kills of leaders.
type failovers struct {
	lengths []time.Duration // from the last grant before, or the kill, to the first one after
	epochs  []time.Duration // from the kill until an epoch was open: then it is the limiters' turn
	// admitting counts those in which limiters surely admitted from what they held.
	admitting int
}

// failoversOf measures the gaps in grants around the kills, which are in the story's time.
func failoversOf(story report.Story, kills []time.Duration) (f failovers) {
	for _, kill := range kills {
		i := slices.IndexFunc(story.Gaps, func(g report.Gap) bool { return g.Open > kill })
		if i < 0 {
			continue
		}
		// What the killed one had granted last may be told by its successor alone.
		gap := story.Gaps[i]
		f.lengths = append(f.lengths, gap.To-min(gap.From, kill))
		f.epochs = append(f.epochs, gap.Open-kill)
		if gap.Admitted > 0 {
			f.admitting++
		}
	}
	return f
}

// checkFailovers measures what followed the kills of a series of them.
func (s *stage) checkFailovers() {
	if s.o.Kills == 0 {
		return
	}
	var kills []time.Duration
	for _, at := range s.out.kills {
		kills = append(kills, s.out.into(at))
	}
	f := failoversOf(s.out.run.Story, kills)
	n := len(f.lengths)
	if n < s.o.Kills {
		s.fail(judgeFailover, "of %d killed leaders only %d were followed by a grant", s.o.Kills, n)
	}
	if n > 0 && f.admitting == 0 {
		s.fail(judgeFailover, "no limiter admitted anything in any gap")
	}
	median, p99 := rank(f.lengths, 50), rank(f.lengths, 99)
	text := fmt.Sprintf("%d gaps in grants: median %.2f s, p99 %.2f s, the longest %.2f s; until "+
		"an epoch was open: median %.2f s, the longest %.2f s", n, median.Seconds(), p99.Seconds(),
		rank(f.lengths, 100).Seconds(), rank(f.epochs, 50).Seconds(),
		rank(f.epochs, 100).Seconds())
	s.out.figure(judgeFailover, "%s", text)
	s.say("%s", text)
	if n >= enoughKills && (median >= targetMedian || p99 >= targetP99) {
		s.fail(judgeFailover, "%s; want a median below %s and a p99 below %s", text, targetMedian,
			targetP99)
	}
}

// rank returns a percentile by the nearest rank, or 0 of nothing.
func rank(of []time.Duration, percent int) time.Duration {
	if len(of) == 0 {
		return 0
	}
	of = slices.Sorted(slices.Values(of))
	return of[max((len(of)*percent+99)/100-1, 0)]
}
