package explore

import "slices"

// canonicalWindow returns one of the states that differ from s by a renaming of whole requests
// (attempt and key together), where each request has one attempt.
func canonicalWindow(s windowState) windowState {
	best := s
	for _, to := range [...][3]int{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		r := s
		for from, i := range to {
			r.Tab[i], r.Use[i] = s.Tab[from], s.Use[from]
			r.Ans[i], r.Cli[i] = s.Ans[from], s.Cli[from]
		}
		for i := range r.Log[:r.LogLen] {
			r.Log[i].A = int8(to[r.Log[i].A])
		}
		if lessWindow(&r, &best) {
			best = r
		}
	}
	return best
}

// lessWindow is TLC's order of states, as far as states that differ by a renaming may differ:
// by tab, log, ans, cli, use, and in each by fields in the order in which TLC met their names.
// It matters since the VIEW comes after it.
func lessWindow(a, b *windowState) bool {
	x, y := orderedWindow(a), orderedWindow(b)
	return slices.Compare(x[:], y[:]) < 0
}

func orderedWindow(s *windowState) (words [maxLog + 2*maxKeys + 2*maxAttempts]uint64) {
	// The order of the names of a client's states.
	rank := [...]int8{sent: 0, held: 1, gone: 2, idle: 3}
	n := 0
	add := func(fields ...int8) {
		words[n] = pack(fields...)
		n++
	}
	// A window is -1 where there is none.
	for i := range s.Tab {
		add(s.Tab[i].Win+1, bit(s.Tab[i].Ret), s.Tab[i].G)
	}
	for i := range s.Log {
		add(s.Log[i].A)
	}
	for i := range s.Ans {
		add(s.Ans[i].Win+1, s.Ans[i].TTL, s.Ans[i].G)
	}
	for i := range s.Cli {
		c := &s.Cli[i]
		add(c.Win+1, c.Age, rank[c.St], c.Cred, c.Left, c.Back)
	}
	for i := range s.Use {
		add(s.Use[i].Spent, s.Use[i].Lost)
	}
	return words
}
