package report

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Sums are what one or several campaigns add up to.
type Sums struct {
	Rings   []int
	Verdict string // the worst of all runs'
	Runs    int
	Lives   int64 // of clusters, each with its history
	// Virtual and Real are the lengths of those lives; Took is what the campaigns took, checks
	// included.
	Virtual, Real, Took time.Duration

	Faults   int64
	ByKind   map[string]int64
	Served   Served
	Story    Story // sums only: no bands, waits, gaps or leads
	Gaps     GapSums
	MaxWait  time.Duration
	Judges   []JudgeSum // in order of first appearance
	Without  []string
	Commands []string
}

// GapSums are over the gaps in which nobody granted.
type GapSums struct {
	Count     int
	Median    time.Duration
	P99       time.Duration // of fewer than a hundred: the longest
	Max       time.Duration
	Admitting int // those in which limiters admitted from what they held
}

// JudgeSum counts the runs that a judge came to each result about.
type JudgeSum struct {
	Judge                   string
	Valid, Unknown, Invalid int
}

// Verdict is the worst of the run's verdicts. A run that nobody judged is unknown, and one whose
// trace shows an overshoot is invalid, whatever its judges say.
func (r *Run) Verdict() string {
	if r.Story.Overshoot > 0 {
		return Invalid
	}
	if len(r.Verdicts) == 0 {
		return Unknown
	}
	verdict := Valid
	for _, v := range r.Verdicts {
		if worse(v.Result) < 0 {
			return Invalid // no result at all
		}
		if worse(v.Result) > worse(verdict) {
			verdict = v.Result
		}
	}
	return verdict
}

// Sums returns the campaign's.
func (c *Campaign) Sums() Sums { return Sum([]*Campaign{c}) }

// Sum adds up campaigns.
func Sum(campaigns []*Campaign) Sums {
	s := Sums{Verdict: Valid, ByKind: map[string]int64{}}
	var gaps []time.Duration
	judges := map[string]*JudgeSum{}
	var order []string
	for _, c := range campaigns {
		s.Took += c.Took
		s.Rings = append(s.Rings, c.Ring)
		s.Without = append(s.Without, c.Without...)
		s.Commands = append(s.Commands, c.Command)
		for i := range c.Runs {
			r := &c.Runs[i]
			s.add(r)
			for _, g := range r.Story.Gaps {
				if r.Lives > 0 {
					gaps = append(gaps, g.To-g.From)
				}
			}
			for _, v := range r.Verdicts {
				if judges[v.Judge] == nil {
					judges[v.Judge] = &JudgeSum{Judge: v.Judge}
					order = append(order, v.Judge)
				}
				judges[v.Judge].count(v.Result)
			}
		}
	}
	if s.Runs == 0 {
		s.Verdict = Unknown
	}
	for _, name := range order {
		s.Judges = append(s.Judges, *judges[name])
	}
	slices.Sort(gaps)
	s.Gaps.Count = len(gaps)
	s.Gaps.Median, s.Gaps.P99, s.Gaps.Max = rank(gaps, 50), rank(gaps, 99), rank(gaps, 100)
	slices.Sort(s.Rings)
	s.Rings = slices.Compact(s.Rings)
	slices.Sort(s.Without)
	s.Without = slices.Compact(s.Without)
	return s
}

// add counts a run. Of a sample counts only what was found.
func (s *Sums) add(r *Run) {
	s.Runs++
	if verdict := r.Verdict(); worse(verdict) > worse(s.Verdict) {
		s.Verdict = verdict
	}
	s.Story.Overshoot = max(s.Story.Overshoot, r.Story.Overshoot)
	if r.Lives == 0 {
		return
	}
	s.Lives += r.Lives
	if r.Virtual {
		s.Virtual += r.Length
	} else {
		s.Real += r.Length
	}
	for kind, n := range r.Counts {
		s.ByKind[kind] += n
		s.Faults += n
	}
	s.Served.Healings += r.Served.Healings
	if r.Served.Slowest > s.Served.Slowest {
		s.Served.Slowest, s.Served.Within = r.Served.Slowest, r.Served.Within
	}
	story := r.Story
	story.Bands, story.Waits, story.Gaps, story.Leads = nil, nil, nil, nil
	s.Story.Join(story)
	for _, g := range r.Story.Gaps {
		if g.Admitted > 0 {
			s.Gaps.Admitting++
		}
	}
	for _, w := range r.Story.Waits {
		s.MaxWait = max(s.MaxWait, w.Max)
	}
}

func (j *JudgeSum) count(result string) {
	switch result {
	case Valid:
		j.Valid++
	case Unknown:
		j.Unknown++
	default:
		j.Invalid++
	}
}

// kinds returns the kinds of faults, the most frequent first.
func (s *Sums) kinds() []string {
	return slices.SortedFunc(maps.Keys(s.ByKind), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.ByKind[b], s.ByKind[a]), cmp.Compare(a, b))
	})
}
