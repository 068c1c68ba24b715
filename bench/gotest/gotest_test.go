package gotest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// suffix is what benchmarks' names end in here.
func suffix() string {
	if n := runtime.GOMAXPROCS(0); n > 1 {
		return fmt.Sprint("-", n)
	}
	return ""
}

func TestParse(t *testing.T) {
	s := suffix()
	got, err := Parse("goos: linux\n" +
		"=== RUN   BenchmarkA\nBenchmarkA\n" +
		"BenchmarkA" + s + " \t 100\t 12.50 ns/op\t 3 B/op\t 1.2e+06 events/s\n" +
		"BenchmarkB/callers-64" + s + "   7   8 ns/op\n" +
		"BenchmarkSaid something of its own\n" +
		"    c_test.go:12: no redis-server on this machine\n--- SKIP: BenchmarkC" + s + "\n" +
		"--- SKIP: BenchmarkD\nPASS\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Results{
		"BenchmarkA": {Metrics: map[string]float64{
			"ns/op": 12.5, "B/op": 3, "events/s": 1.2e6}},
		"BenchmarkB/callers-64": {Metrics: map[string]float64{"ns/op": 8}},
		"BenchmarkC":            {Skipped: "no redis-server on this machine"},
		"BenchmarkD":            {Skipped: "skipped"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if r, ok := got.Of("BenchmarkC/sub/sub"); !ok || r.Skipped == "" {
		t.Errorf("below a skipped benchmark: got %v, %v", r, ok)
	}
	if r, ok := got.Of("BenchmarkA/sub"); ok {
		t.Errorf("below a measured benchmark: got %v", r)
	}
	for line, want := range map[string]string{
		"BenchmarkA 1 2 ns/op 3":  "without a unit",
		"BenchmarkA 1 many ns/op": `value "many" of ns/op is no number`,
	} {
		if _, err := Parse(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", line, err, want)
		}
	}
}

func TestPatternSelectsExactly(t *testing.T) {
	p := Pattern("BenchmarkA/limits=1", "BenchmarkB/x|y+")
	if want := `^BenchmarkA$/^limits=1$|^BenchmarkB$/^x\|y\+$`; p != want {
		t.Errorf("got %s, want %s", p, want)
	}
	if !regexp.MustCompile(Pattern("BenchmarkA")).MatchString("BenchmarkA") ||
		regexp.MustCompile(Pattern("BenchmarkA")).MatchString("BenchmarkAB") {
		t.Error("the pattern of a name matches another one, or not its own")
	}
}

// module writes a module with these files and returns its directory.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example.test/m\n\ngo 1.26.0\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBuildAndRun(t *testing.T) {
	dir := module(t, map[string]string{"m_test.go": `package m

import "testing"

func BenchmarkAdd(b *testing.B) {
	for _, name := range []string{"one", "two"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
			}
			b.ReportMetric(7, "things/s")
		})
	}
}

func BenchmarkAbsent(b *testing.B) { b.Skip("no peer here") }

func BenchmarkBad(b *testing.B) { b.Fatal("it broke") }

func BenchmarkHang(b *testing.B) { block() }

// block waits for what never comes.
func block() {
	go func() {
		for {
		}
	}()
	select {}
}
`})
	ctx := context.Background()
	b, err := Build(ctx, dir, filepath.Join(t.TempDir(), "m.test"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := b.Benchmarks(ctx)
	want := []string{"BenchmarkAdd", "BenchmarkAbsent", "BenchmarkBad", "BenchmarkHang"}
	if err != nil || !reflect.DeepEqual(names, want) {
		t.Errorf("got %v, %v, want %v", names, err, want)
	}
	got, err := b.Run(ctx, time.Minute, "10x", "BenchmarkAdd/two", "BenchmarkAbsent")
	if err != nil || len(got) != 2 || got["BenchmarkAdd/two"].Metrics["things/s"] != 7 ||
		got["BenchmarkAbsent"].Skipped != "no peer here" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, ok := got["BenchmarkAdd/two"].Metrics["allocs/op"]; !ok {
		t.Errorf("allocations were not counted: %v", got)
	}
	_, err = b.Run(ctx, time.Minute, "10x", "BenchmarkBad")
	if err == nil || !strings.Contains(err.Error(), "it broke") {
		t.Errorf("a benchmark that fails: got %v", err)
	}
	_, err = b.Run(ctx, 100*time.Millisecond, "10x", "BenchmarkHang")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a benchmark that hangs: got %v, want that it was killed", err)
	}
}

func TestBuildErrors(t *testing.T) {
	ctx, bin := context.Background(), filepath.Join(t.TempDir(), "x.test")
	dir := module(t, map[string]string{"m.go": "package m\n"})
	if _, err := Build(ctx, dir, bin); !errors.Is(err, ErrNoBenchmarks) {
		t.Errorf("no tests: got %v, want ErrNoBenchmarks", err)
	}
	dir = module(t, map[string]string{"m_test.go": "package m\n\nvar x int = `no`\n"})
	if _, err := Build(ctx, dir, bin); err == nil || !strings.Contains(err.Error(), "m_test.go:3") {
		t.Errorf("no Go: got %v, want the compiler's message", err)
	}
}
