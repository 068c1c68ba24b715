package lease

// Told says that the budget has a revision now, 0: that it is no more, and reports whether that is
// news: then the holder asks at once, for nothing if it needs nothing, and is answered what has
// changed. It decides nothing: what was told may be wrong, or old, and costs a request then.
func (h *Holder) Told(now Reading, revision uint64) bool {
	h.observe(now)
	switch {
	case h.state == Closed || h.state == Lost:
		return false
	case revision == 0 && h.state == NoBudget, revision > 0 && revision <= h.revision &&
		h.state != NoBudget:
		return false
	}
	h.told, h.toldOf, h.request.quiet = true, revision, false
	return true
}

// planTold plans a request that asks for nothing, after something was told that is news still.
func (h *Holder) planTold() bool {
	return h.told && (h.toldOf == 0 || h.toldOf > h.revision || h.state == NoBudget)
}
