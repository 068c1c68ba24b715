package discriminate

import (
	_ "embed" // for the page
	"fmt"
	"slices"
	"strings"
	"time"
)

// page is the table's page, with a word in place of each table.
//
//go:embed testdata/page.md
var page string

// Page returns the page of the finds.
func Page(finds []Find) string {
	var sums, plants, harmless, left strings.Builder
	for _, r := range Rings() {
		fmt.Fprintf(&sums, "| %d | %s | %s |\n", r.Number, bounds(r), summed(finds, r.Number))
	}
	for _, p := range Hunted() {
		cells := ""
		for _, r := range Rings() {
			cells += " | " + cell(finds, p, r)
			if why := p.Not[r.Number]; why != "" {
				fmt.Fprintf(&left, "| %s | %d | %s |\n", p.Name, r.Number, why)
			}
		}
		if p.Harmless != "" {
			fmt.Fprintf(&harmless, "| %s | %s | %s | %s%s |\n", p.Name, p.Rule, p.Means, p.Harmless, cells)
		} else {
			fmt.Fprintf(&plants, "| %s | %s | %s%s |\n", p.Name, p.Rule, p.Means, cells)
		}
	}
	return strings.NewReplacer("SUMS\n", sums.String(), "PLANTS\n", plants.String(),
		"HARMLESS\n", harmless.String(), "LEFT\n", left.String()).Replace(page)
}

// cell is what the page says of a plant and a ring.
func cell(finds []Find, p Plant, r Ring) string {
	if !p.hunted(r.Number) {
		return "-"
	}
	switch f, ok := lookUp(finds, p, r.Number); {
	case !ok:
		return "?"
	case !f.Found():
		return "none in " + rounded(f.After)
	default:
		return fmt.Sprintf("seed %d, %s, %s", f.Seed, rounded(f.After), f.Judge)
	}
}

// rounded is a time to two digits or so.
func rounded(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// bounds is what a ring may take for one plant.
func bounds(r Ring) string {
	if r.Tries > 1 {
		return fmt.Sprintf("%d x %s", r.Tries, rounded(r.Bound))
	}
	return rounded(r.Bound)
}

// summed says how many plants a ring found, and how fast.
func summed(finds []Find, ring int) string {
	hunted := 0
	var times []time.Duration
	for _, p := range All() {
		if f, ok := lookUp(finds, p, ring); ok && p.Harmless == "" {
			hunted++
			if f.Found() {
				times = append(times, f.After)
			}
		}
	}
	if len(times) == 0 {
		return fmt.Sprintf("%d | 0 | - | -", hunted)
	}
	slices.Sort(times)
	return fmt.Sprintf("%d | %d | %s | %s", hunted, len(times), rounded(times[len(times)/2]),
		rounded(times[len(times)-1]))
}
