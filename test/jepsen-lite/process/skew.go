//go:build linux

package process

const million = 1_000_000

// Skew is what a clock shows, rounded down, after elapsed nanoseconds of real time, from 0 on, if
// it is ppm parts per million fast: above -million.
func Skew(elapsed, ppm int64) int64 {
	rate := million + ppm
	return elapsed/million*rate + elapsed%million*rate/million
}

// Unskew is the first instant at which such a clock shows shown, or more.
func Unskew(shown, ppm int64) int64 {
	rate := million + ppm
	return shown/rate*million + (shown%rate*million+rate-1)/rate
}
