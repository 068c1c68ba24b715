package sim

import (
	"runtime/debug"
	"testing"
)

func benchmark(b *testing.B, draw func(seed uint64) Options) {
	defer debug.SetGCPercent(debug.SetGCPercent(garbage)) // as in a campaign
	b.ReportAllocs()
	entries, admitted, seed, cpu := 0, int64(0), uint64(0), cpuTime()
	for b.Loop() {
		seed++
		out := Run(draw(seed), nil)
		entries += out.Entries
		admitted += out.Books.Admitted
	}
	b.ReportMetric(float64(entries)/float64(seed), "entries/op")
	b.ReportMetric(float64(admitted)/float64(seed), "credits/op")
	b.ReportMetric(float64(cpuTime()-cpu)/float64(seed), "cpu-ns/op")
}

// BenchmarkSchedule plays one seed after another, as TestSim does, without what it does with
// some of them only. BenchmarkLean has the usual schedule, and BenchmarkLarge one of 50 holders.
func BenchmarkSchedule(b *testing.B) { benchmark(b, Draw) }
func BenchmarkLean(b *testing.B)     { benchmark(b, drawLean) }
func BenchmarkLarge(b *testing.B)    { benchmark(b, drawLarge) }
func BenchmarkSmall(b *testing.B)    { benchmark(b, DrawSmall) }
