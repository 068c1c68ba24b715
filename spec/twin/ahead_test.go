package twin

import (
	"errors"
	"io"
	"testing"

	"github.com/leased-io/leased/trace"
)

// failing is a source that ends with an error.
type failing struct {
	file
	err error
}

func (f *failing) Read(e *trace.Event) error {
	err := f.file.Read(e)
	if err != nil {
		err = f.err
	}
	return err
}

// TestReadingAheadChangesNothing: the events and the error come in order, whatever the number, and
// the error again on every later call.
func TestReadingAheadChangesNothing(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{0, 1, batchSize - 1, batchSize, batchSize + 1, 5*batchSize + 7} {
		for _, end := range []error{io.EOF, broken} {
			s := &failing{file: file{name: "f"}, err: end}
			for i := range n {
				s.events = append(s.events, recorded{i, trace.Event{At: int64(i)}})
			}
			a := readAhead(s)
			for i := range n {
				at, err := a.next()
				if err != nil || at.Event.At != int64(i) || at.Line != i+2 || at.File != "f" {
					t.Fatalf("%d events: got %+v, %v as number %d", n, at, err, i)
				}
			}
			for range 2 {
				if at, err := a.next(); !errors.Is(err, end) {
					t.Errorf("%d events: got %+v, %v at the end, want %v", n, at, err, end)
				}
			}
			a.close()
		}
	}
}

// TestReadingAheadStops: whoever wants no more gets the source back.
func TestReadingAheadStops(t *testing.T) {
	for taken := range 2*batchSize + 2 {
		s := &file{name: "f", events: make([]recorded, 10*batchSize)}
		a := readAhead(s)
		for range taken {
			if _, err := a.next(); err != nil {
				t.Fatal(err)
			}
		}
		a.close()
		if s.next > (maxBatches+1)*batchSize+taken {
			t.Errorf("%d events were read, of which %d were wanted", s.next, taken)
		}
	}
}
