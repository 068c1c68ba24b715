package lease

// Offer counts an offer that is not decided now, since others wait before it: as demand, once, as
// Admit does. Without it a holder whose callers always wait would see no demand but its backlog,
// ask for that alone, and have them wait again.
func (h *Holder) Offer(now Reading, cost Cost) {
	now = h.observe(now)
	if h.precheck(cost) != Admitted {
		return
	}
	for i, n := range cost {
		if n == 0 {
			continue
		}
		l := &h.lines[i]
		l.demand.offer(now.Mono, n)
		if l.sizer != nil {
			l.sizer.Offered(now.Mono, n)
		}
	}
}
