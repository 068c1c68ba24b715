package lockstep

import (
	"errors"
	"path/filepath"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// tape is the trace of a deep walk: a file a recorder.
type tape struct {
	d     *Deep
	dir   string // empty: nothing is written
	files map[string]*reel
	err   error
}

// reel is one file, and the instant of its last event.
type reel struct {
	*trace.Writer
	at int64
}

func newTape(d *Deep, dir string) *tape {
	return &tape{d: d, dir: dir, files: map[string]*reel{}}
}

// record writes an event of a recorder, whose file is made with its first one.
func (t *tape) record(recorder string, e trace.Event) {
	if t.dir == "" {
		return
	}
	f := t.files[recorder]
	if f == nil {
		f = &reel{at: e.At}
		header := trace.Event{Run: "deep", Recorder: recorder, Role: trace.RoleFleet,
			DriftPPM: t.d.rho}
		clock := trace.Clock{Name: "true", Now: func() int64 { return f.at }}
		if recorder[0] == 'n' {
			header.Role = trace.RoleNode
		} else if t.d.local {
			clock.Name = recorder
		}
		w, err := trace.Create(filepath.Join(t.dir, recorder+".jsonl"), header, clock)
		if err != nil {
			t.err = errors.Join(t.err, err)
			return
		}
		f.Writer = w
		t.files[recorder] = f
	}
	f.at = e.At
	f.Record(e)
}

// judge closes the files and has the trace checker judge them. Nil: nothing was written.
func (t *tape) judge() (*twin.Report, error) {
	for _, w := range t.files {
		t.err = errors.Join(t.err, w.Close())
	}
	if t.err != nil || t.dir == "" {
		return nil, t.err
	}
	files, err := trace.Files(t.dir)
	if err != nil {
		return nil, err
	}
	return twin.Check(files, twin.Options{})
}
