package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/leased-io/leased/bench/gotest"
)

// counter counts what benchmarks cost.
type counter struct {
	// version names what counts, or says how to get it.
	version func(ctx context.Context) (string, error)
	// build builds a package's tests.
	build func(ctx context.Context, dir, path string, flags ...string) (*gotest.Binary, error)
	// count returns what a benchmark costs that is run so many times.
	count func(ctx context.Context, b *gotest.Binary, name string, iterations int) (Cost, error)
}

// byValgrind is the counter that works on every machine.
var byValgrind = counter{version: version, build: gotest.Build, count: valgrind}

// countLimit is how long one process may take. Under valgrind a benchmark is some 30 times as slow.
const countLimit = 2 * time.Minute

// environment makes the count the same on every machine: no collector, no second processor to
// hand work to, none of the instructions that only some processors have, no signals to preempt.
var environment = []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=off",
	"GODEBUG=asyncpreemptoff=1,cpu.all=off"}

// valgrind counts instructions with its tool lackey, which needs no counters of the processor
// (these are missing in most virtual machines), and follows no calls: callgrind does, and fails
// where goroutines switch stacks. Two runs are subtracted, and with them the start of the process
// and what the benchmark prepares.
func valgrind(
	ctx context.Context, b *gotest.Binary, name string, iterations int,
) (Cost, error) {
	few := max(1, iterations/10)
	base, _, err := lackey(ctx, b, name, few)
	if err != nil {
		return Cost{}, err
	}
	all, result, err := lackey(ctx, b, name, iterations)
	if err != nil {
		return Cost{}, err
	}
	return Cost{
		Instructions: max(0, float64(all-base)/float64(iterations-few)),
		Allocs:       result.Metrics["allocs/op"],
		Bytes:        result.Metrics["B/op"],
	}, nil
}

var counted = regexp.MustCompile(`(?m)^==\d+== +guest instrs: +([0-9,]+)$`)

// lackey runs a benchmark so many times and returns the instructions of the whole process.
func lackey(
	ctx context.Context, b *gotest.Binary, name string, iterations int,
) (int64, gotest.Result, error) {
	fail := func(err error) (int64, gotest.Result, error) {
		return 0, gotest.Result{}, fmt.Errorf("%s, %d iterations: %w", name, iterations, err)
	}
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "valgrind", "--tool=lackey", "--basic-counts=yes", b.Path,
		"-test.run=^$", "-test.v", "-test.benchmem",
		fmt.Sprintf("-test.benchtime=%dx", iterations), "-test.bench="+gotest.Pattern(name))
	cmd.Dir = b.Dir
	cmd.Env = append(os.Environ(), environment...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return fail(fmt.Errorf("%w\n%s%s", err, out.String(), said.String()))
	}
	results, err := gotest.ParseWith(out.String(), 1)
	if err != nil {
		return fail(err)
	}
	result, ok := results.Of(name)
	if !ok {
		return fail(errors.New("there is no such benchmark"))
	}
	if result.Skipped != "" {
		return fail(fmt.Errorf("it was skipped: %s", result.Skipped))
	}
	m := counted.FindStringSubmatch(said.String())
	if m == nil {
		return fail(fmt.Errorf("valgrind does not say what it counted:\n%s", said.String()))
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	if err != nil {
		return fail(err)
	}
	return n, result, nil
}

// version returns valgrind's, or an error that says how to get it.
func version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "valgrind", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("valgrind counts the instructions, and does not run: %w; "+
			"install it (apt-get install valgrind)", err)
	}
	return strings.TrimSpace(string(out)), nil
}
