package budget

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
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
	allowedKind   = `"window"`
	allowedAmount = "1..9007199254740992"
	allowedPer    = "10ms..400d"
	allowedLimits = "1..16 limits"
	allowedKey    = "1..256 bytes of UTF-8 without control characters"
)

// Canonical returns a copy of b with its limits in canonical order (by metric, then by period,
// then by kind) and an empty kind read as KindWindow. Two budgets are the same policy if and
// only if their canonical forms are equal.
func (b Budget) Canonical() Budget {
	b.Limits = slices.Clone(b.Limits)
	for i := range b.Limits {
		if b.Limits[i].Kind == "" {
			b.Limits[i].Kind = KindWindow
		}
	}
	slices.SortStableFunc(b.Limits, func(l, m Limit) int {
		return cmp.Or(
			cmp.Compare(l.Metric, m.Metric),
			cmp.Compare(l.Per, m.Per),
			cmp.Compare(l.Kind, m.Kind),
		)
	})
	return b
}

// Equal reports whether b and c are the same value: same name, same keys, same limits in the
// same order.
func (b Budget) Equal(c Budget) bool {
	return b.Name == c.Name && b.Keyed == c.Keyed && slices.Equal(b.Limits, c.Limits)
}

// Validate returns every problem of b, each a *FieldError, joined, or nil. It judges b's
// canonical form: limits may stand in any order, and an empty kind is KindWindow.
func (b Budget) Validate() error {
	var errs []error
	for _, p := range b.problems() {
		errs = append(errs, p)
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
	if n := len(b.Limits); n < 1 || n > MaxLimits {
		refuse("limits", strconv.Itoa(n)+" limits", allowedLimits)
	}
	for i, l := range b.Limits[:min(len(b.Limits), MaxLimits)] {
		at := "limits[" + strconv.Itoa(i) + "]"
		if !validName(l.Metric, metricByte) {
			refuse(at+".metric", quote(l.Metric), allowedMetric)
		}
		if l.Kind != KindWindow && l.Kind != "" {
			refuse(at+".kind", quote(string(l.Kind)), allowedKind)
		}
		if l.Amount < 1 || l.Amount > MaxAmount {
			refuse(at+".amount", strconv.FormatInt(int64(l.Amount), 10), allowedAmount)
		}
		if l.Per < MinPer || l.Per > MaxPer {
			refuse(at+".per", FormatPer(l.Per), allowedPer)
		}
		if j := slices.IndexFunc(b.Limits[:i], l.duplicates); j >= 0 {
			refuse(at, quote(l.Metric)+" per "+FormatPer(l.Per),
				fmt.Sprintf("a metric, kind and period once, and limits[%d] has them", j))
		}
	}
	return found
}

// duplicates is Same with an empty kind read as KindWindow.
func (l Limit) duplicates(m Limit) bool {
	l.Kind, m.Kind = cmp.Or(l.Kind, KindWindow), cmp.Or(m.Kind, KindWindow)
	return l.Same(m)
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
