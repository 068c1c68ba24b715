package sim

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// Judge plays the schedule that belongs to o, records it into files under dir, which is empty,
// and has the trace checker judge them. Where the product panics, the files are judged as far
// as they go, and the panic's text is in panicked. The error is one of the files or their form.
func Judge(o Options, dir string) (out Outcome, report *twin.Report, panicked string, err error) {
	tape := &tape{dir: dir, drift: o.DriftPPM, local: o.Local, files: map[string]*trace.Writer{}}
	out, panicked = Survive(func() Outcome { return Run(o, tape.record) })
	if err := tape.close(); err != nil {
		return out, nil, panicked, err
	}
	paths, err := trace.Files(dir)
	if err != nil {
		return out, nil, panicked, err
	}
	report, err = twin.Check(paths, twin.Options{})
	return out, report, panicked, err
}

// Survive returns what run does, or the text of its panic.
func Survive(run func() Outcome) (out Outcome, panicked string) {
	defer func() {
		if p := recover(); p != nil {
			panicked = fmt.Sprint(p)
		}
	}()
	return run(), ""
}

// tape is the trace files of a schedule, one a recorder, in virtual time.
type tape struct {
	dir   string
	drift int64
	local bool
	now   int64
	files map[string]*trace.Writer
	err   error // the first one
}

func (t *tape) record(recorder string, e trace.Event) {
	t.now = max(t.now, e.At)
	w := t.files[recorder]
	if w == nil {
		role, name := trace.RoleFleet, "virtual"
		if strings.HasPrefix(recorder, "n") {
			role = trace.RoleNode
		} else if t.local {
			name = recorder
		}
		header := trace.Event{Run: "sim", Recorder: recorder, Role: role, DriftPPM: t.drift}
		clock := trace.Clock{Name: name, Now: func() int64 { return t.now }}
		created, err := trace.Create(filepath.Join(t.dir, recorder+".jsonl"), header, clock)
		if err != nil {
			t.err = errors.Join(t.err, err)
			return
		}
		w = created
		t.files[recorder] = w
	}
	w.Record(e)
}

func (t *tape) close() error {
	for _, w := range t.files {
		t.err = errors.Join(t.err, w.Close())
	}
	return t.err
}
