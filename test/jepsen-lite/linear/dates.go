package linear

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// dates finds out what the answers say of cluster time. Latest is the latest that it can have
// been when an operation had effect: it does not go back, so the answers to operations that began
// later bound it. Horizon is an instant after the end of every window that an answer dates.
func dates(h History) (latest func(Op) int64, horizon int64) {
	var longest int64
	for _, op := range h {
		for _, l := range op.Input.Limits {
			longest = max(longest, l.Per)
		}
	}
	began := slices.Clone(h)
	slices.SortFunc(began, func(a, b Op) int { return cmp.Compare(a.Call, b.Call) })
	bounds := make([]int64, len(began)+1) // of all operations from here on
	bounds[len(began)] = math.MaxInt64
	for i := len(began) - 1; i >= 0; i-- {
		date := date(began[i].Output, longest)
		bounds[i] = min(bounds[i+1], date)
		if date < math.MaxInt64 {
			horizon = max(horizon, date)
		}
	}
	latest = func(op Op) int64 {
		after := sort.Search(len(began), func(i int) bool { return began[i].Call > op.Return })
		return min(date(op.Output, longest), bounds[after])
	}
	return latest, horizon + 2*longest
}

// date returns the latest that cluster time can have been at an answer, by what it says. Longest
// is the longest window there can be.
func date(out *Output, longest int64) int64 {
	by := int64(math.MaxInt64)
	if out == nil {
		return by
	}
	for _, g := range out.Grants {
		by = min(by, (g.Window+1)*longest-g.TTL)
	}
	for i, u := range out.Usage {
		if i < len(out.Limits) {
			by = min(by, (u.Window+1)*out.Limits[i].Per-u.EndsIn)
		}
	}
	return by
}
