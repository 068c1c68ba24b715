// Table measures what bench/rows/*.tsv names and writes one Markdown table of it, each figure
// with its floor beside it, measured in the same rounds.
//
//	go run ./bench/table [-only REGEXP] [-out FILE] [-budget 10m] [-rounds 5] [-benchtime 200ms]
//
// With -only it measures the rows whose "PACKAGE BENCHMARK" matches, and prints the table. A target
// that is missed is not a failure: the table says so. It exits with 1 if a benchmark failed, and
// with 2 if a row is wrong or names what is not there.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitInput  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("table", flag.ContinueOnError)
	flags.SetOutput(stderr)
	r := runner{progress: stderr}
	flags.StringVar(&r.root, "root", ".", "the repository's root `directory`")
	dir := flags.String("rows", "bench/rows", "the `directory` of the rows")
	pick := flags.String("only", "", "measure the rows whose package and benchmark match `regexp`")
	out := flags.String("out", "", "write the table to this `file`, not to the standard output")
	flags.DurationVar(&r.budget, "budget", 10*time.Minute, "how long all may take")
	flags.IntVar(&r.rounds, "rounds", 5, "how often each row is measured, if there is time")
	flags.StringVar(&r.benchtime, "benchtime", "200ms", "as of go test -benchtime")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitDone
	} else if err != nil {
		return exitInput
	}
	if err := r.table(ctx, *dir, *pick, *out, stdout); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		if errors.Is(err, errBenchmarks) {
			return exitFailed
		}
		return exitInput
	}
	return exitDone
}

// errBenchmarks is returned when the table is written, but lacks figures of benchmarks that
// failed.
var errBenchmarks = errors.New("benchmarks failed, see above")

func (r *runner) table(ctx context.Context, dir, pick, out string, stdout io.Writer) error {
	if r.rounds < 1 {
		return fmt.Errorf("-rounds is %d, want at least 1", r.rounds)
	}
	rows, err := ReadRows(dir)
	if err != nil {
		return err
	}
	if rows, err = selected(rows, pick); err != nil {
		return err
	}
	if r.tmp, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(r.tmp) //nolint:errcheck // what is left in the temporary directory is no harm
	groups := plan(rows)
	if err := r.measure(ctx, groups); err != nil {
		return err
	}
	figures := make(map[*Row]figure)
	for _, g := range groups {
		for _, row := range g.rows {
			figures[row] = sum(g, row)
		}
	}
	var page bytes.Buffer
	page.WriteString(head)
	page.WriteString(machine(cpu(), time.Now()))
	var ordered []figure
	failed := false
	for _, row := range rows {
		ordered = append(ordered, figures[row])
		failed = failed || figures[row].failed != nil
	}
	writeTable(&page, ordered)
	if out == "" {
		_, err = stdout.Write(page.Bytes())
	} else {
		err = os.WriteFile(out, page.Bytes(), 0o644)
	}
	if err == nil && failed {
		err = errBenchmarks
	}
	return err
}

func selected(rows []*Row, pick string) ([]*Row, error) {
	re, err := regexp.Compile(pick)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var found []*Row
	for _, row := range rows {
		if re.MatchString(row.Package + " " + row.Benchmark) {
			found = append(found, row)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("-only %q matches no row", pick)
	}
	return found, nil
}

// cpu returns the processor's name where Linux tells it.
func cpu() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
