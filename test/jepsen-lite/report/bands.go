package report

import (
	"cmp"
	"slices"
)

// Bounds of the bands of one trace.
const (
	// maxBands are told one by one, or in sums of a few that are next to each other.
	maxBands = 3_000
	// maxAccounts have bands: those that overshot, and the fullest.
	maxAccounts = 24
)

// account is the windows of one limit and key, over all of the limit's lives.
type account struct {
	budget, metric, key string
	bands               []Band
	overshoot           int64
	admitted, bound     int64
}

// bands returns the bands that are told, and how many windows they leave out. Of an account
// that has more windows than its share, neighbours are summed up, but no window that overshot.
func (r *reader) bands() (bands []Band, hidden int64) {
	accounts := r.accounts()
	slices.SortFunc(accounts, func(a, b *account) int {
		return cmp.Or(cmp.Compare(b.overshoot, a.overshoot), b.fuller(a), a.compare(b))
	})
	for len(accounts) > maxAccounts {
		last := accounts[len(accounts)-1]
		hidden += int64(len(last.bands))
		accounts = accounts[:len(accounts)-1]
	}
	// Whoever has few windows leaves the rest of its share to the others.
	slices.SortFunc(accounts, func(a, b *account) int {
		return cmp.Or(cmp.Compare(len(a.bands), len(b.bands)), a.compare(b))
	})
	room := maxBands
	for i, a := range accounts {
		a.fold(room / (len(accounts) - i))
		room = max(0, room-len(a.bands))
	}
	slices.SortFunc(accounts, (*account).compare)
	for _, a := range accounts {
		bands = append(bands, a.bands...)
	}
	return bands, hidden
}

// accounts gathers the windows by account, each account's in order of time.
func (r *reader) accounts() []*account {
	type name struct{ budget, metric, key string }
	byName := map[name]*account{}
	var all []*account
	for id, w := range r.fleet.windows {
		t := r.log.limits[id.limit]
		n := name{t.budget, t.metric, id.key}
		a := byName[n]
		if a == nil {
			a = &account{budget: n.budget, metric: n.metric, key: n.key}
			byName[n] = a
			all = append(all, a)
		}
		from, to := t.during(id.window, r.log.last)
		a.bands = append(a.bands, Band{Budget: n.budget, Metric: n.metric, Key: n.key,
			From: r.at(from), To: r.at(to), Bound: w.bound, Granted: w.granted,
			Admitted: w.admitted, Windows: 1})
		a.overshoot = max(a.overshoot, w.admitted-w.bound)
		a.admitted, a.bound = a.admitted+w.admitted, a.bound+w.bound
	}
	for _, a := range all {
		slices.SortFunc(a.bands, func(b, c Band) int {
			return cmp.Or(cmp.Compare(b.From, c.From), cmp.Compare(b.To, c.To),
				cmp.Compare(b.Bound, c.Bound), cmp.Compare(b.Admitted, c.Admitted))
		})
	}
	return all
}

// fuller compares how much of their bounds two accounts admitted. Bounds are positive.
func (a *account) fuller(b *account) int {
	return cmp.Compare(float64(a.admitted)/float64(a.bound), float64(b.admitted)/float64(b.bound))
}

func (a *account) compare(b *account) int {
	return cmp.Or(cmp.Compare(a.budget, b.budget), cmp.Compare(a.metric, b.metric),
		cmp.Compare(a.key, b.key))
}

// fold sums up as many neighbours each as it takes to leave about room bands.
func (a *account) fold(room int) {
	each := (len(a.bands) + max(1, room) - 1) / max(1, room)
	if each <= 1 {
		return
	}
	folded := a.bands[:0]
	open := false // the last of folded takes more
	for _, b := range a.bands {
		over := b.Admitted > b.Bound
		if open && !over {
			last := &folded[len(folded)-1]
			last.To = max(last.To, b.To)
			last.Bound += b.Bound
			last.Granted += b.Granted
			last.Admitted += b.Admitted
			last.Windows += b.Windows
			open = last.Windows < int64(each)
			continue
		}
		folded = append(folded, b)
		open = !over
	}
	a.bands = folded
}
