package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/leased-io/leased/spec/twin"
)

// addAccounts adds the accounts that are shown: that of the violation, and of the others those
// that admitted most.
func (b *builder) addAccounts(broken *broken) {
	all := slices.Collect(maps.Values(b.accounts))
	weight := func(a *account) int64 {
		if broken != nil && broken.account == a {
			return 1
		}
		return 0
	}
	slices.SortFunc(all, func(a, c *account) int {
		return cmp.Or(cmp.Compare(weight(c), weight(a)), cmp.Compare(c.credits, a.credits),
			compare(a, c))
	})
	if len(all) > maxShown {
		b.out.Accounts += int64(len(all) - maxShown)
		all = all[:maxShown]
	}
	slices.SortFunc(all, compare)
	for _, a := range all {
		b.accountOf[a] = len(b.Accounts)
		b.Accounts = append(b.Accounts, accountData{
			Label: label(a), Limit: b.limit(a.limit), Key: a.id.key, Windows: windows(a),
			Leases: [][]int64{}, Cells: [][8]int64{}, Denials: [][3]int64{},
			FailOpens: [][5]int64{},
		})
	}
}

func compare(a, b *account) int {
	return cmp.Or(cmp.Compare(a.id.serial, b.id.serial), strings.Compare(a.id.budget, b.id.budget),
		strings.Compare(a.id.metric, b.id.metric), strings.Compare(a.id.key, b.id.key))
}

// label names an account for people. A limit that was removed has its number with it.
func label(a *account) string {
	text := fmt.Sprintf("%s %s per %s", a.limit.budget, a.limit.metric,
		time.Duration(a.limit.per))
	if a.limit.kind == twin.KindSliding || a.limit.kind == twin.KindBucket {
		text += ", " + a.limit.kind
	}
	if a.id.key != "" {
		text += fmt.Sprintf(", key %q", a.id.key)
	}
	switch {
	case a.id.serial == 0:
		text += ", no limit in force"
	case a.limit.over:
		text += fmt.Sprintf(" (limit %d, removed)", a.id.serial)
	}
	return text
}

// limit returns the index of l's bands.
func (b *builder) limit(l *limit) int {
	if at, known := b.limitOf[l]; known {
		return at
	}
	d := limitData{Budget: l.budget, Metric: l.metric, Per: l.per / perMicro,
		Bands: [][3]int64{}}
	for _, w := range l.bands {
		to := w.to
		if w.open {
			to = b.checked
		}
		d.Bands = append(d.Bands, [3]int64{w.window, w.from, max(w.from, to)})
	}
	b.limitOf[l] = len(b.Limits)
	b.Limits = append(b.Limits, d)
	return len(b.Limits) - 1
}

func windows(a *account) [][8]int64 {
	rows := [][8]int64{}
	for _, w := range a.tallies {
		rows = append(rows, [8]int64{w.Window, w.Bound, w.Leases, w.Granted, w.Returned,
			w.Admitted, w.Unrecorded, bit(w.closed)})
	}
	return rows
}

// first chooses the account that is shown at first.
func (b *builder) first(r *twin.Report) int {
	if b.Violation != nil && b.Violation.Account >= 0 {
		return b.Violation.Account
	}
	if f := r.Fullest; f != nil {
		a := b.accounts[accountID{f.Limit, f.Budget, f.Metric, f.Key}]
		if at, shown := b.accountOf[a]; shown {
			return at
		}
	}
	return min(0, len(b.Accounts)-1)
}
