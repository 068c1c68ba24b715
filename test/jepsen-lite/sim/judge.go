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
	return judge(o, dir, nil)
}

// judge is Judge, and tells of the faults as they strike.
func judge(o Options, dir string, watch Watcher) (
	out Outcome, report *twin.Report, panicked string, err error,
) {
	tape := &tape{dir: dir, drift: o.DriftPPM, local: o.Local, files: map[string]*reel{}}
	out, panicked = Survive(func() Outcome { return Watch(o, tape.record, watch) })
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
	now   int64 // the clock that is shared by all who have none of their own
	files map[string]*reel
	err   error // the first one
}

// reel is the file of one recorder, and the clock that it tells the time by.
type reel struct {
	*trace.Writer
	now *int64
}

func (t *tape) record(recorder string, e trace.Event) {
	r := t.files[recorder]
	if r == nil {
		if r = t.create(recorder, e.At); r == nil {
			return
		}
		t.files[recorder] = r
	}
	*r.now = max(*r.now, e.At)
	r.Record(e)
}

// create begins a recorder's file at the instant of its first event. Nil: it cannot be created.
func (t *tape) create(recorder string, at int64) *reel {
	role, name, now := trace.RoleFleet, "virtual", &t.now
	if strings.HasPrefix(recorder, "n") {
		role = trace.RoleNode
	} else if t.local {
		name, now = recorder, new(int64)
	}
	*now = max(*now, at)
	header := trace.Event{Run: "sim", Recorder: recorder, Role: role, DriftPPM: t.drift}
	clock := trace.Clock{Name: name, Now: func() int64 { return *now }}
	w, err := trace.Create(filepath.Join(t.dir, recorder+".jsonl"), header, clock)
	if err != nil {
		t.err = errors.Join(t.err, err)
		return nil
	}
	return &reel{w, now}
}

func (t *tape) close() error {
	for _, r := range t.files {
		t.err = errors.Join(t.err, r.Close())
	}
	return t.err
}
