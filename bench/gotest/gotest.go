// Package gotest builds a package's test binary, runs single benchmarks of it, and reads what
// they print: the ground under the table (bench/table) and the baseline (bench/baseline). A
// benchmark is named as `go test` prints it, without the number of processors: BenchmarkX/sub.
package gotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Binary is the test binary of one package.
type Binary struct {
	// Dir is the package's directory, in which its tests expect to run.
	Dir string
	// Path is the binary's own, absolute.
	Path string
}

// ErrNoBenchmarks is returned by Build for a package without a test file.
var ErrNoBenchmarks = errors.New("gotest: the package has no tests")

// Build compiles the tests of the package in dir to the file path, with more flags of `go test`.
// The directory may belong to any module.
func Build(ctx context.Context, dir, path string, flags ...string) (*Binary, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"test", "-c", "-o", path},
		flags, []string{"."})...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("gotest: building the tests of %s: %w\n%s", dir, err, out)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNoBenchmarks, dir)
	}
	return &Binary{Dir: dir, Path: path}, nil
}

// Benchmarks returns the names of the binary's benchmarks, without sub-benchmarks: these are
// known only when they run.
func (b *Binary) Benchmarks(ctx context.Context) ([]string, error) {
	out, err := b.output(ctx, time.Minute, "-test.list", "^Benchmark")
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(out) {
		if name := strings.TrimSpace(line); strings.HasPrefix(name, "Benchmark") {
			names = append(names, name)
		}
	}
	return names, nil
}

// Run runs the named benchmarks once, one after the other in one process, for benchtime each
// (as of -test.benchtime), and returns what they measured. A benchmark that failed is an error;
// one that printed nothing is missing from the results.
func (b *Binary) Run(
	ctx context.Context, limit time.Duration, benchtime string, names ...string,
) (Results, error) {
	out, err := b.output(ctx, limit, "-test.run", "^$", "-test.benchmem", "-test.v",
		"-test.benchtime", benchtime, "-test.bench", Pattern(names...))
	if err != nil {
		return nil, err
	}
	return Parse(out)
}

// output runs the binary and returns what it prints on its standard output. The limit kills it.
func (b *Binary) output(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.Path, args...)
	cmd.Dir = b.Dir
	// A child that outlives its killed parent may keep the output open.
	cmd.WaitDelay = time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if cause := ctx.Err(); cause != nil {
			err = fmt.Errorf("killed after %v: %w", limit, cause)
		}
		return "", fmt.Errorf("gotest: %s: %w\n%s", strings.Join(args, " "), err,
			tail(out.String()+errs.String()))
	}
	return out.String(), nil
}

// maxTail is how much of a failed run's output an error quotes, in bytes: the reason is at its end.
const maxTail = 2_000

func tail(s string) string {
	if len(s) > maxTail {
		return "..." + s[len(s)-maxTail:]
	}
	return s
}

// Pattern returns the value of -bench that selects exactly the named benchmarks.
func Pattern(names ...string) string {
	var patterns []string
	for _, name := range names {
		parts := strings.Split(name, "/")
		for i, part := range parts {
			parts[i] = "^" + regexp.QuoteMeta(part) + "$"
		}
		patterns = append(patterns, strings.Join(parts, "/"))
	}
	return strings.Join(patterns, "|")
}
