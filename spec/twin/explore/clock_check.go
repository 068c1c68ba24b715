package explore

// Each invariant has the name that it has in ClusterClock. Together, Monotone and NeverFast
// are the contract of the clock: what the leases need, and all that they need.

// effective returns the committed commands that have effect.
func (m *clockModel) effective(s *clockState) (list [maxEntries]clockEntry, n int) {
	for i, e := range s.Done.Entries[:s.Done.Len] {
		if !e.Bar && m.r.Valid(&s.Done, i) {
			list[n] = e
			n++
		}
	}
	return list, n
}

// monotone: along the committed log stamps never decrease.
func (m *clockModel) monotone(s clockState) bool {
	list, n := m.effective(&s)
	for i := 1; i < n; i++ {
		if list[i-1].Stamp > list[i].Stamp {
			return false
		}
	}
	return true
}

// neverFast: between the reading of one stamp and the append of a later one, the fastest clock
// allowed could have advanced by their difference.
func (m *clockModel) neverFast(s clockState) bool {
	list, n := m.effective(&s)
	for i, a := range list[:n] {
		for _, b := range list[i+1 : n] {
			if int(b.Stamp-a.Stamp) > m.lMax()*int(b.Append-a.Read) {
				return false
			}
		}
	}
	return true
}

// complete is Raft's leader completeness: sanity of the reduction.
func (m *clockModel) complete(s clockState) bool {
	for i := range s.Srv {
		v := &s.Srv[i]
		if v.Lead && v.Term >= s.Done.last().Term && !s.Done.prefixOf(&v.Log) {
			return false
		}
	}
	return true
}

// onlyGrows: a step never takes back what was committed.
func onlyGrows(s, n clockState) bool { return s.Done.prefixOf(&n.Done) }

// noInherit is no invariant: a stamped entry survives into a later leadership.
func (m *clockModel) noInherit(s clockState) bool {
	list, n := m.effective(&s)
	for _, e := range list[:n] {
		if e.Stamp > 0 && s.Done.last().Epoch > e.Epoch {
			return false
		}
	}
	return true
}

// noDrop is no invariant: a command of a stale epoch is committed, and has no effect.
func (m *clockModel) noDrop(s clockState) bool {
	for i := range s.Done.Entries[:s.Done.Len] {
		if !m.r.Valid(&s.Done, i) {
			return false
		}
	}
	return true
}

// invariants returns the named ones, in order.
func (m *clockModel) invariants(names ...string) []Invariant[clockState] {
	all := map[string]func(clockState) bool{
		"Monotone": m.monotone, "NeverFast": m.neverFast, "Complete": m.complete,
		"NoInherit": m.noInherit, "NoDrop": m.noDrop,
	}
	list := make([]Invariant[clockState], 0, len(names))
	for _, name := range names {
		list = append(list, Invariant[clockState]{name, all[name]})
	}
	return list
}
