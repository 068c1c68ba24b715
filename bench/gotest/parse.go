package gotest

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// Result is what one run of a benchmark says.
type Result struct {
	// Metrics has a value for each unit that was printed: ns/op, B/op, grants/s.
	Metrics map[string]float64
	// Skipped is the reason that a skipped benchmark gave; it has no metrics then.
	Skipped string
}

// Results are the results of a run by the benchmark's name.
type Results map[string]Result

// Parse reads the output of a test binary under -test.v: lines of the Go benchmark format, and
// of skipped benchmarks, whose reason stands just before. Other lines are a program's own, and
// are passed over.
func Parse(out string) (Results, error) { return ParseWith(out, runtime.GOMAXPROCS(0)) }

// ParseWith is Parse of a process that ran with so many processors.
func ParseWith(out string, procs int) (Results, error) {
	results := make(Results)
	said := "skipped"
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "    ") {
			said = reasonOf(line)
			continue
		}
		if name, ok := strings.CutPrefix(line, "--- SKIP: "); ok {
			results[bare(strings.TrimSpace(name), procs)] = Result{Skipped: said}
		}
		said = "skipped"
		name, metrics, err := parseLine(line)
		if err != nil {
			return nil, err
		}
		if metrics != nil {
			results[bare(name, procs)] = Result{Metrics: metrics}
		}
	}
	return results, nil
}

// Of returns the result of the named benchmark. Without one of its own, that of the nearest
// skipped one above it counts.
func (r Results) Of(name string) (Result, bool) {
	if result, ok := r[name]; ok {
		return result, true
	}
	for i := strings.LastIndexByte(name, '/'); i >= 0; i = strings.LastIndexByte(name, '/') {
		name = name[:i]
		if result, ok := r[name]; ok && result.Skipped != "" {
			return result, true
		}
	}
	return Result{}, false
}

// parseLine returns no metrics for a line that is none of a benchmark: in the format a name, a
// count and pairs of value and unit.
func parseLine(line string) (name string, metrics map[string]float64, err error) {
	if !strings.HasPrefix(line, "Benchmark") {
		return "", nil, nil
	}
	fields := strings.Fields(line)
	if len(fields) < 4 {
		return "", nil, nil // -test.v announces each benchmark by its bare name
	}
	if _, err := strconv.Atoi(fields[1]); err != nil {
		return "", nil, nil
	}
	if len(fields)%2 != 0 {
		return "", nil, fmt.Errorf("gotest: value without a unit: %q", line)
	}
	metrics = make(map[string]float64)
	for i := 2; i < len(fields); i += 2 {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return "", nil, fmt.Errorf("gotest: value %q of %s is no number: %q",
				fields[i], fields[i+1], line)
		}
		metrics[fields[i+1]] = v
	}
	return fields[0], metrics, nil
}

// bare returns a benchmark's name without the suffix for the number of processors, which is
// there unless it is 1.
func bare(name string, procs int) string {
	if procs == 1 {
		return name
	}
	return strings.TrimSuffix(name, "-"+strconv.Itoa(procs))
}

// reasonOf returns what a test logged without the file and line before it.
func reasonOf(line string) string {
	if _, reason, ok := strings.Cut(line, ": "); ok {
		return strings.TrimSpace(reason)
	}
	return strings.TrimSpace(line)
}
