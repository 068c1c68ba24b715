package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/leased-io/leased/bench/gotest"
)

// figure is what a row's rounds come to.
type figure struct {
	row *Row
	// value, floor and ratio are medians; the ratio's is of the rounds' own ratios, so that what
	// both suffer in a round cancels. Without a floor, ratio is the value itself.
	value, floor, ratio float64
	// low and high are the least and the greatest ratio of a round.
	low, high float64
	rounds    int
	// absent says why a benchmark was skipped, failed why there is no figure.
	absent string
	failed error
}

// sum sums up what was measured of a row of the group.
func sum(g *group, row *Row) figure {
	f := figure{row: row, failed: g.err}
	if g.err != nil {
		return f
	}
	var values, floors, ratios []float64
	for _, sample := range g.samples {
		value, absent := metric(sample, row.Benchmark, row.Metric)
		if absent != "" {
			f.absent = absent
			return f
		}
		ratio := value
		if row.Floor != "" {
			floor, absent := metric(sample, row.Floor, row.FloorMetric)
			if absent != "" {
				f.absent = absent
				return f
			}
			floors = append(floors, floor)
			ratio = value / floor
		}
		values, ratios = append(values, value), append(ratios, ratio)
	}
	f.rounds = len(values)
	f.value, f.floor, f.ratio = median(values), median(floors), median(ratios)
	f.low, f.high = slices.Min(ratios), slices.Max(ratios)
	if math.IsNaN(f.ratio) || math.IsInf(f.ratio, 0) {
		f.failed = fmt.Errorf("%s: %v / %v is no ratio", row.At(), f.value, f.floor)
	}
	return f
}

func metric(sample gotest.Results, name, unit string) (v float64, absent string) {
	result, ok := sample.Of(name)
	if !ok {
		return 0, "not run"
	}
	if result.Skipped != "" {
		return 0, result.Skipped
	}
	return result.Metrics[unit], ""
}

// median returns the middle value, or the mean of the two middle ones; 0 of none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(n-1)/2] + s[n/2]) / 2
}

// verdict is the table's word for the row's target.
func (f figure) verdict() string {
	switch {
	case f.failed != nil:
		return "FAILED"
	case f.absent != "":
		return "absent"
	case f.row.Target.Op == "":
		return none
	case f.row.Target.Met(f.ratio):
		return "met"
	default:
		return "MISSED"
	}
}

// String is the figure's line of progress.
func (f figure) String() string {
	s := fmt.Sprintf("%-7s %s: %s", f.verdict(), f.row.Section, f.row.What)
	if f.failed != nil || f.absent != "" {
		return s
	}
	s += " " + human(f.value, f.row.Metric)
	if f.row.Floor != "" {
		s += fmt.Sprintf(", floor %s, ratio %s", human(f.floor, f.row.FloorMetric), grouped(f.ratio))
	}
	return s
}

func units(r gotest.Result) []string { return slices.Sorted(maps.Keys(r.Metrics)) }

// human writes a value with its unit as the documents do: times scaled, what is per operation
// without saying so.
func human(v float64, unit string) string {
	name, per, _ := strings.Cut(unit, "/")
	if per != "" && per != "op" {
		per = "/" + per
	} else {
		per = ""
	}
	switch name = name[strings.LastIndexByte(name, '-')+1:]; name {
	case "ns":
		return duration(v) + per
	case "B", "bytes":
		return grouped(v) + " B" + per
	}
	return strings.TrimSpace(grouped(v) + " " + name + per)
}

func duration(ns float64) string {
	for _, scale := range []struct {
		unit string
		ns   float64
	}{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}} {
		if ns < 1000*scale.ns {
			return grouped(ns/scale.ns) + " " + scale.unit
		}
	}
	return grouped(ns/1e9) + " s"
}

// grouped writes three significant digits or whole numbers, with a comma at each thousand.
func grouped(v float64) string {
	if math.Abs(v) < 999.5 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return english.Sprintf("%.0f", v)
}

// english writes numbers with a comma between thousands.
var english = message.NewPrinter(language.English)
