package report

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// maxWaits is how many parts a run's waits are told in, at most.
const maxWaits = 600

// waits sums up how long limiters waited, in parts of a round length.
func (r *reader) waits() []Wait {
	all := r.fleet.waited
	slices.SortFunc(all, func(a, b waited) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.wait, b.wait))
	})
	step := int64(sliceOf(r.at(r.log.last)))
	var waits []Wait
	for len(all) > 0 {
		part := max(0, all[0].at-r.begin) / step
		n := sort.Search(len(all), func(i int) bool { return all[i].at-r.begin >= (part+1)*step })
		of := make([]time.Duration, n)
		for i, w := range all[:n] {
			of[i] = time.Duration(w.wait)
		}
		all = all[n:]
		slices.Sort(of)
		waits = append(waits, Wait{From: time.Duration(part * step),
			To: time.Duration((part + 1) * step), Count: int64(n),
			Median: rank(of, 50), Max: of[n-1]})
	}
	return waits
}

// sliceOf is a round length of which no more than maxWaits make up a run.
func sliceOf(length time.Duration) time.Duration {
	for unit := 100 * time.Millisecond; ; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if length/(n*unit) < maxWaits {
				return n * unit
			}
		}
	}
}

// rank returns a percentile by the nearest rank of what is sorted, or 0 of nothing.
func rank(of []time.Duration, percent int) time.Duration {
	if len(of) == 0 {
		return 0
	}
	return of[max((len(of)*percent+99)/100-1, 0)]
}
