package explore

// Each invariant has the name that it has in WindowLease.

// typeOK: numbers are of the kinds they are meant to be.
func (m *windowModel) typeOK(s windowState) bool {
	if s.C < 0 || s.T < 0 || s.Adm < 0 || s.Avail < 0 || int(s.Avail) > m.p.Limit {
		return false
	}
	for k := range m.p.keys() {
		e := s.Tab[k]
		if e.Win != -1 && int(e.Win) != m.win(int(s.T)) || e.G < 0 || int(e.G) > m.p.Limit {
			return false
		}
	}
	return true
}

// safe, S1: between two rolls the whole fleet admits at most Limit.
func (m *windowModel) safe(s windowState) bool { return int(s.Adm) <= m.p.Limit }

// noCarryOver, S2: a credit that can be spent is of the current window.
func (m *windowModel) noCarryOver(s windowState) bool {
	win := int8(m.win(int(s.T)))
	for _, c := range s.Cli[:len(m.p.KeyOf)] {
		if m.r.MayAdmit(c) && c.Win != win {
			return false
		}
	}
	return true
}

// leaseCover, S3, is why S2 holds: a client's clock, at its slowest, runs out before the
// cluster clock, at its fastest, reaches the window's end.
func (m *windowModel) leaseCover(s windowState) bool {
	for a, c := range s.Cli[:len(m.p.KeyOf)] {
		if c.St == held && !m.covered(&s, int(c.Left), c.Win) {
			return false
		}
		n := s.Ans[a]
		if n != noAnswer && !m.covered(&s, m.r.LeftOnAccept(m, &s, a, n), n.Win) {
			return false
		}
	}
	return true
}

func (m *windowModel) covered(s *windowState, left int, win int8) bool {
	return left <= 0 ||
		left*m.p.lMax() <= ((int(win)+1)*m.p.W-int(s.C))*m.p.cMin()
}

// books, S4: what is charged is unclaimed, held, spent, on its way back, or lost; and nothing
// is two of these.
func (m *windowModel) books(s windowState) bool {
	charged, spent := 0, 0
	for k := range m.p.keys() {
		e, u := s.Tab[k], s.Use[k]
		holders, cred, back := m.holders(&s, k)
		charged += int(e.G)
		if e.Ret {
			charged -= back
		}
		spent += int(u.Spent)
		if e == noGrant {
			continue
		}
		accounted := cred + back + int(u.Spent) + int(u.Lost)
		switch holders {
		case 0: // unclaimed
			if u != noUse {
				return false
			}
		case 1:
			if int(e.G) != accounted {
				return false
			}
		default:
			return false
		}
	}
	return m.p.Limit-int(s.Avail) == charged && int(s.Adm) == spent
}

// holders counts the attempts that hold request k's grant, and sums up their credits.
func (m *windowModel) holders(s *windowState, k int) (n, cred, back int) {
	for a, key := range m.p.KeyOf {
		if c := s.Cli[a]; key == k && c.Win == s.Tab[k].Win {
			n++
			cred += int(c.Cred)
			back += int(c.Back)
		}
	}
	return n, cred, back
}

// The rest are not invariants: the exploration must find each violated, which shows that the
// bound is tight and the model not vacuous.

// neverFull: Limit is never admitted.
func (m *windowModel) neverFull(s windowState) bool { return int(s.Adm) < m.p.Limit }

// neverFull2: Limit is never admitted in a window after a roll.
func (m *windowModel) neverFull2(s windowState) bool {
	return int(s.Adm) != m.p.Limit || m.win(int(s.T)) == 0
}

// neverExpired: no grant expires with credits unspent.
func (m *windowModel) neverExpired(s windowState) bool {
	for _, c := range s.Cli[:len(m.p.KeyOf)] {
		if c.St == held && c.Cred > 0 && c.Left == 0 {
			return false
		}
	}
	return true
}

// invariants returns the named ones, in order.
func (m *windowModel) invariants(names ...string) []Invariant[windowState] {
	all := map[string]func(windowState) bool{
		"TypeOK": m.typeOK, "Safe": m.safe, "NoCarryOver": m.noCarryOver,
		"LeaseCover": m.leaseCover, "Books": m.books,
		"NeverFull": m.neverFull, "NeverFull2": m.neverFull2, "NeverExpired": m.neverExpired,
	}
	list := make([]Invariant[windowState], 0, len(names))
	for _, name := range names {
		list = append(list, Invariant[windowState]{name, all[name]})
	}
	return list
}
