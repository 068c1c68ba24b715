package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Cost is what one operation of a benchmark costs, in what does not depend on how busy the machine
// is.
type Cost struct {
	// Instructions, as valgrind counts them: of all threads, without the kernel.
	Instructions float64
	// Allocs and Bytes are the allocations and their bytes, as testing counts them.
	Allocs, Bytes float64
}

// Line is a benchmark of the baseline.
type Line struct {
	// File and Line say where it is written, for errors.
	File string
	Line int
	// Package is a directory relative to the repository's root.
	Package, Benchmark string
	// Iterations is how often it is run to be counted; a tenth of that is subtracted, and with
	// it all that is done once.
	Iterations int
	// Was is its cost when the baseline was written, unless it is new.
	Was *Cost
}

func (l *Line) String() string { return l.Package + " " + l.Benchmark }

// Baseline is a file of lines.
type Baseline struct {
	// Comment is what stands above the lines.
	Comment []string
	// Platform is what it was taken on: "go1.26.8 linux/amd64". Empty if it was never taken.
	Platform string
	Lines    []*Line
}

const (
	platformPrefix = "# taken with "
	none           = "-"
)

// columns of a line.
var columns = []string{"package", "benchmark", "iterations", "instructions/op", "allocs/op", "B/op"}

// maxIterations bounds the column, so that a slip of the hand is found at once.
const maxIterations = 100_000_000

// ReadFile reads a baseline. All that is wrong with it is in the error.
func ReadFile(path string) (*Baseline, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := new(Baseline)
	var errs []error
	seen := make(map[string]bool)
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		text := s.Text()
		if platform, ok := strings.CutPrefix(text, platformPrefix); ok {
			b.Platform = platform
			continue
		}
		if strings.HasPrefix(text, "#") {
			b.Comment = append(b.Comment, text)
			continue
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		l, err := parseLine(text)
		if err == nil && seen[l.String()] {
			err = fmt.Errorf("%s is there twice", l)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", path, n, err))
			continue
		}
		seen[l.String()] = true
		l.File, l.Line = path, n
		b.Lines = append(b.Lines, l)
	}
	errs = append(errs, s.Err())
	if len(b.Lines) == 0 {
		errs = append(errs, fmt.Errorf("%s names no benchmark: a check of none proves nothing", path))
	}
	return b, errors.Join(errs...)
}

func parseLine(text string) (*Line, error) {
	cells := strings.Split(text, "\t")
	if len(cells) != len(columns) {
		return nil, fmt.Errorf("%d columns, want %d separated by tabs: %s", len(cells), len(columns),
			strings.Join(columns, ", "))
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	l := &Line{Package: filepath.Clean(cells[0]), Benchmark: cells[1]}
	if !filepath.IsLocal(l.Package) {
		return nil, fmt.Errorf("package %q is no directory below the repository's root", cells[0])
	}
	if !strings.HasPrefix(l.Benchmark, "Benchmark") {
		return nil, fmt.Errorf("benchmark %q is no name like BenchmarkX/sub", l.Benchmark)
	}
	n, err := strconv.Atoi(cells[2])
	if err != nil || n < 2 || n > maxIterations {
		return nil, fmt.Errorf("iterations is %q, want 2 to %d", cells[2], maxIterations)
	}
	l.Iterations = n
	if cells[3] == none && cells[4] == none && cells[5] == none {
		return l, nil // new: to be measured
	}
	l.Was = new(Cost)
	for i, to := range []*float64{&l.Was.Instructions, &l.Was.Allocs, &l.Was.Bytes} {
		v, err := strconv.ParseFloat(cells[3+i], 64)
		if err != nil || !(v >= 0) {
			return nil, fmt.Errorf("%s is %q, want a number or, in all three columns, %s",
				columns[3+i], cells[3+i], none)
		}
		*to = v
	}
	return l, nil
}

// WriteFile writes the baseline.
func (b *Baseline) WriteFile(path string) error {
	var s strings.Builder
	for _, line := range b.Comment {
		s.WriteString(line + "\n")
	}
	s.WriteString(platformPrefix + b.Platform + "\n")
	for _, l := range b.Lines {
		fmt.Fprintf(&s, "%s\t%s\t%d", l.Package, l.Benchmark, l.Iterations)
		if l.Was == nil {
			s.WriteString("\t-\t-\t-\n")
			continue
		}
		fmt.Fprintf(&s, "\t%.0f\t%.0f\t%.0f\n", l.Was.Instructions, l.Was.Allocs, l.Was.Bytes)
	}
	return os.WriteFile(path, []byte(s.String()), 0o644)
}
