package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"github.com/leased-io/leased/bench/gotest"
)

// runLimit is how long one process may take: a benchmark's share of ten minutes is seconds.
const runLimit = 2 * time.Minute

// runner measures groups.
type runner struct {
	root, tmp string
	benchtime string
	rounds    int
	budget    time.Duration
	progress  io.Writer

	binaries map[string]*gotest.Binary
}

// measure builds each group's package, measures every group once, and then again for as often as
// the budget allows. What cannot be built or fails stays with its group; the error is of rows that
// name what is not there.
func (r *runner) measure(ctx context.Context, groups []*group) error {
	began := time.Now()
	r.binaries = make(map[string]*gotest.Binary)
	for _, g := range groups {
		r.build(ctx, g)
	}
	if err := r.check(ctx, groups); err != nil {
		return err
	}
	for i, g := range groups {
		start := time.Now()
		r.round(ctx, g)
		g.cost = time.Since(start)
		fmt.Fprintf(r.progress, "bench: once %d/%d %6.1fs  %s\n", i+1, len(groups),
			g.cost.Seconds(), g)
	}
	if err := missing(groups); err != nil {
		return err
	}
	share(groups, r.rounds, r.budget-time.Since(began))
	for i, g := range groups {
		for g.err == nil && len(g.samples) < g.rounds {
			r.round(ctx, g)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, row := range g.rows {
			fmt.Fprintf(r.progress, "bench: %d/%d %4.0fs  %s\n", i+1, len(groups),
				time.Since(began).Seconds(), sum(g, row))
		}
	}
	return nil
}

// build builds the test binary of the group's package, once for all of its groups.
func (r *runner) build(ctx context.Context, g *group) {
	if _, ok := r.binaries[g.pkg]; !ok {
		fmt.Fprintf(r.progress, "bench: building the tests of %s\n", g.pkg)
		name := strings.ReplaceAll(g.pkg, string(filepath.Separator), "_") + ".test"
		b, err := gotest.Build(ctx, filepath.Join(r.root, g.pkg), filepath.Join(r.tmp, name))
		if err != nil {
			g.err = err
			fmt.Fprintln(r.progress, err)
		}
		r.binaries[g.pkg] = b
	}
	if r.binaries[g.pkg] == nil && g.err == nil {
		g.err = fmt.Errorf("the tests of %s were not built", g.pkg)
	}
}

// check finds rows whose benchmark does not exist, before anything is measured.
func (r *runner) check(ctx context.Context, groups []*group) error {
	have := make(map[string]bool)
	for pkg, b := range r.binaries {
		if b == nil {
			continue
		}
		names, err := b.Benchmarks(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			have[pkg+" "+name] = true
		}
	}
	var errs []error
	for _, g := range groups {
		if g.err != nil {
			continue
		}
		for _, row := range g.rows {
			for _, name := range namesOf(row) {
				top, _, _ := strings.Cut(name, "/")
				if !have[row.Package+" "+top] {
					errs = append(errs, fmt.Errorf("%s: %s has no benchmark %s", row.At(),
						row.Package, top))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// round measures each benchmark of the group once.
func (r *runner) round(ctx context.Context, g *group) {
	if g.err != nil {
		return
	}
	batches := [][]string{g.benchmarks}
	if g.alone {
		batches = nil
		for _, name := range g.benchmarks {
			batches = append(batches, []string{name})
		}
	}
	results := make(gotest.Results)
	for _, names := range batches {
		got, err := r.binaries[g.pkg].Run(ctx, runLimit, r.benchtime, names...)
		if err != nil {
			g.err = err
			fmt.Fprintln(r.progress, err)
			return
		}
		maps.Copy(results, got)
	}
	g.samples = append(g.samples, results)
}

// missing finds rows whose sub-benchmark or unit did not show when the benchmark ran.
func missing(groups []*group) error {
	var errs []error
	for _, g := range groups {
		if g.err != nil || len(g.samples) == 0 {
			continue
		}
		for _, row := range g.rows {
			for _, want := range [][2]string{{row.Benchmark, row.Metric},
				{row.Floor, row.FloorMetric}} {
				if want[0] == "" {
					continue
				}
				got, ok := g.samples[0].Of(want[0])
				if !ok {
					errs = append(errs, fmt.Errorf("%s: %s has no benchmark %s", row.At(),
						row.Package, want[0]))
				} else if _, ok := got.Metrics[want[1]]; !ok && got.Skipped == "" {
					errs = append(errs, fmt.Errorf("%s: %s does not print %s, but %v", row.At(),
						want[0], want[1], units(got)))
				}
			}
		}
	}
	return errors.Join(errs...)
}
