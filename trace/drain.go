package trace

import (
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
)

// run writes what is queued until Close. It is the only one that touches the file.
func (w *Writer) run() {
	defer close(w.done)
	defer func() { w.keepError(w.file.file.Close()) }()
	timer := time.NewTimer(w.delay)
	timer.Stop()
	var spare []byte
	var lost int64 // events of batches that could not be written, not yet told in a gap
	for {
		var written chan struct{}
		select {
		case <-w.wake:
			if w.queued() < batchBytes {
				timer.Reset(w.delay)
				continue
			}
		case <-timer.C:
		case written = <-w.flush:
		case <-w.stop:
			w.drain(spare, lost)
			return
		}
		timer.Stop()
		spare, lost = w.drain(spare, lost)
		if written != nil {
			close(written)
		}
	}
}

func (w *Writer) queued() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue.lines)
}

// drain swaps the queue for spare and writes it, after a gap that tells of the lost events
// before it. It returns the buffer to use next time and how many events are now untold.
func (w *Writer) drain(spare []byte, lost int64) ([]byte, int64) {
	w.mu.Lock()
	b := w.queue
	w.queue = batch{lines: spare[:0]}
	w.mu.Unlock()
	if len(b.lines) == 0 {
		return b.lines, lost
	}
	lines := b.lines
	if lost > 0 {
		gap := Event{Kind: KindGap, At: w.clock.Now(), N: lost}
		lines = append(appendEvent(nil, &gap), lines...)
	}
	if err := w.file.write(lines); err != nil {
		w.keepError(err)
		return b.lines, lost + b.events
	}
	return b.lines, 0
}

// output is the file, written in runs of whole lines. A run that fails is cut off again, so
// that the file always ends at a line, or at most in a torn one if the process dies.
type output struct {
	file interface {
		io.WriterAt
		io.Closer
		Truncate(size int64) error
	}
	size     int64
	compress bool
	encoder  *zstd.Encoder
	frame    []byte
}

// write appends lines; compressed, they make one zstd frame, so that what is on disk can be
// read even if nothing follows.
func (o *output) write(lines []byte) error {
	if o.compress {
		if o.encoder == nil {
			encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
			if err != nil {
				return err
			}
			o.encoder = encoder
		}
		o.frame = o.encoder.EncodeAll(lines, o.frame[:0])
		lines = o.frame
	}
	if _, err := o.file.WriteAt(lines, o.size); err != nil {
		// If even this fails, the next run overwrites what this one left.
		_ = o.file.Truncate(o.size)
		return err
	}
	o.size += int64(len(lines))
	return nil
}
