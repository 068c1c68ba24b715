package twin

import (
	"errors"
	"io"
	"sync"
)

// feed gives the events of a source one by one.
type feed interface {
	// next returns the next event, which is good until the call after; io.EOF; or an error of
	// the source.
	next() (*Located, error)
}

// Bounds of reading ahead, a file.
const (
	// batchSize is how many events are handed over at a time: enough to make the handing over
	// cheap, and few enough for hundreds of files.
	batchSize = 128
	// maxBatches are in use at once: one that is checked, one that is read, one in between.
	maxBatches = 3
)

// ahead decodes a source in a goroutine of its own while its events are checked.
type ahead struct {
	full chan batch // from the goroutine; closed after the last
	free chan []Located
	stop chan struct{}
	done sync.WaitGroup

	batch batch // the one in use
	at    int   // the next in it
}

// batch are events in a row, and with the last ones what ended them.
type batch struct {
	events []Located
	err    error
}

var _ feed = (*ahead)(nil)

// readAhead starts to read a source. The caller must close it before it closes the source, and
// use nothing else of it until then or until next has returned an error.
func readAhead(s source) *ahead {
	a := &ahead{
		full: make(chan batch, maxBatches),
		free: make(chan []Located, maxBatches),
		stop: make(chan struct{}),
	}
	for range maxBatches {
		a.free <- nil
	}
	a.done.Go(func() { a.read(s) })
	return a
}

// read fills batches until the source ends, fails, or nobody wants more.
func (a *ahead) read(s source) {
	name := s.Name()
	for {
		var b batch
		select {
		case b.events = <-a.free:
		case <-a.stop:
			return
		}
		if b.events == nil {
			b.events = make([]Located, 0, batchSize)
		}
		for b.err == nil && len(b.events) < batchSize {
			b.events = b.events[:len(b.events)+1]
			at := &b.events[len(b.events)-1]
			if b.err = s.Read(&at.Event); b.err != nil {
				b.events = b.events[:len(b.events)-1]
				break
			}
			at.File, at.Line = name, s.Line()
		}
		a.full <- b // there is room: it has as many places as there are batches
		if b.err != nil {
			return
		}
	}
}

func (a *ahead) next() (*Located, error) {
	for a.at == len(a.batch.events) {
		if err := a.batch.err; err != nil {
			if errors.Is(err, io.EOF) {
				a.done.Wait() // so that the source may be asked how it ended
			}
			return nil, err
		}
		if a.batch.events != nil {
			a.free <- a.batch.events[:0]
		}
		a.batch, a.at = <-a.full, 0
	}
	a.at++
	return &a.batch.events[a.at-1], nil
}

// close ends the goroutine and waits for it.
func (a *ahead) close() {
	close(a.stop)
	a.done.Wait()
}
