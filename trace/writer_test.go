package trace

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter is a clock that counts its readings.
func counter() Clock {
	var mu sync.Mutex
	var n int64
	return Clock{Name: "counter", Now: func() int64 {
		mu.Lock()
		defer mu.Unlock()
		n++
		return n
	}}
}

var nodeHeader = Event{Run: "run", Recorder: "n1", Role: RoleNode, DriftPPM: 5000}

func create(t *testing.T, name string, opts ...Option) (string, *Writer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := Create(path, nodeHeader, counter(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // the tests close it and look
	return path, w
}

// content reads a whole file.
func content(t *testing.T, path string) ([]Event, *Reader) {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var events []Event
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return events, r
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
}

func TestWhatIsRecordedIsRead(t *testing.T) {
	for _, name := range []string{"a.jsonl", "a.jsonl.zst"} {
		path, w := create(t, name)
		w.Record(Event{Kind: KindLeader, Term: 3, OK: true})
		w.Record(Event{Kind: KindPropose, At: -7, Epoch: 3, Stamp: 11})
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		flushed, _ := content(t, path)
		w.Record(Event{Kind: KindEntry, Index: 1})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w.Record(Event{Kind: KindEntry, Index: 2}) // too late
		got, r := content(t, path)
		want := []Event{
			{Kind: KindLeader, At: 2, Term: 3, OK: true},
			{Kind: KindPropose, At: -7, Epoch: 3, Stamp: 11},
			{Kind: KindEntry, At: 3, Index: 1},
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(flushed) != fmt.Sprint(want[:2]) {
			t.Errorf("%s: got %v, flushed %v, want %v", name, got, flushed, want)
		}
		if !r.Complete() || r.Torn() || r.Line() != 5 {
			t.Errorf("%s: complete %v, torn %v, %d lines; want true, false, 5",
				name, r.Complete(), r.Torn(), r.Line())
		}
		header := nodeHeader
		header.Kind, header.At, header.Version, header.Clock = KindHeader, 1, Version, "counter"
		if r.Header() != header {
			t.Errorf("%s: header %+v, want %+v", name, r.Header(), header)
		}
		if err := w.Flush(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: Flush after Close: %v, want ErrClosed", name, err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("%s: second Close: %v", name, err)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.jsonl")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	edit := func(f func(*Event)) Event { h := nodeHeader; f(&h); return h }
	tests := []struct {
		name, path string
		header     Event
	}{
		{"a file that exists", there, nodeHeader},
		{"another suffix", filepath.Join(dir, "a.json"), nodeHeader},
		{"no directory", filepath.Join(dir, "none", "a.jsonl"), nodeHeader},
		{"no run", filepath.Join(dir, "a.jsonl"), edit(func(h *Event) { h.Run = "" })},
		{"no recorder", filepath.Join(dir, "a.jsonl"), edit(func(h *Event) { h.Recorder = "" })},
		{"no role", filepath.Join(dir, "a.jsonl"), edit(func(h *Event) { h.Role = "" })},
		{"bad drift", filepath.Join(dir, "a.jsonl"), edit(func(h *Event) { h.DriftPPM = 1e6 })},
	}
	for _, test := range tests {
		if w, err := Create(test.path, test.header, counter()); err == nil {
			t.Errorf("%s: got no error, then %v on Close", test.name, w.Close())
		}
	}
}

// TestLinesAreInRecordingOrder: under concurrency the order of lines is the order of At.
func TestLinesAreInRecordingOrder(t *testing.T) {
	const goroutines, each = 8, 2000
	path, w := create(t, "a.jsonl")
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				w.Record(Event{Kind: KindAdmit, Session: uint64(g + 1), N: int64(i + 1)})
				if i%500 == 0 {
					if err := w.Flush(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	events, _ := content(t, path)
	if got, want := len(events), goroutines*each; got != want {
		t.Fatalf("got %d events, want %d", got, want)
	}
	last := make(map[uint64]int64)
	for i, e := range events {
		if i > 0 && e.At <= events[i-1].At {
			t.Fatalf("line %d: at %d after %d", i, e.At, events[i-1].At)
		}
		if e.N != last[e.Session]+1 {
			t.Fatalf("line %d: session %d wrote %d after %d", i, e.Session, e.N, last[e.Session])
		}
		last[e.Session] = e.N
	}
}

// disk is an output that can be made to fail or to block.
type disk struct {
	data  []byte
	fail  int           // this many writes fail, after half of their bytes
	block chan struct{} // if set, writes wait for it to be closed
}

var errDisk = errors.New("no space")

func (d *disk) WriteAt(p []byte, at int64) (int, error) {
	if d.block != nil {
		<-d.block
	}
	d.data = append(d.data[:at], p...)
	if d.fail > 0 {
		d.fail--
		d.data = d.data[:int(at)+len(p)/2]
		return len(p) / 2, errDisk
	}
	return len(p), nil
}

func (d *disk) Truncate(size int64) error { d.data = d.data[:size]; return nil }
func (d *disk) Close() error              { return nil }

func onDisk(d *disk, opts ...Option) *Writer {
	w := newWriter(output{file: d}, counter(), delayPlain, opts...)
	go w.run()
	return w
}

// lines decodes what a disk holds.
func lines(t *testing.T, d *disk) []Event {
	t.Helper()
	header := nodeHeader
	header.Kind, header.Version, header.Clock = KindHeader, Version, "counter"
	path := filepath.Join(t.TempDir(), "disk.jsonl")
	if err := os.WriteFile(path, append(appendEvent(nil, &header), d.data...), 0o600); err != nil {
		t.Fatal(err)
	}
	events, r := content(t, path)
	if !r.Complete() || r.Torn() {
		t.Errorf("complete %v, torn %v; want true, false", r.Complete(), r.Torn())
	}
	return events
}

func TestOverflowIsAGapAtThePointOfLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{block: make(chan struct{})}
		w := onDisk(d, WithQueueBytes(1)) // the least: MaxLine
		total := 0
		record := func(n int) {
			for range n {
				total++
				w.Record(Event{Kind: KindEntry, Index: uint64(total)})
			}
		}
		record(1)
		synctest.Wait() // nothing moves until the delay is over
		record(2000)    // more than fit
		close(d.block)
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
		record(10)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		var seen, gaps int
		for _, e := range lines(t, d) {
			if e.Kind == KindGap {
				gaps++
				seen += int(e.N)
				continue
			}
			seen++
			if e.Index != uint64(seen) {
				t.Fatalf("entry %d stands where %d should: the gap is not at the loss",
					e.Index, seen)
			}
		}
		if gaps != 1 || seen != total {
			t.Errorf("got %d gaps and %d events told of, want 1 and %d", gaps, seen, total)
		}
	})
}

func TestOverflowBeforeCloseIsTold(t *testing.T) {
	d := &disk{}
	w := newWriter(output{file: d}, counter(), delayPlain, WithQueueBytes(1))
	for i := range 1000 {
		w.Record(Event{Kind: KindEntry, Index: uint64(i + 1)})
	}
	go w.run() // only now: everything was queued before the first write
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	events := lines(t, d)
	gap := events[len(events)-1]
	if got := len(events) - 1 + int(gap.N); gap.Kind != KindGap || got != 1000 {
		t.Errorf("last event %+v after %d others; want a gap that makes 1000", gap, len(events)-1)
	}
}

func TestALineTooLongIsLost(t *testing.T) {
	d := &disk{}
	w := onDisk(d)
	w.Record(Event{Kind: KindLimit, Budget: string(make([]byte, MaxLine))})
	w.Record(Event{Kind: KindEntry, Index: 1})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	events := lines(t, d)
	if len(events) != 2 || events[0].Kind != KindGap || events[0].N != 1 || events[1].Index != 1 {
		t.Errorf("got %+v, want a gap of 1 and entry 1", events)
	}
}

func TestWriteErrorsAreStickyAndGaps(t *testing.T) {
	d := &disk{fail: 2}
	w := onDisk(d)
	for i := range 6 {
		w.Record(Event{Kind: KindEntry, Index: uint64(i + 1)})
		if i%2 == 1 {
			if err := w.Flush(); !errors.Is(err, errDisk) {
				t.Errorf("flush after entry %d: %v, want %v", i+1, err, errDisk)
			}
		}
	}
	if err := w.Close(); !errors.Is(err, errDisk) {
		t.Errorf("close: %v, want %v", err, errDisk)
	}
	events := lines(t, d)
	if len(events) != 3 || events[0].Kind != KindGap || events[0].N != 4 || events[1].Index != 5 {
		t.Errorf("got %+v, want a gap of 4, entries 5 and 6", events)
	}
}

func TestAStuckDiskHoldsUpNobodyForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{block: make(chan struct{})}
		w := onDisk(d)
		w.Record(Event{Kind: KindEntry, Index: 1})
		if err := w.Flush(); !errors.Is(err, ErrStalled) {
			t.Errorf("flush: %v, want ErrStalled", err)
		}
		w.Record(Event{Kind: KindEntry, Index: 2})
		if err := w.Close(); !errors.Is(err, ErrStalled) {
			t.Errorf("close: %v, want ErrStalled", err)
		}
		close(d.block) // the disk comes back: the goroutine ends by itself
		if err := w.Close(); err != nil {
			t.Errorf("close after the disk came back: %v", err)
		}
		if got := len(lines(t, d)); got != 2 {
			t.Errorf("got %d events, want 2", got)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	for _, suffix := range []string{suffixPlain, suffixZstd} {
		b.Run(suffix[1:], func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "a"+suffix)
			w, err := Create(path, nodeHeader, SystemClock())
			if err != nil {
				b.Fatal(err)
			}
			events := sampleEvents()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				w.Record(events[i%len(events)])
				if i++; i%20000 == 0 { // do not measure how fast events are dropped
					if err := w.Flush(); err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
