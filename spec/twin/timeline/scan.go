package timeline

import (
	"errors"
	"io"

	"github.com/leased-io/leased/trace"
)

// File is what a timeline has to know of a trace file before the first event: which clock it
// is written by, and how it ends, which no event tells.
type File struct {
	Name     string // the path, as in twin.Located
	Recorder string
	Role     string // trace.RoleNode or trace.RoleFleet
	Clock    string
	DriftPPM int64
	Events   int64 // header and end line left out
	// First and Last are the readings of the first and the last event, of the header without.
	First, Last int64
	Ended       bool // it has an end line: the recorder was closed in order
	Torn        bool // it ends in a torn line
}

// Scan reads trace files once for New. Its errors are those that a check of them has.
func Scan(paths []string) ([]File, error) {
	files := make([]File, 0, len(paths))
	for _, path := range paths {
		f, err := scan(path)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func scan(path string) (File, error) {
	r, err := trace.Open(path)
	if err != nil {
		return File{}, err
	}
	defer r.Close()
	h := r.Header()
	f := File{Name: r.Name(), Recorder: h.Recorder, Role: h.Role, Clock: h.Clock,
		DriftPPM: h.DriftPPM, First: h.At, Last: h.At}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			f.Ended, f.Torn = r.Complete(), r.Torn()
			return f, nil
		}
		if err != nil {
			return File{}, err
		}
		if f.Events++; f.Events == 1 {
			f.First = e.At
		}
		f.Last = max(f.Last, e.At)
	}
}
