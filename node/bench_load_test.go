package node

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// maxBlock is how many requests a caller sends, at most, between two words to the benchmark: one
// operation. Of large requests it is one: a short run has to have many.
const maxBlock = 8

// bearLoad has callers send requests, each its next one when the last is answered, and reports
// how many parts of requests were decided a second, and how long one request took. It begins
// after as many operations as there are callers. A request that fails ends the benchmark.
func bearLoad(b *testing.B, callers, parts int, unit string, request func(caller int) error) {
	b.Helper()
	block := max(1, maxBlock/parts)
	blocks := make(chan error, callers)
	stop := make(chan struct{})
	took := make([][]time.Duration, callers)
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for {
				var err error
				for range block {
					began := time.Now()
					if err = request(i); err != nil {
						break
					}
					took[i] = append(took[i], time.Since(began))
				}
				select {
				case blocks <- err:
				case <-stop:
					return
				}
			}
		})
	}
	var err error
	for range callers {
		err = errors.Join(err, <-blocks)
	}
	cpu := cpuTime(b)
	for err == nil && b.Loop() {
		err = <-blocks
	}
	rate := float64(b.N*block*parts) / b.Elapsed().Seconds()
	perPart := float64(cpuTime(b)-cpu) / float64(b.N*block*parts)
	close(stop)
	running.Wait()
	if err != nil {
		b.Fatal(err)
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	b.ReportMetric(rate, unit+"/s")
	b.ReportMetric(float64(all[len(all)/2]), "p50-ns")
	b.ReportMetric(float64(all[len(all)*99/100]), "p99-ns")
	b.ReportMetric(perPart, "cpu-ns/"+strings.TrimSuffix(unit, "s"))
	b.ReportMetric(0, "ns/op") // of a block: it says nothing
}

// cpuTime is what this process has had of the processors.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// each runs a benchmark for each number of callers.
func each(b *testing.B, name string, callers []int, run func(b *testing.B, callers int)) {
	for _, n := range callers {
		b.Run(fmt.Sprintf("%s/callers=%d", name, n), func(b *testing.B) { run(b, n) })
	}
}
