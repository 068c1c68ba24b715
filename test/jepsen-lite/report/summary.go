package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Bounds of a summary, so that it stays on a screen.
const (
	maxKinds    = 8 // of faults, the most frequent
	maxTroubles = 6 // runs that are not valid, the worst
)

// WriteSummary writes what the campaigns came to, for a terminal: the sums by ring, the most
// frequent faults, and the runs that are not valid with the commands that play them again.
func WriteSummary(w io.Writer, campaigns []*Campaign) error {
	t := tableOf(campaigns)
	all := Sum(campaigns)
	var b strings.Builder
	b.WriteString(strings.ToUpper(all.Verdict) + ": " + headline(&all) + "\n\n")
	widths := make([]int, len(t.heads)+1)
	lines := slices.Concat([][]string{slices.Concat([]string{""}, t.heads)}, t.rows)
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, line := range lines {
		fmt.Fprintf(&b, "  %-*s", widths[0], line[0])
		for i, cell := range line[1:] {
			fmt.Fprintf(&b, "  %*s", widths[i+1], cell)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n  faults: " + all.mostFaults() + "\n")
	for _, what := range all.Without {
		b.WriteString("  without " + what + "\n")
	}
	b.WriteString(troubles(campaigns))
	_, err := io.WriteString(w, b.String())
	return err
}

// headline is what a campaign came to, in a sentence.
func headline(s *Sums) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	add("%s of clusters", several(s.Lives, "life", "lives"))
	if s.Virtual > 0 {
		add("%s of virtual time", span(s.Virtual))
	}
	if s.Real > 0 {
		add("%s of real time", span(s.Real))
	}
	add("%s", several(s.Faults, "fault", "faults"))
	add("%s of accounts", several(s.Story.Windows, "window", "windows"))
	if s.Story.Overshoot > 0 {
		add("overshoot of up to %s", several(s.Story.Overshoot, "credit", "credits"))
	} else {
		add("no overshoot")
	}
	return strings.Join(parts, ", ")
}

func several(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// mostFaults names the most frequent kinds.
func (s *Sums) mostFaults() string {
	kinds := s.kinds()
	if len(kinds) == 0 {
		return "none"
	}
	var parts []string
	for _, kind := range kinds[:min(maxKinds, len(kinds))] {
		parts = append(parts, kind+" "+count(s.ByKind[kind]))
	}
	if more := len(kinds) - maxKinds; more > 0 {
		parts = append(parts, several(int64(more), "kind more", "kinds more"))
	}
	return strings.Join(parts, ", ")
}

// trouble is a run that is not valid.
type trouble struct {
	ring int
	run  *Run
}

// troubles tells which runs are not valid, why, and how to see it again.
func troubles(campaigns []*Campaign) string {
	var found []trouble
	for _, c := range campaigns {
		for i := range c.Runs {
			if c.Runs[i].Verdict() != Valid {
				found = append(found, trouble{c.Ring, &c.Runs[i]})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b trouble) int {
		return cmp.Compare(worse(b.run.Verdict()), worse(a.run.Verdict()))
	})
	var b strings.Builder
	for _, f := range found[:min(maxTroubles, len(found))] {
		fmt.Fprintf(&b, "\n  %s: ring %d, %s\n", f.run.Verdict(), f.ring, f.run.Name)
		for _, reason := range f.run.reasons() {
			b.WriteString("    " + reason + "\n")
		}
		if f.run.Replay != "" {
			b.WriteString("    again: " + f.run.Replay + "\n")
		}
	}
	if more := len(found) - maxTroubles; more > 0 {
		fmt.Fprintf(&b, "\n  %s not valid\n", several(int64(more), "run more is", "runs more are"))
	}
	return b.String()
}

// reasons says why a run is not valid.
func (r *Run) reasons() []string {
	var reasons []string
	if r.Story.Overshoot > 0 {
		reasons = append(reasons,
			"a window was overshot by "+several(r.Story.Overshoot, "credit", "credits"))
	}
	if len(r.Verdicts) == 0 {
		reasons = append(reasons, "nobody judged it")
	}
	for _, v := range r.Verdicts {
		if v.Result != Valid {
			reasons = append(reasons, strings.TrimSuffix(v.Judge+": "+v.Result+": "+v.Detail, ": "))
		}
	}
	return reasons
}
