package linear

import "slices"

// OfWindows returns what the model can judge of h, and how many operations it cannot: those on
// budgets that had a limit of another kind than a window, at any time. The model counts what is
// charged to one window. What sliding limits and buckets may grant is for the trace checker.
func OfWindows(h History) (rest History, left int) {
	beyond := map[string]bool{}
	budgetOf := map[uint64]string{} // by session
	for _, op := range h {
		if op.Input.Kind == OpenSession && op.Output != nil && op.Output.Session > 0 {
			budgetOf[op.Output.Session] = op.Input.Budget
		}
	}
	name := func(op *Op) string {
		if op.Input.Kind == Acquire || op.Input.Kind == GiveBack {
			return budgetOf[op.Input.Session]
		}
		return op.Input.Budget
	}
	other := func(l Limit) bool { return l.Kind != "" && l.Kind != "window" }
	for i := range h {
		told := h[i].Output != nil && slices.ContainsFunc(h[i].Output.Limits, other)
		if told || slices.ContainsFunc(h[i].Input.Limits, other) {
			beyond[name(&h[i])] = true
		}
	}
	if len(beyond) == 0 {
		return h, 0
	}
	for i := range h {
		if h[i].Input.Kind != Rest && beyond[name(&h[i])] {
			left++
		} else {
			rest = append(rest, h[i])
		}
	}
	return rest, left
}
