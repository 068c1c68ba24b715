package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Row is a line of bench/rows/*.tsv: one figure of the table, and the floor beside it.
type Row struct {
	// File and Line say where the row is written, for errors.
	File string
	Line int
	// Section is the table's heading above the row, What the figure in plain words.
	Section, What string
	// Package is a directory relative to the repository's root, which may lie in another module.
	Package string
	// Benchmark and Metric name the figure: BenchmarkX/sub and a unit that it prints.
	Benchmark, Metric string
	// Floor and FloorMetric name what it is divided by; both empty where nothing is.
	Floor, FloorMetric string
	// Target is what the ratio has to be, or the figure itself where there is no floor.
	Target Target
	// Alone has each benchmark of the row run in a process of its own; otherwise those that
	// are compared share one.
	Alone bool
	// Note stands in the table's last column.
	Note string
}

// At says where the row is written.
func (r *Row) At() string { return fmt.Sprintf("%s:%d", r.File, r.Line) }

// Target is a bound on a figure.
type Target struct {
	// Op is "<=" or ">=", or empty where there is none.
	Op    string
	Bound float64
}

// Met reports whether a figure is within the bound.
func (t Target) Met(v float64) bool {
	switch t.Op {
	case "<=":
		return v <= t.Bound
	case ">=":
		return v >= t.Bound
	default:
		return true
	}
}

// String is the target as it is written in a row.
func (t Target) String() string {
	if t.Op == "" {
		return none
	}
	return t.Op + grouped(t.Bound)
}

// none stands in a row's column that says nothing.
const none = "-"

// columns of a row, in their order.
var columns = []string{"section", "what", "package", "benchmark", "metric", "floor-benchmark",
	"floor-metric", "target", "runs-alone", "note"}

// ReadRows returns the rows of all files *.tsv of a directory, in the order of their names. All
// that is wrong with any of them is in the error.
func ReadRows(dir string) ([]*Row, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.tsv"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("rows: no file *.tsv in %s", dir)
	}
	var rows []*Row
	var errs []error
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		s := bufio.NewScanner(f)
		for line := 1; s.Scan(); line++ {
			text := s.Text()
			if strings.TrimSpace(text) == "" || strings.HasPrefix(text, "#") {
				continue
			}
			row, err := parseRow(text)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %w", path, line, err))
				continue
			}
			row.File, row.Line = path, line
			rows = append(rows, row)
		}
		errs = append(errs, s.Err(), f.Close())
	}
	return rows, errors.Join(errs...)
}

var benchmarkName = regexp.MustCompile(`^Benchmark[^\s/]*(/[^\s/]+)*$`)

func parseRow(text string) (*Row, error) {
	cells := strings.Split(text, "\t")
	if len(cells) == len(columns)-1 {
		cells = append(cells, "") // the note may be missing
	}
	if len(cells) != len(columns) {
		return nil, fmt.Errorf("%d columns, want %d separated by tabs: %s", len(cells), len(columns),
			strings.Join(columns, ", "))
	}
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
		if cells[i] == "" && columns[i] != "note" {
			return nil, fmt.Errorf("column %s is empty; %q says that there is none",
				columns[i], none)
		}
	}
	r := &Row{Section: cells[0], What: cells[1], Package: filepath.Clean(cells[2]),
		Benchmark: cells[3], Metric: cells[4], Note: strings.Trim(cells[9], none)}
	if !filepath.IsLocal(r.Package) {
		return nil, fmt.Errorf("package %q is no directory below the repository's root", cells[2])
	}
	if !benchmarkName.MatchString(r.Benchmark) {
		return nil, fmt.Errorf("benchmark %q is no name like BenchmarkX/sub", r.Benchmark)
	}
	if cells[5] != none {
		r.Floor, r.FloorMetric = cells[5], cells[6]
		if !benchmarkName.MatchString(r.Floor) {
			return nil, fmt.Errorf("floor-benchmark %q is no name like BenchmarkX/sub", r.Floor)
		}
		if r.FloorMetric == none {
			return nil, fmt.Errorf("floor-metric is %q beside the floor %s", none, r.Floor)
		}
	} else if cells[6] != none {
		return nil, fmt.Errorf("floor-metric %q has no floor-benchmark", cells[6])
	}
	var err error
	if r.Target, err = parseTarget(cells[7]); err != nil {
		return nil, err
	}
	switch cells[8] {
	case "y":
		r.Alone = true
	case "n":
	default:
		return nil, fmt.Errorf("runs-alone is %q, want y or n", cells[8])
	}
	return r, nil
}

func parseTarget(s string) (Target, error) {
	if s == none {
		return Target{}, nil
	}
	for _, op := range []string{"<=", ">="} {
		number, ok := strings.CutPrefix(s, op)
		if !ok {
			continue
		}
		bound, err := strconv.ParseFloat(strings.ReplaceAll(number, ",", ""), 64)
		if err != nil || math.IsNaN(bound) || math.IsInf(bound, 0) {
			break
		}
		return Target{Op: op, Bound: bound}, nil
	}
	return Target{}, fmt.Errorf("target is %q, want %s or like <=1.25 or >=2.5", s, none)
}
