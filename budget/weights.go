package budget

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a budget's weights.
const (
	// MaxWeights bounds how many a budget has, over all its metrics, and so the names that callers
	// may use.
	MaxWeights = 64
	// MaxWeight is the largest: prices in billionths of a currency's unit fit. With MaxAmount,
	// products stay within 83 bits.
	MaxWeight = 1_000_000_000
)

const allowedWeight = "an integer, 1..1000000000"

// Weight says that each of what callers name Cost draws Times credits from every limit of Metric.
// A metric that has weights is drawn on by its named costs alone; one that has none at any level,
// by its own name, once. So callers say what they use, and the budget says what that is worth.
type Weight struct {
	Metric string `json:"metric" cbor:"1,keyasint"` // of a limit of the budget
	Cost   string `json:"cost" cbor:"2,keyasint"`   // in the form of a metric's name
	Times  int64  `json:"times" cbor:"3,keyasint"`  // 1..MaxWeight
}

// Of returns what n of the cost draw, and whether that is at most MaxAmount. n is not negative.
func (w Weight) Of(n Credits) (drawn Credits, ok bool) {
	hi, lo := bits.Mul64(uint64(n), uint64(w.Times))
	if hi > 0 || lo > uint64(MaxAmount) {
		return 0, false
	}
	return Credits(lo), true
}

// Draws returns what draws on a limit, of a metric, by its place in the line. A level that has no
// weights for a metric goes by those of the nearest level that has some, first below, then above:
// what a caller says once is drawn on the metric's limits at every level.
func (ls Levels) Draws(limit int, metric string) []Weight {
	_, up := ls.Of(limit)
	for i := up; i >= 0 && i < len(ls); i-- {
		if of := ls[i].draws(metric); of != nil {
			return of
		}
	}
	for i := up + 1; i < len(ls); i++ {
		if of := ls[i].draws(metric); of != nil {
			return of
		}
	}
	return []Weight{{Metric: metric, Cost: metric, Times: 1}}
}

// draws are the level's own weights for a metric.
func (l Level) draws(metric string) (of []Weight) {
	for _, w := range l.Weights {
		if w.Metric == metric {
			of = append(of, w)
		}
	}
	return of
}

// sortWeights returns a copy in canonical order: by metric, then by cost. None is nil.
func sortWeights(weights []Weight) []Weight {
	if len(weights) == 0 {
		return nil
	}
	sorted := slices.Clone(weights)
	slices.SortStableFunc(sorted, func(v, w Weight) int {
		return cmp.Or(cmp.Compare(v.Metric, w.Metric), cmp.Compare(v.Cost, w.Cost))
	})
	return sorted
}

// weightProblems returns what is wrong with weights of limits.
func weightProblems(weights []Weight, limits []Limit) (found []*FieldError) {
	if len(weights) > MaxWeights {
		return []*FieldError{{Field: "weights", Value: strconv.Itoa(len(weights)) + " weights",
			Allowed: fmt.Sprintf("0..%d weights", MaxWeights)}}
	}
	var metrics []string
	for _, l := range limits {
		if !slices.Contains(metrics, l.Metric) {
			metrics = append(metrics, l.Metric)
		}
	}
	slices.Sort(metrics)
	for i, w := range weights {
		at := "weights." + shortName(w.Metric) + "." + shortName(w.Cost)
		refuse := func(value, allowed string) {
			found = append(found, &FieldError{Field: at, Value: value, Allowed: allowed})
		}
		if !slices.Contains(metrics, w.Metric) {
			refuse("metric "+quote(w.Metric), "a metric of the budget's limits: "+
				strings.Join(metrics, ", "))
		}
		if !validName(w.Cost, metricByte) {
			refuse("cost "+quote(w.Cost), allowedMetric)
		}
		if w.Times < 1 || w.Times > MaxWeight {
			refuse(strconv.FormatInt(w.Times, 10), allowedWeight)
		}
		if slices.ContainsFunc(weights[:i], func(v Weight) bool {
			return v.Metric == w.Metric && v.Cost == w.Cost
		}) {
			refuse("a second weight", "one of each metric and cost")
		}
	}
	return found
}

// shortName is a name as a part of a field's path: quoted where it is none.
func shortName(name string) string {
	if validName(name, metricByte) {
		return name
	}
	return quote(name)
}
