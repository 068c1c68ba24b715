package twin

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// stream is the busy world without an end: it plays on when a file of it is read to its end, and
// forgets what was read. So a run of any length is checked in little memory, without a disk.
type stream struct {
	*world
	step func()
	left int64 // how many events are still to be handed out
}

// streamed is one file of a stream.
type streamed struct {
	*file
	of   *stream
	line int
}

var _ source = (*streamed)(nil)

func (f *streamed) Line() int { return f.line + 1 }

func (f *streamed) Read(e *trace.Event) error {
	if f.of.left == 0 {
		return io.EOF
	}
	if f.next >= 1024 || f.next == len(f.events) {
		f.events, f.next = append(f.events[:0], f.events[f.next:]...), 0
	}
	for len(f.events) == 0 {
		f.of.step()
		f.of.log = f.of.log[:0] // only a restart reads it
	}
	f.of.left--
	f.line++
	return f.file.Read(e)
}

// checkStream checks so many events of a busy run. Its end is in the middle of things, and so the
// files are no complete ones. It calls at before an event is checked, with its number.
func checkStream(tb testing.TB, events int64, at func(n int64)) *Report {
	tb.Helper()
	w, step := bustle()
	s := &stream{world: w, step: step, left: events}
	c := newChecker(Options{Horizon: time.Second})
	for _, f := range w.files {
		f.complete = false
		if err := c.admit(f, &counted{direct{source: &streamed{file: f, of: s}}, s, events, at}); err !=
			nil {
			tb.Fatal(err)
		}
	}
	if err := c.run(); err != nil {
		tb.Fatal(err)
	}
	return c.conclude()
}

// counted tells of each event that is read.
type counted struct {
	direct
	of    *stream
	total int64
	at    func(n int64)
}

func (c *counted) next() (*Located, error) {
	at, err := c.direct.next()
	if err == nil {
		c.at(c.total - c.of.left)
	}
	return at, err
}

// heapEvery is how often the heap is looked at, in events.
const heapEvery = 250_000

// heapOf checks so many events and returns the most that lived on the heap meanwhile, in bytes.
func heapOf(tb testing.TB, events int64) (most uint64) {
	tb.Helper()
	var m runtime.MemStats
	r := checkStream(tb, events, func(n int64) {
		if n%heapEvery == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	})
	if r.Events != events || r.Violation != nil || most == 0 {
		tb.Fatalf("%d events of %d, %v, heap %d", r.Events, events, r.Violation, most)
	}
	return most
}

// BenchmarkCheckMemory is the checker alone, all layers on one core: the events are in memory, and
// nothing is decoded.
func BenchmarkCheckMemory(b *testing.B) {
	w := busy(200)
	events := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		c := newChecker(Options{Horizon: time.Second})
		for _, f := range w.files {
			f.next = 0
			if err := c.admit(f, &direct{source: f}); err != nil {
				b.Fatal(err)
			}
		}
		if err := c.run(); err != nil {
			b.Fatal(err)
		}
		r := c.conclude()
		if r.Verdict != Valid {
			b.Fatal(r.Reasons)
		}
		events += r.Events
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

var long = flag.Bool("check.long", false, "have BenchmarkCheckHeap check 100,000,000 events too")

// BenchmarkCheckHeap is what lives on the heap at most in runs of so many events, made up and
// checked as they come.
func BenchmarkCheckHeap(b *testing.B) {
	lengths := []int64{1_000_000, 10_000_000}
	if *long {
		lengths = append(lengths, 100_000_000)
	}
	for _, events := range lengths {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(heapOf(b, events)), "heap-B")
			}
			b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
