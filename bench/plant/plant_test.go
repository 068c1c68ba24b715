// Package plant is what make bench-check is checked with each time: a benchmark, and the same with
// a regression planted that is just more than is let pass. It has tests only.
package plant

import "testing"

// sink keeps what is computed from being left out.
var (
	sink  uint64
	bytes []byte
)

// work is so many rounds of a generator.
func work(rounds int) {
	x := uint64(88172645463325252)
	for range rounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	sink += x
}

func BenchmarkSound(b *testing.B) {
	for b.Loop() {
		work(1000)
	}
}

// BenchmarkSame is BenchmarkSound by another name: no regression.
func BenchmarkSame(b *testing.B) {
	for b.Loop() {
		work(1000)
	}
}

// BenchmarkLonger goes around its loop 15 % more often.
func BenchmarkLonger(b *testing.B) {
	for b.Loop() {
		work(1150)
	}
}

// BenchmarkAllocates has one allocation.
func BenchmarkAllocates(b *testing.B) {
	for b.Loop() {
		bytes = make([]byte, 64)
		work(990)
	}
}
