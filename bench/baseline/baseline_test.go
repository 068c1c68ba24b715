package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/leased-io/leased/bench/gotest"
)

// header is a baseline's, of this platform.
var header = "# a comment\n" + platformPrefix + platform() + "\n"

// write writes a baseline, its columns separated by semicolons.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "baseline.tsv")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, ";", "\t")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// counting is a counter that knows what everything costs: what is planted, and the rest.
func counting(costs map[string]Cost) counter {
	all := map[string]Cost{
		"BenchmarkSame": {1000, 0, 0}, "BenchmarkSound": {1000, 0, 0},
		"BenchmarkLonger": {1150, 0, 0}, "BenchmarkAllocates": {1050, 1, 64},
	}
	for name, cost := range costs {
		all[name] = cost
	}
	return counter{
		version: func(context.Context) (string, error) { return "counter-1", nil },
		build: func(_ context.Context, dir, path string, _ ...string) (*gotest.Binary, error) {
			if _, err := os.Stat(dir); err != nil {
				return nil, err
			}
			return &gotest.Binary{Dir: dir, Path: path}, nil
		},
		count: func(_ context.Context, b *gotest.Binary, name string, n int) (Cost, error) {
			cost, ok := all[name]
			if !ok || b == nil || n < 2 {
				return Cost{}, errors.New("there is no such benchmark")
			}
			return cost, nil
		},
	}
}

// play compares with a baseline and returns what was said, and the exit code.
func play(t *testing.T, c counter, file string, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	args = append([]string{"-root", filepath.Join("..", ".."), "-file", file}, args...)
	code := run(context.Background(), args, c, &out, &out)
	return out.String(), code
}

func TestCompare(t *testing.T) {
	was := Cost{Instructions: 1000, Allocs: 10, Bytes: 1000}
	for _, c := range []struct {
		is    Cost
		worse []string
	}{
		{was, nil},
		{Cost{1100, 11, 1116}, nil},
		{Cost{500, 0, 0}, nil},
		{Cost{1101, 10, 1000}, []string{
			"b: instructions/op was 1000, is 1101 (+10.1 %, allowed +10 %)"}},
		{Cost{1000, 12, 1000}, []string{"b: allocs/op was 10, is 12 (+20.0 %, allowed +10 %)"}},
		{Cost{1000, 10, 1117}, []string{"b: B/op was 1000, is 1117 (+11.7 %, allowed +10 %)"}},
	} {
		if got := compare("b", was, c.is, true); !reflect.DeepEqual(got, c.worse) {
			t.Errorf("%v: got %q, want %q", c.is, got, c.worse)
		}
	}
	got := compare("b", Cost{}, Cost{0, 1, 16}, true)
	if want := []string{"b: allocs/op was 0, is 1 (from nothing, allowed +10 %)"}; !reflect.DeepEqual(
		got, want) {
		t.Errorf("the first allocation: got %q, want %q", got, want)
	}
	if got := compare("b", was, Cost{9000, 10, 1000}, false); got != nil {
		t.Errorf("of another kind of processor: got %q", got)
	}
	if better(was, Cost{950, 10, 1000}) || !better(was, Cost{890, 10, 1000}) {
		t.Error("better is not what it is to be")
	}
}

func TestRegressionsAreNamed(t *testing.T) {
	file := write(t, header+"bench/plant;BenchmarkA;100;2000;3;64\n"+
		"bench/plant;BenchmarkB;100;500;0;0\n")
	said, code := play(t, counting(map[string]Cost{
		"BenchmarkA": {2100, 3, 64}, "BenchmarkB": {499, 0, 0}}), file)
	if code != exitSame || strings.Contains(said, "WORSE") {
		t.Errorf("exit code %d, want %d:\n%s", code, exitSame, said)
	}
	said, code = play(t, counting(map[string]Cost{
		"BenchmarkA": {2100, 4, 64}, "BenchmarkB": {600, 0, 0}}), file)
	for _, want := range []string{
		"bench/plant BenchmarkA: allocs/op was 3, is 4 (+33.3 %",
		"bench/plant BenchmarkB: instructions/op was 500, is 600 (+20.0 %", "make bench-baseline",
	} {
		if code != exitRegressed || !strings.Contains(said, want) {
			t.Errorf("exit code %d, want %d and %q:\n%s", code, exitRegressed, want, said)
		}
	}
	old := write(t, platformPrefix+"go1.0 plan9/mips\nbench/plant;BenchmarkB;100;500;0;0\n")
	said, code = play(t, counting(map[string]Cost{"BenchmarkB": {600, 0, 0}}), old)
	if code != exitSame || !strings.Contains(said, "of go1.0 plan9/mips: instructions were not") {
		t.Errorf("of another processor: exit code %d:\n%s", code, said)
	}
}

// A count that something else added to is taken again.
func TestWorseCountsAreTakenAgain(t *testing.T) {
	c := counting(map[string]Cost{"BenchmarkA": {1000, 0, 0}})
	calls, count := 0, c.count
	c.count = func(ctx context.Context, b *gotest.Binary, name string, n int) (Cost, error) {
		cost, err := count(ctx, b, name, n)
		if name == "BenchmarkA" {
			if calls++; calls < 3 {
				cost.Instructions *= 2
			}
		}
		return cost, err
	}
	said, code := play(t, c, write(t, header+"bench/plant;BenchmarkA;100;1000;0;0\n"))
	if code != exitSame || calls != 3 {
		t.Errorf("exit code %d after %d counts:\n%s", code, calls, said)
	}
}

func TestWriteTakesTheBaseline(t *testing.T) {
	file := write(t, "# a comment\nbench/plant;BenchmarkA;100;-;-;-\n")
	c := counting(map[string]Cost{"BenchmarkA": {1234.4, 2, 33}})
	said, code := play(t, c, file)
	if code != exitInput || !strings.Contains(said, "baseline.tsv:2: bench/plant BenchmarkA has no") {
		t.Errorf("of a new one: exit code %d:\n%s", code, said)
	}
	if said, code = play(t, c, file, "-write"); code != exitSame {
		t.Errorf("exit code %d:\n%s", code, said)
	}
	got, err := os.ReadFile(file)
	if want := strings.ReplaceAll(header+"bench/plant;BenchmarkA;100;1234;2;33\n", ";", "\t"); err !=
		nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if said, code = play(t, c, file); code != exitSame {
		t.Errorf("just taken: exit code %d:\n%s", code, said)
	}
}

// A check that finds nothing wrong with what is planted is broken, and says so.
func TestTheCheckIsChecked(t *testing.T) {
	file := write(t, header+"bench/plant;BenchmarkA;100;1000;0;0\n")
	for name, cost := range map[string]Cost{
		"BenchmarkLonger": {1050, 0, 0}, "BenchmarkAllocates": {1000, 0, 0},
		"BenchmarkSame": {1150, 0, 0},
	} {
		said, code := play(t, counting(map[string]Cost{name: cost, "BenchmarkA": {1000, 0, 0}}), file)
		if code != exitInput || !strings.Contains(said, "the check itself is broken: of "+name) {
			t.Errorf("%s costs %v: exit code %d:\n%s", name, cost, code, said)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"bench/plant;BenchmarkA;100;1;2":             "tsv:1: 5 columns, want 6",
		"../x;BenchmarkA;100;1;2;3":                  `package "../x"`,
		"bench/plant;A;100;1;2;3":                    `benchmark "A"`,
		"bench/plant;BenchmarkA;1;1;2;3":             `iterations is "1", want 2 to`,
		"bench/plant;BenchmarkA;100;1;-;3":           `allocs/op is "-"`,
		"bench/plant;BenchmarkA;100;1;2;-3":          `B/op is "-3"`,
		"bench/plant;BenchmarkA;100;NaN;2;3":         `instructions/op is "NaN"`,
		"# nothing":                                  "names no benchmark",
		"bench/plant;BenchmarkNo;100;1;2;3":          "tsv:1: there is no such benchmark",
		"bench/gone;BenchmarkNo;100;1;2;3":           "tsv:1: stat ",
		"p;BenchmarkA;9;1;2;3\np;BenchmarkA;9;1;2;3": "tsv:2: p BenchmarkA is there twice",
	} {
		said, code := play(t, counting(nil), write(t, text+"\n"))
		if code != exitInput || !strings.Contains(said, want) {
			t.Errorf("%q: exit code %d, said %q, want %q", text, code, said, want)
		}
	}
	c := counting(nil)
	c.version = func(context.Context) (string, error) { return "", errors.New("not installed") }
	if said, code := play(t, c, write(t, header+"p;BenchmarkA;9;1;2;3\n")); code != exitInput ||
		!strings.Contains(said, "not installed") {
		t.Errorf("without a counter: exit code %d, said %q", code, said)
	}
}

// The repository's own baseline is of benchmarks that were all measured.
func TestBaselineIsWhole(t *testing.T) {
	b, err := ReadFile(filepath.Join("..", "baseline.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	if b.Platform == "" || len(b.Lines) < 15 {
		t.Errorf("%d lines of platform %q", len(b.Lines), b.Platform)
	}
	for _, l := range b.Lines {
		if l.Was == nil {
			t.Errorf("%s:%d: %s has no baseline yet: make bench-baseline", l.File, l.Line, l)
		}
	}
}
