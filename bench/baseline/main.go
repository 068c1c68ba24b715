// Baseline compares what key benchmarks cost with bench/baseline.tsv: instructions, allocations
// and bytes of one operation. These are nearly the same in every run, on any machine, however
// busy, and so a regression of a tenth shows, where seconds would show the neighbours.
//
//	go run ./bench/baseline           # compare: exits with 1 if something regressed
//	go run ./bench/baseline -write    # take the baseline anew
//
// It first shows that it can fail: with regressions planted in bench/plant. It exits with 2 if
// nothing could be compared. docs/adr/0025-habits.md says why valgrind counts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/leased-io/leased/bench/gotest"
)

// The exit codes.
const (
	exitSame      = 0
	exitRegressed = 1
	exitInput     = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], byValgrind, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errRegressed is returned when costs grew beyond the tolerance; they were printed.
var errRegressed = errors.New("something costs more than in the baseline, see above; if it is to " +
	"be so: make bench-baseline")

func run(ctx context.Context, args []string, count counter, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("baseline", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", ".", "the repository's root `directory`")
	file := flags.String("file", filepath.FromSlash("bench/baseline.tsv"), "the baseline's `file`")
	write := flags.Bool("write", false, "take the baseline anew")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitSame
	} else if err != nil {
		return exitInput
	}
	c := check{root: *root, counter: count, out: stdout}
	switch err := c.run(ctx, *file, *write); {
	case errors.Is(err, errRegressed):
		fmt.Fprintln(stderr, "bench-check:", err)
		return exitRegressed
	case err != nil:
		fmt.Fprintln(stderr, "bench-check:", err)
		return exitInput
	}
	return exitSame
}

// check is one run of the comparison.
type check struct {
	counter
	root, tmp string
	out       io.Writer
}

// platform is what a baseline is taken with. Another Go compiles to other instructions.
func platform() string {
	return runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}

func (c *check) run(ctx context.Context, file string, write bool) (err error) {
	b, err := ReadFile(file)
	if err != nil {
		return err
	}
	counts, err := c.version(ctx)
	if err != nil {
		return err
	}
	if c.tmp, err = os.MkdirTemp("", "baseline"); err != nil {
		return err
	}
	defer os.RemoveAll(c.tmp) //nolint:errcheck // what is left in the temporary directory is no harm
	if err := c.planted(ctx); err != nil {
		return err
	}
	for _, l := range b.Lines {
		if l.Was == nil && !write {
			return fmt.Errorf("%s:%d: %s has no baseline yet: make bench-baseline", l.File, l.Line, l)
		}
	}
	costs, err := c.measure(ctx, b.Lines)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "bench-check: %d benchmarks with %s, %s\n", len(b.Lines), platform(), counts)
	if write {
		b.Platform = platform()
		for i, l := range b.Lines {
			l.Was = &costs[i]
			c.show(l, costs[i], "")
		}
		return b.WriteFile(file)
	}
	return c.judge(b, costs)
}

// judge prints each benchmark beside its baseline, and then all that regressed.
func (c *check) judge(b *Baseline, costs []Cost) error {
	same := arch(b.Platform) == arch(platform())
	var worse []string
	for i, l := range b.Lines {
		found, mark := compare(l.String(), *l.Was, costs[i], same), "ok"
		if len(found) > 0 {
			mark = "WORSE"
		} else if better(*l.Was, costs[i]) {
			mark = "better: make bench-baseline keeps it so"
		}
		c.show(l, costs[i], mark)
		worse = append(worse, found...)
	}
	if !same {
		fmt.Fprintf(c.out, "bench-check: the baseline is of %s: instructions were not compared\n",
			b.Platform)
	}
	if len(worse) == 0 {
		return nil
	}
	fmt.Fprintln(c.out, strings.Join(worse, "\n"))
	if b.Platform != platform() {
		fmt.Fprintf(c.out, "bench-check: the baseline was taken with %s, which may be why\n", b.Platform)
	}
	return errRegressed
}

// arch returns the last word of a platform: the system and the kind of processor.
func arch(platform string) string {
	return platform[strings.LastIndexByte(platform, ' ')+1:]
}

func (c *check) show(l *Line, is Cost, mark string) {
	was := "new"
	if l.Was != nil {
		was = fmt.Sprintf("%.0f", l.Was.Instructions)
	}
	fmt.Fprintf(c.out, "  %-62s %11.0f (%s) instructions %6.0f allocs %9.0f B  %s\n", l,
		is.Instructions, was, is.Allocs, is.Bytes, mark)
}

// measure builds each package once and counts all benchmarks, as many at a time as there are
// processors: what is counted does not depend on who else runs.
func (c *check) measure(ctx context.Context, lines []*Line) ([]Cost, error) {
	binaries := make(map[string]*gotest.Binary)
	var errs []error
	for _, l := range lines {
		if _, ok := binaries[l.Package]; ok {
			continue
		}
		b, err := c.build(ctx, filepath.Join(c.root, l.Package), filepath.Join(c.tmp,
			strings.ReplaceAll(l.Package, string(filepath.Separator), "_")+".test"))
		binaries[l.Package] = b
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", l.File, l.Line, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	costs := make([]Cost, len(lines))
	var g errgroup.Group
	g.SetLimit(runtime.NumCPU())
	for i, l := range lines {
		g.Go(func() (err error) {
			if costs[i], err = c.least(ctx, binaries[l.Package], l); err != nil {
				err = fmt.Errorf("%s:%d: %w", l.File, l.Line, err)
			}
			return err
		})
	}
	return costs, g.Wait()
}

// retries is how often a count that is worse than the baseline is taken again. What the code does
// does not change from run to run; what the runtime does beside it may, and only ever adds.
const retries = 2

// least counts a benchmark.
func (c *check) least(ctx context.Context, b *gotest.Binary, l *Line) (Cost, error) {
	cost, err := c.count(ctx, b, l.Benchmark, l.Iterations)
	for range retries {
		if err != nil || l.Was == nil || len(compare("", *l.Was, cost, true)) == 0 {
			break
		}
		var again Cost
		again, err = c.count(ctx, b, l.Benchmark, l.Iterations)
		cost.Instructions = min(cost.Instructions, again.Instructions)
		cost.Allocs, cost.Bytes = min(cost.Allocs, again.Allocs), min(cost.Bytes, again.Bytes)
	}
	return cost, err
}

// plants are the benchmarks of bench/plant, and what is to be found when each is compared with
// BenchmarkSound.
var plants = []struct{ benchmark, want string }{
	{"BenchmarkSame", ""},
	{"BenchmarkLonger", "instructions/op"},
	{"BenchmarkAllocates", "allocs/op"},
}

// planted shows that regressions are found, and nothing else.
func (c *check) planted(ctx context.Context) error {
	const dir = "bench/plant"
	lines := []*Line{{Package: dir, Benchmark: "BenchmarkSound", Iterations: 1000}}
	for _, p := range plants {
		lines = append(lines, &Line{Package: dir, Benchmark: p.benchmark, Iterations: 1000})
	}
	costs, err := c.measure(ctx, lines)
	if err != nil {
		return err
	}
	for i, p := range plants {
		got := strings.Join(compare(p.benchmark, costs[0], costs[i+1], true), "\n")
		if (p.want == "") != (got == "") || !strings.Contains(got, p.want) {
			return fmt.Errorf("the check itself is broken: of %s in %s it says %q, want %q",
				p.benchmark, dir, got, p.want)
		}
	}
	return nil
}
