package twin

// A sliding limit: the charges of the current window and of the slots before it stay within the
// amount (SlidingLease!InBudget). A charge is where its lease is over, which is its own window.

// slide makes w, which is over, one of those before, and forgets those that count no more.
func (l *limit) slide(w *window) {
	if w != nil {
		l.past = append(l.past, w)
	}
	for len(l.past) > 0 && l.past[0].number < l.number-l.slots {
		l.past[0] = nil
		l.past = l.past[1:]
	}
}

// charged is what key is charged in w.
func (w *window) charged(key string) int64 {
	if a := w.byKey[key]; a != nil {
		return a.used
	}
	return 0
}

// before is what key is charged in the windows before the current one that count.
func (l *limit) before(key string) int64 {
	sum := int64(0)
	for _, w := range l.past {
		sum += w.charged(key)
	}
	return sum
}

// leaves is the first instant at which the charges of window number count no more.
func (l *limit) leaves(number int64) int64 { return (number + l.slots + 1) * l.span }

// slides reports whether more is left for key at instant t than just before it, so that a request
// that was denied now may be granted then. Used is what the current window is charged.
func (l *limit) slides(key string, used, t int64) bool {
	left := l.amountOf(key) - l.before(key) - used
	for _, w := range l.past {
		n := w.charged(key)
		left += n
		if n > 0 && left > 0 && l.leaves(w.number) == t {
			return true
		}
	}
	return used > 0 && l.leaves(l.number) == t
}
