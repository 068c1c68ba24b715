package budget

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxLevels bounds how many budgets an admission draws on: one, its parent, that one's, and so on.
const MaxLevels = 6

// Level is one budget's part of what an admission draws on.
type Level struct {
	Budget  string   `json:"budget" cbor:"1,keyasint"`
	Limits  int      `json:"limits" cbor:"2,keyasint"` // how many are its; those of its parent follow
	Weights []Weight `json:"weights,omitempty" cbor:"3,keyasint,omitempty"`
}

// Levels are a budget's, from itself up to the root of its tree. None at all are those of a budget
// without parent and weights, whose limits are all there are.
type Levels []Level

// Validate returns a *FieldError if levels cannot be those of limits.
func (ls Levels) Validate(limits []Limit) error {
	if len(ls) == 0 {
		return nil
	}
	if len(ls) > MaxLevels {
		return tooDeep(len(ls))
	}
	for i, l := range ls {
		at := "levels[" + strconv.Itoa(i) + "]"
		switch {
		case !validName(l.Budget, nameByte):
			return &FieldError{Field: at + ".budget", Value: quote(l.Budget), Allowed: allowedName}
		case l.Limits < 0 || l.Limits > len(limits):
			return &FieldError{Field: at + ".limits", Value: strconv.Itoa(l.Limits),
				Allowed: "0.." + strconv.Itoa(len(limits))}
		}
		for _, p := range weightProblems(l.Weights, limits[:l.Limits]) {
			return &FieldError{Field: at + "." + p.Field, Value: p.Value, Allowed: p.Allowed}
		}
		limits = limits[l.Limits:]
	}
	if len(limits) > 0 {
		return &FieldError{Field: "levels", Value: strconv.Itoa(len(limits)) + " limits of none",
			Allowed: "each limit in one"}
	}
	return nil
}

// Of returns the level that a limit belongs to by its index, and how far up it is; where there
// are no levels, a zero one.
func (ls Levels) Of(limit int) (l Level, up int) {
	for i, l := range ls {
		if limit < l.Limits {
			return l, i
		}
		limit -= l.Limits
	}
	return Level{}, 0
}

// Line returns b, its parent, that one's and so on, as far as named knows them; whole says that it
// knows them all. The error is a *FieldError of b's: there is a circle, or more than MaxLevels
// levels, or more than MaxLimits limits in all, or a level whose key needs a label that the one
// below does not have. They are all valid by themselves.
func Line(b Budget, named func(name string) (Budget, bool)) (line []Budget, whole bool, err error) {
	line = []Budget{b}
	labels, limits := b.KeyTemplate().Labels(), len(b.Limits)
	for below := b; below.Parent != ""; below = line[len(line)-1] {
		up, known := named(below.Parent)
		if !known {
			return line, false, nil
		}
		if slices.ContainsFunc(line, func(c Budget) bool { return c.Name == up.Name }) {
			return nil, false, &FieldError{Field: "parent", Value: path(append(line, up)),
				Allowed: "a line of parents that ends"}
		}
		line = append(line, up)
		if len(line) > MaxLevels {
			return nil, false, tooDeep(len(line))
		}
		if limits += len(up.Limits); limits > MaxLimits {
			return nil, false, &FieldError{Field: "limits",
				Value:   fmt.Sprintf("%d limits in %s", limits, path(line)),
				Allowed: fmt.Sprintf("at most %d in all levels", MaxLimits)}
		}
		needed := up.KeyTemplate()
		for _, label := range needed.Labels() {
			if !slices.Contains(labels, label) {
				return nil, false, &FieldError{Field: "parent", Value: quote(up.Name),
					Allowed: fmt.Sprintf("a budget whose key needs only labels of %s; %s has %s, and "+
						"budget %s has none of that name", quote(below.KeyTemplate().String()),
						quote(needed.String()), label, quote(below.Name))}
			}
		}
		labels = needed.Labels()
	}
	return line, true, nil
}

func tooDeep(levels int) *FieldError {
	return &FieldError{Field: "parent", Value: strconv.Itoa(levels) + " levels",
		Allowed: fmt.Sprintf("at most %d", MaxLevels)}
}

// path names budgets from one up to the root.
func path(line []Budget) string {
	names := make([]string, len(line))
	for i, b := range line {
		names[i] = b.Name
	}
	return strings.Join(names, " < ")
}

// ParentsFirst returns budgets in an order in which each comes after its parent, if that is among
// them, and which is else theirs. Those of a circle come last.
func ParentsFirst(budgets []Budget) []Budget {
	missing := make(map[string]bool, len(budgets))
	for _, b := range budgets {
		missing[b.Name] = true
	}
	sorted := make([]Budget, 0, len(budgets))
	rest := slices.Clone(budgets)
	for range MaxLevels {
		before := len(sorted)
		var later []Budget
		for _, b := range rest {
			if missing[b.Parent] {
				later = append(later, b)
			} else {
				sorted = append(sorted, b)
			}
		}
		for _, b := range sorted[before:] {
			delete(missing, b.Name)
		}
		rest = later
	}
	return append(sorted, rest...)
}
