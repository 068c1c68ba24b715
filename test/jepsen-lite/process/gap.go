//go:build linux

package process

import (
	"math"
	"slices"
	"time"
)

// Gap is the time in which nobody granted, around the kill of a leader.
type Gap struct {
	At int64 `json:"at"` // the kill, on the trace's clock
	// Length is from the last grant before to the first one after, in seconds.
	Length float64 `json:"length_sec"`
	// Epoch is from the kill until an epoch was open again: from there on it is the limiters'
	// turn to ask.
	Epoch float64 `json:"epoch_sec"`
	// Admissions were made, surely within the gap, from leases that limiters held.
	Admissions int64 `json:"admissions"`
}

// gap returns that of a leader killed at the instant at, or false if nobody has granted since.
func (r *records) gap(at int64) (Gap, bool) {
	last, first, open := int64(0), int64(math.MaxInt64), int64(math.MaxInt64)
	for _, opened := range r.opened {
		if opened > at {
			open = min(open, opened)
		}
	}
	for _, g := range r.grants {
		switch {
		case g.at <= at:
			last = max(last, g.at)
		case r.opened[g.epoch] > at:
			// What the old leader had committed may take effect elsewhere just after it.
			first = min(first, g.at)
		}
	}
	if last == 0 || first == math.MaxInt64 {
		return Gap{}, false
	}
	gap := Gap{At: at, Length: time.Duration(first - last).Seconds(),
		Epoch: time.Duration(open - at).Seconds()}
	for _, a := range r.admits {
		if a.first > last && a.last < first {
			gap.Admissions += a.count
		}
	}
	return gap, true
}

// Gaps sums up the gaps of a campaign, in seconds.
type Gaps struct {
	All    []Gap   `json:"all,omitempty"`
	Median float64 `json:"median_sec"`
	P99    float64 `json:"p99_sec"` // of fewer than a hundred: the longest
	Max    float64 `json:"max_sec"`
	// MedianEpoch and MaxEpoch are of the time until an epoch was open.
	MedianEpoch float64 `json:"median_epoch_sec"`
	MaxEpoch    float64 `json:"max_epoch_sec"`
	// Admitting counts the gaps in which limiters admitted from what they held.
	Admitting int `json:"admitting"`
}

// gaps measures those after the kills at the given instants.
func (r *records) gaps(kills []int64) (g Gaps) {
	var lengths, epochs []float64
	for _, at := range kills {
		gap, ok := r.gap(at)
		if !ok {
			continue
		}
		g.All = append(g.All, gap)
		lengths, epochs = append(lengths, gap.Length), append(epochs, gap.Epoch)
		if gap.Admissions > 0 {
			g.Admitting++
		}
	}
	g.Median, g.P99, g.Max = rank(lengths, 50), rank(lengths, 99), rank(lengths, 100)
	g.MedianEpoch, g.MaxEpoch = rank(epochs, 50), rank(epochs, 100)
	return g
}

// rank returns a percentile by the nearest rank, or 0 of nothing.
func rank(of []float64, percent int) float64 {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[max((len(of)*percent+99)/100-1, 0)]
}
