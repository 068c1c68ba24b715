package main

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/timeline"
)

// page is the file of --html. It appears whole, or not at all: it is written beside its place,
// and then put there. What was there before stays until then. A nil page is none: without the
// flag, its methods draw nothing.
type page struct {
	path string
	file *os.File // nil when the page is put, or given up
}

// beginPage begins the page at path; of an empty path it is nil. Where there can be no page, that
// is said here, before there is anything to lose.
func beginPage(path string) (*page, error) {
	if path == "" {
		return nil, nil
	}
	err := checkPlace(path)
	if err == nil {
		var file *os.File
		if file, err = os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*"); err == nil {
			return &page{path: path, file: file}, nil
		}
	}
	if at, ok := errors.AsType[*os.PathError](err); ok {
		err = &os.PathError{Op: "write", Path: path, Err: at.Err} // as the user knows it
	}
	return nil, failf(exitUsage, "--html: %w", err)
}

// checkPlace makes sure that what is at path may be replaced.
func checkPlace(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &os.PathError{Op: "write", Path: path,
			Err: errors.New("it is there, and is no regular file")}
	}
	return nil
}

// discard gives the page up, unless it was put in its place. Nothing is left of it.
func (p *page) discard() {
	if p == nil || p.file == nil {
		return
	}
	_ = p.file.Close() // it is removed
	_ = os.Remove(p.file.Name())
	p.file = nil
}

// check checks files, and draws the check. An error without a report is of the files; with a
// report, it says why the page is not there.
func (p *page) check(files []string, opts twin.Options) (*twin.Report, error) {
	if p == nil {
		return twin.Check(files, opts)
	}
	scanned, err := timeline.Scan(files)
	if err != nil {
		return nil, err
	}
	line := timeline.New(scanned)
	opts.Observe, opts.OnWindow = line.Observe, line.OnWindow
	report, err := twin.Check(files, opts)
	if err != nil {
		return nil, err
	}
	if err := p.put(line, report); err != nil {
		return report, failf(exitFailed, "--html: %w", err)
	}
	return report, nil
}

// put writes the page, and puts it in its place.
func (p *page) put(line *timeline.Timeline, report *twin.Report) error {
	b := bufio.NewWriter(p.file)
	err := errors.Join(line.WriteHTML(b, report), b.Flush(), p.file.Chmod(0o644))
	if err != nil {
		return err
	}
	if err := p.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(p.file.Name(), p.path); err != nil {
		return err
	}
	p.file = nil
	return nil
}
