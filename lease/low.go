package lease

// RunsLow reports whether a limit has fewer live credits than the mark at which more are asked for,
// and may be asked: a limiter that looks after many holders looks only at those then. It is cheap,
// and changes nothing.
func (h *Holder) RunsLow(now Reading) bool {
	for i := range h.lines {
		l := &h.lines[i]
		if l.live < l.lowWater(now, h.request.rtt) && !l.denial.bars(now) {
			return true
		}
	}
	return false
}
