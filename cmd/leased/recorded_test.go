package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leased-io/leased/cmd/leased/demo"
	"github.com/leased-io/leased/trace"
)

// The runs that the tests of traces share: the demo, in short, its leader killed.
const (
	recordedRuns     = 3 // seeds from 1
	recordedDuration = 3 * time.Second
	recordedWindow   = 400 * time.Millisecond // about fifteen rolls
	recordedLimiters = 14                     // of two processes
	recordTries      = 3
)

// line is a line of a trace file.
type line struct {
	event trace.Event
	place place
	text  []byte      // as it was recorded
	was   trace.Event // what text says
}

// place is where a node's line stands in the log: the same in every node's file. Lines that do
// not come from applying the log have none.
type place struct {
	index uint64 // of the entry, from 1
	nth   int    // 0 is the entry, then come its events
}

// traceFile is one file of a trace.
type traceFile struct {
	name  string
	lines []*line
}

// traceRun is the trace of one run, to be edited.
type traceRun struct {
	seed  uint64
	files []*traceFile
}

// recorded returns the traces of the runs. Nobody may change them. On a machine that is too
// busy a run may show too little: then it is recorded again, less at a time.
var recorded = sync.OnceValues(func() (runs []*traceRun, err error) {
	for try := range recordTries {
		if runs, err = recordAll(max(1, recordedRuns-try)); err == nil {
			return runs, nil
		}
	}
	return nil, err
})

// recordAll runs the demo with all seeds, some at a time. It fails if what the runs show does
// not suffice for every corruption.
func recordAll(atOnce int) ([]*traceRun, error) {
	dir, err := os.MkdirTemp("", "leased-recorded-")
	if err != nil {
		return nil, err
	}
	runs := make([]*traceRun, recordedRuns)
	var running errgroup.Group
	running.SetLimit(atOnce)
	for i := range runs {
		running.Go(func() (err error) {
			runs[i], err = recordDemo(filepath.Join(dir, fmt.Sprint(i)), uint64(i+1))
			return err
		})
	}
	if err := errors.Join(running.Wait(), os.RemoveAll(dir)); err != nil {
		return nil, err
	}
	for _, c := range corruptions() {
		total := 0
		for _, run := range runs {
			total += len(c.choices(run))
		}
		if total == 0 {
			return nil, fmt.Errorf("the traces have no place for this: %s", c.name)
		}
	}
	return runs, nil
}

// recordDemo runs the demo and reads its trace.
func recordDemo(dir string, seed uint64) (*traceRun, error) {
	cfg := demo.DefaultConfig()
	cfg.Limiters = recordedLimiters
	cfg.Duration = recordedDuration
	cfg.Window = recordedWindow
	cfg.Seed = seed
	cfg.TraceDir = dir
	report, err := demo.Run(context.Background(), cfg, io.Discard, false)
	if err != nil {
		return nil, err
	}
	if report.Failover == nil || report.Requests.Admitted == 0 {
		return nil, fmt.Errorf("seed %d: no leader was killed, or nothing admitted: %s",
			seed, report.Text())
	}
	paths, err := trace.Files(dir)
	if err != nil {
		return nil, err
	}
	return readRun(seed, paths...)
}

// readRun reads the files of one run.
func readRun(seed uint64, paths ...string) (*traceRun, error) {
	run := &traceRun{seed: seed}
	for _, path := range paths {
		file, err := readLines(path)
		if err != nil {
			return nil, err
		}
		run.files = append(run.files, file)
	}
	return run, nil
}

// readLines reads a file without the reader under test.
func readLines(path string) (*traceFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &traceFile{name: filepath.Base(path)}
	at := place{}
	for text := range bytes.Lines(data) {
		l := &line{text: text}
		if err := json.Unmarshal(text, &l.event); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, len(f.lines)+1, err)
		}
		l.was = l.event
		switch l.event.Kind {
		case trace.KindEntry:
			at = place{index: l.event.Index}
			l.place = at
		case trace.KindEpoch, trace.KindLimit, trace.KindBudget, trace.KindRoll, trace.KindSession,
			trace.KindSessionEnd, trace.KindGrant, trace.KindReplay, trace.KindDeny,
			trace.KindReturn, trace.KindTakeOver:
			at.nth++
			l.place = at
		}
		f.lines = append(f.lines, l)
	}
	return f, nil
}

// clone returns a copy that may be edited.
func (r *traceRun) clone() *traceRun {
	c := &traceRun{seed: r.seed}
	for _, f := range r.files {
		lines := make([]line, len(f.lines))
		g := &traceFile{name: f.name, lines: make([]*line, len(f.lines))}
		for i, l := range f.lines {
			lines[i] = *l
			g.lines[i] = &lines[i]
		}
		c.files = append(c.files, g)
	}
	return c
}

// write writes the run's files into dir.
func (r *traceRun) write(t *testing.T, dir string) {
	t.Helper()
	for _, f := range r.files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.bytes(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// bytes returns the file's content. Lines that nobody edited are as they were recorded.
func (f *traceFile) bytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, l := range f.lines {
		text := l.text
		if l.event != l.was {
			text = encode(t, l.event)
		}
		b.Write(text)
	}
	return b.Bytes()
}

func encode(t *testing.T, e trace.Event) []byte {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// theRuns returns the recorded runs.
func theRuns(t *testing.T) []*traceRun {
	t.Helper()
	runs, err := recorded()
	if err != nil {
		t.Fatal(err)
	}
	return runs
}
