package budget

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// FieldError is one problem of a budget: a field whose value is not allowed.
type FieldError struct {
	Field   string // where, such as "limits[1].amount"
	Value   string // what is there; text is quoted and cut to a line's length
	Allowed string // what would be allowed
}

// Error returns the problem in one line.
func (e *FieldError) Error() string {
	return fmt.Sprintf("%s: %s is not allowed: %s", e.Field, e.Value, e.Allowed)
}

// What a field may hold, as FieldError.Allowed says it.
const (
	allowedName   = "1..128 of a-z A-Z 0-9 . _ - / :, starting with a letter or digit"
	allowedMetric = "1..128 of a-z 0-9 _, starting with a letter or digit"
	allowedKind   = `"window", "sliding", "bucket" or "slots"`
	allowedAmount = "1..9007199254740992"
	allowedPer    = "10ms..400d"
	allowedSlots  = "1..60, and only with kind sliding"
	allowedBurst  = "1..9007199254740992, and only with kind bucket"
	allowedLimits = "1..16 limits"
	allowedKey    = "1..256 bytes of UTF-8 without control characters"
)

// Canonical returns a copy of b with its limits in canonical order (by metric, then by period,
// then by kind, then by slots), an empty kind read as KindWindow and what else was left out
// filled in. Two budgets are the same policy if and only if their canonical forms are equal.
func (b Budget) Canonical() Budget {
	b.Rules = canonicalRules(b.Rules)
	b.Limits = slices.Clone(b.Limits)
	for i := range b.Limits {
		b.Limits[i] = b.Limits[i].canonical()
	}
	slices.SortStableFunc(b.Limits, func(l, m Limit) int {
		return cmp.Or(
			cmp.Compare(l.Metric, m.Metric),
			cmp.Compare(l.Per, m.Per),
			cmp.Compare(l.Kind, m.Kind),
			cmp.Compare(l.Slots, m.Slots),
			cmp.Compare(l.Align, m.Align),
			cmp.Compare(l.Zone, m.Zone),
		)
	})
	b.Weights = sortWeights(b.Weights)
	b.Sharing = b.Sharing.canonical()
	b.Keyed = b.Keyed || b.Template != ""
	if b.Template == plainTemplate {
		b.Template = ""
	}
	return b
}

func (l Limit) canonical() Limit {
	l.Kind = cmp.Or(l.Kind, KindWindow)
	switch l.Kind {
	case KindSliding:
		l.Slots = cmp.Or(l.Slots, DefaultSlots)
	case KindBucket:
		l.Burst = cmp.Or(l.Burst, l.Amount)
		if l.Lease == 0 && l.Amount > 0 && l.Burst > 0 && l.Per > 0 {
			l = l.Adopt(Limit{})
		}
	}
	return l.canonicalAlign()
}

// Adopt returns b with what the limits keep that take the place of old's: see Limit.Adopt. Both
// are in canonical form, and so is the result.
func (b Budget) Adopt(old Budget) Budget {
	b.Limits = slices.Clone(b.Limits)
	for i, l := range b.Limits {
		at := slices.IndexFunc(old.Limits, func(m Limit) bool {
			return m.Kind == l.Kind && m.Metric == l.Metric && m.Per == l.Per
		})
		if at >= 0 {
			b.Limits[i] = l.Adopt(old.Limits[at])
		}
	}
	return b
}

// Equal reports whether b and c are the same value: same name, same keys, same parent, same limits
// and weights in the same order, same rules, same sharing.
func (b Budget) Equal(c Budget) bool {
	return b.Name == c.Name && b.SameKeys(c) && b.Parent == c.Parent &&
		slices.Equal(b.Limits, c.Limits) && slices.Equal(b.Weights, c.Weights) &&
		b.Rules.Equal(c.Rules) && b.Sharing.Equal(c.Sharing)
}

// SameKeys reports whether b and c, in canonical form, make the same keys of the same labels.
func (b Budget) SameKeys(c Budget) bool { return b.Keyed == c.Keyed && b.Template == c.Template }

// Validate returns every problem of b, each a *FieldError, joined, or nil. It judges b's
// canonical form: limits may stand in any order, and an empty kind is KindWindow.
func (b Budget) Validate() error { return joined(b.problems()) }

func joined(problems []*FieldError) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

func (b Budget) problems() (found []*FieldError) {
	refuse := func(field, value, allowed string) {
		found = append(found, &FieldError{Field: field, Value: value, Allowed: allowed})
	}
	if !validName(b.Name, nameByte) {
		refuse("name", quote(b.Name), allowedName)
	}
	if n := len(b.Limits); n < 1 && len(b.Unlimited) == 0 || n > MaxLimits {
		refuse("limits", strconv.Itoa(n)+" limits", allowedLimits)
	}
	found = append(found, b.Rules.problems(b.Limits, b.Weights)...)
	for i, l := range b.Limits[:min(len(b.Limits), MaxLimits)] {
		at := "limits[" + strconv.Itoa(i) + "]"
		if !validName(l.Metric, metricByte) {
			refuse(at+".metric", quote(l.Metric), allowedMetric)
		}
		for _, p := range l.canonical().problems() {
			refuse(at+"."+p.Field, p.Value, p.Allowed)
		}
		if j := slices.IndexFunc(b.Limits[:i], l.duplicates); j >= 0 {
			refuse(at, quote(l.Metric)+" per "+FormatPer(l.Per),
				fmt.Sprintf("a metric, kind and period once, and limits[%d] has them", j))
		}
	}
	found = append(found, weightProblems(b.Weights, b.Limits)...)
	found = append(found, b.Sharing.problems(b)...)
	if b.Template != "" {
		if _, err := ParseTemplate(b.Template); err != nil {
			refuse("key", quote(b.Template), err.Error())
		}
	}
	if b.Parent != "" && (b.Parent == b.Name || !validName(b.Parent, nameByte)) {
		refuse("parent", quote(b.Parent), "another budget's name: "+allowedName)
	}
	return found
}

// Validate returns every problem of l's numbers, each a *FieldError, joined, or nil. It does not
// judge the metric's name.
func (l Limit) Validate() error { return joined(l.canonical().problems()) }

// problems returns what is wrong with a canonical limit's numbers. A field that depends on another
// one is judged only if that one is right.
func (l Limit) problems() (found []*FieldError) {
	refuse := func(field, value, allowed string) {
		found = append(found, &FieldError{Field: field, Value: value, Allowed: allowed})
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	if !slices.Contains(kinds, l.Kind) {
		refuse("kind", quote(string(l.Kind)), allowedKind)
	}
	if l.Amount < 1 || l.Amount > MaxAmount {
		refuse("amount", number(int64(l.Amount)), allowedAmount)
	}
	if l.Per < MinPer || l.Per > MaxPer {
		refuse("per", FormatPer(l.Per), allowedPer)
	}
	if most := slotsOf[l.Kind]; l.Slots < min(1, most) || l.Slots > most {
		refuse("slots", strconv.Itoa(l.Slots), allowedSlots)
	}
	if isBucket := l.Kind == KindBucket; l.Burst < 0 || l.Burst > MaxAmount ||
		isBucket != (l.Burst > 0) && (!isBucket || l.Amount > 0) {
		refuse("burst", number(int64(l.Burst)), allowedBurst)
	}
	if p := l.alignProblem(); p != nil {
		found = append(found, p)
	}
	if len(found) > 0 {
		return found
	}
	switch fill := l.fill(); {
	case l.Kind == KindSliding && l.Per/time.Duration(l.Slots) < MinPer:
		refuse("slots", strconv.Itoa(l.Slots), fmt.Sprintf("at most %d, so that each of them is %s "+
			"of the period %s", l.Per/MinPer, FormatPer(MinPer), FormatPer(l.Per)))
	case l.Kind == KindBucket && (fill < minFill || fill > MaxPer):
		refuse("burst", number(int64(l.Burst)), fmt.Sprintf("what %d per %s refill in %s..%s",
			l.Amount, FormatPer(l.Per), FormatPer(minFill), FormatPer(MaxPer)))
	case l.Kind == KindBucket && (l.Lease > fill/leastSpans || l.Lease < fill/mostSpans):
		refuse("lease", l.Lease.String(), fmt.Sprintf("%s..%s, as parts of what fills the bucket",
			fill/mostSpans, fill/leastSpans))
	case l.Kind != KindBucket && l.Lease != 0:
		refuse("lease", l.Lease.String(), "only with kind bucket")
	case l.Kind == KindSlots && l.Amount > MaxSlotHolders:
		refuse("amount", number(int64(l.Amount)), fmt.Sprintf("1..%d with kind slots", MaxSlotHolders))
	case l.Kind == KindSlots && (l.Per < MinSlotPer || l.Per > MaxSlotPer):
		refuse("per", FormatPer(l.Per), fmt.Sprintf("%s..%s with kind slots, whose leases last for it",
			FormatPer(MinSlotPer), FormatPer(MaxSlotPer)))
	}
	return found
}

var kinds = []Kind{KindWindow, KindSliding, KindBucket, KindSlots}

// slotsOf is how many slots a limit of a kind may have.
var slotsOf = map[Kind]int{KindSliding: MaxSlots}

// duplicates reports whether two limits say the same of one metric, kind and period.
func (l Limit) duplicates(m Limit) bool {
	l, m = l.canonical(), m.canonical()
	return l.Metric == m.Metric && l.Kind == m.Kind && l.Per == m.Per && l.Align == m.Align &&
		l.Zone == m.Zone
}

// ValidateKey returns a *FieldError if key cannot name an account of a budget that is keyed, or
// is not: the one takes keys of 1..MaxKeyLen bytes of UTF-8 without control characters, the
// other the empty key only.
func ValidateKey(keyed bool, key string) error {
	switch {
	case !keyed && key != "":
		return &FieldError{Field: "key", Value: quote(key),
			Allowed: "none, since the budget has no keys"}
	case !keyed:
		return nil
	case key == "" || len(key) > MaxKeyLen || !utf8.ValidString(key):
		return &FieldError{Field: "key", Value: quote(key), Allowed: allowedKey}
	}
	for _, r := range key {
		if unicode.IsControl(r) {
			return &FieldError{Field: "key", Value: quote(key), Allowed: allowedKey}
		}
	}
	return nil
}

// validName reports whether name has 1..MaxNameLen bytes that are all allowed, the first a
// letter or digit.
func validName(name string, allowed func(c byte) bool) bool {
	if name == "" || len(name) > MaxNameLen {
		return false
	}
	for i := range len(name) {
		if !allowed(name[i]) {
			return false
		}
	}
	return alphanumeric(name[0])
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func nameByte(c byte) bool {
	switch c {
	case '.', '_', '-', '/', ':':
		return true
	}
	return alphanumeric(c)
}

func metricByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// quote returns s in quotes, cut to what fits an error line.
func quote(s string) string { return fmt.Sprintf("%.40q", s) }
