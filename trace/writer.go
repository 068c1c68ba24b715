package trace

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Bounds of a writer.
const (
	// DefaultQueueBytes is how much may wait for the disk: about 50,000 events.
	DefaultQueueBytes = 8 << 20
	// MaxLine is the longest line of a trace, in bytes. It leaves room for the longest names
	// with every character escaped.
	MaxLine = 16 << 10
	// batchBytes wakes the writing goroutine without waiting for more.
	batchBytes = 256 << 10
	// patience bounds Flush and Close: a disk that does not answer must not hold up a stop.
	patience = 5 * time.Second
)

// How long events wait for company before they are written. A process that is killed loses
// what it recorded in that time. Compressed frames of a few lines would be no smaller than the
// lines, so they wait longer.
const (
	delayPlain = 10 * time.Millisecond
	delayZstd  = 250 * time.Millisecond
)

// Errors of writers.
var (
	// ErrClosed is returned by Flush after Close.
	ErrClosed = errors.New("trace: writer is closed")
	// ErrStalled is returned by Flush and Close when the disk did not answer in 5 seconds. What
	// was queued may be written later, or never.
	ErrStalled = errors.New("trace: the disk does not answer")
)

// Option changes how a Writer works.
type Option func(*Writer)

// WithQueueBytes bounds what may wait for the disk to n bytes of encoded events, at least one
// line of the greatest length. The default is DefaultQueueBytes.
func WithQueueBytes(n int) Option {
	return func(w *Writer) { w.limit = max(n, MaxLine) }
}

// Writer records events to one file. It is safe for concurrent use. Recording never waits for
// the disk: one goroutine writes, started by Create and joined by Close.
type Writer struct {
	clock Clock
	limit int // bytes that may be queued
	delay time.Duration

	wake  chan struct{}      // size 1: something is queued; a second signal adds nothing
	flush chan chan struct{} // unbuffered: write all now, then close the channel sent
	stop  chan struct{}      // closed by Close
	done  chan struct{}      // closed when the goroutine has ended

	file output // the goroutine's alone

	mu     sync.Mutex
	queue  batch
	event  Event // the one being encoded; here because it would escape to the heap
	lost   int64 // events dropped at the queue's end, since the last line queued
	closed bool
	err    error // the first one
}

// batch is a run of whole lines.
type batch struct {
	lines  []byte
	events int64
}

// Create makes the trace file at path and writes its header, for which it takes Run, Recorder,
// Role and DriftPPM from header. The suffix .jsonl writes plain lines, .jsonl.zst compressed
// ones; any other is an error, as is a file that exists: a trace is never overwritten.
//
// The caller must Close the writer.
func Create(path string, header Event, clock Clock, opts ...Option) (*Writer, error) {
	var delay time.Duration
	switch {
	case strings.HasSuffix(path, suffixZstd):
		delay = delayZstd
	case strings.HasSuffix(path, suffixPlain):
		delay = delayPlain
	default:
		return nil, fmt.Errorf("trace: %s: the name must end in %s or %s",
			path, suffixPlain, suffixZstd)
	}
	header.Kind, header.Version, header.Clock = KindHeader, Version, clock.Name
	header.At = clock.Now()
	if err := checkHeader(header); err != nil {
		return nil, fmt.Errorf("trace: %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	out := output{file: f, compress: delay == delayZstd}
	if err := out.write(appendEvent(nil, &header)); err != nil {
		return nil, errors.Join(fmt.Errorf("trace: %w", err), f.Close())
	}
	w := newWriter(out, clock, delay, opts...)
	go w.run()
	return w, nil
}

func newWriter(out output, clock Clock, delay time.Duration, opts ...Option) *Writer {
	w := &Writer{
		clock: clock,
		limit: DefaultQueueBytes,
		delay: delay,
		wake:  make(chan struct{}, 1),
		flush: make(chan chan struct{}),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
		file:  out,
	}
	for _, opt := range opts {
		opt(w)
	}
	return w
}

// Now reads the recorder's clock.
func (w *Writer) Now() int64 { return w.clock.Now() }

// Record queues e. If its At is zero it is set to the clock's reading, under the lock that
// orders the lines. It never waits for the disk: an event that finds the queue full is dropped
// and counted, and a gap stands in its place. After Close it does nothing.
func (w *Writer) Record(e Event) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	if e.At == 0 {
		e.At = w.clock.Now()
	}
	start := len(w.queue.lines)
	if w.lost > 0 {
		w.appendLocked(Event{Kind: KindGap, At: e.At, N: w.lost})
	}
	line := len(w.queue.lines)
	w.appendLocked(e)
	end := len(w.queue.lines)
	if end > w.limit || end-line > MaxLine {
		w.queue.lines = w.queue.lines[:start]
		w.lost++
		w.mu.Unlock()
		return
	}
	w.queue.events += 1 + w.lost // a gap that is lost in turn counts what it stood for
	w.lost = 0
	w.mu.Unlock()
	if start == 0 || start < batchBytes && end >= batchBytes {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

func (w *Writer) appendLocked(e Event) {
	w.event = e
	w.queue.lines = appendEvent(w.queue.lines, &w.event)
}

// Flush returns when all that was recorded before has been given to the operating system, with
// the first error that the writer ever met. It waits at most 5 seconds, then ErrStalled.
func (w *Writer) Flush() error {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	written := make(chan struct{})
	select {
	case w.flush <- written:
	case <-w.stop:
		return ErrClosed
	case <-timeout.C:
		return ErrStalled
	}
	select {
	case <-written:
		return w.firstError()
	case <-timeout.C:
		return ErrStalled
	}
}

// Close writes what is queued and the end line, closes the file and joins the goroutine. It
// returns the first error that the writer ever met, and waits at most 5 seconds, then
// ErrStalled. Closing again returns the same.
func (w *Writer) Close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		at := w.clock.Now()
		if w.lost > 0 {
			w.appendLocked(Event{Kind: KindGap, At: at, N: w.lost})
		}
		w.appendLocked(Event{Kind: KindEnd, At: at})
		w.queue.events += w.lost
		close(w.stop)
	}
	w.mu.Unlock()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-w.done:
		return w.firstError()
	case <-timeout.C:
		return ErrStalled
	}
}

func (w *Writer) firstError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *Writer) keepError(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = fmt.Errorf("trace: %w", err)
	}
}
