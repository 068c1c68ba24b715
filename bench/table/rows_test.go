package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write writes lines of rows to a directory of its own, their columns separated by semicolons.
func write(t *testing.T, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	text := strings.ReplaceAll(strings.Join(lines, "\n"), ";", "\t") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "area.tsv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReadRows(t *testing.T) {
	rows, err := ReadRows(write(t, "# a comment", "",
		"Sect;what it is;./client;BenchmarkA/x=1;ns/op;BenchmarkFloor;p50-ns;<=1.25;n;a note",
		"Sect;another;lease;BenchmarkB;events/s;-;-;>=1,000,000;y"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("got %d rows, want 2", len(rows))
	}
	a := *rows[0]
	a.File = filepath.Base(a.File)
	want := Row{File: "area.tsv", Line: 3, Section: "Sect", What: "what it is", Package: "client",
		Benchmark: "BenchmarkA/x=1", Metric: "ns/op", Floor: "BenchmarkFloor",
		FloorMetric: "p50-ns", Target: Target{"<=", 1.25}, Note: "a note"}
	if a != want {
		t.Errorf("got %+v, want %+v", a, want)
	}
	if b := rows[1]; !b.Alone || b.Floor != "" || b.Target != (Target{">=", 1e6}) || b.Note != "" {
		t.Errorf("got %+v", *b)
	}
}

func TestReadRowsErrors(t *testing.T) {
	good := "S;w;client;BenchmarkA;ns/op;-;-;-;n;-"
	for line, want := range map[string]string{
		"S;w;client;BenchmarkA;ns/op":                     "5 columns, want 10",
		"S;;client;BenchmarkA;ns/op;-;-;-;n;-":            "column what is empty",
		"S;w;../client;BenchmarkA;ns/op;-;-;-;n;-":        `package "../client"`,
		"S;w;client;A;ns/op;-;-;-;n;-":                    `benchmark "A" is no name`,
		"S;w;client;BenchmarkA;ns/op;Floor;ns/op;-;n;-":   `floor-benchmark "Floor"`,
		"S;w;client;BenchmarkA;ns/op;BenchmarkF;-;-;n;-":  "floor-metric",
		"S;w;client;BenchmarkA;ns/op;-;ns/op;-;n;-":       "has no floor-benchmark",
		"S;w;client;BenchmarkA;ns/op;-;-;<1.2;n;-":        `target is "<1.2"`,
		"S;w;client;BenchmarkA;ns/op;-;-;<=fast;n;-":      `target is "<=fast"`,
		"S;w;client;BenchmarkA;ns/op;-;-;-;yes;-":         `runs-alone is "yes", want y or n`,
		"S;w;client;BenchmarkA;ns/op;-;-;-;n;-;what else": "11 columns, want 10",
	} {
		_, err := ReadRows(write(t, good, line))
		if err == nil || !strings.Contains(err.Error(), "area.tsv:2: ") ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
	}
	if _, err := ReadRows(t.TempDir()); err == nil {
		t.Error("no files: got no error")
	}
}

// TestRowsNameWhatIsThere: each row of the repository names benchmarks that its package has. A
// benchmark that is renamed would otherwise be missed only when all are run.
func TestRowsNameWhatIsThere(t *testing.T) {
	root := filepath.Join("..", "..")
	rows, err := ReadRows(filepath.Join("..", "rows"))
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[string]map[string]bool)
	for _, row := range rows {
		if have[row.Package] == nil {
			have[row.Package] = benchmarks(t, filepath.Join(root, row.Package))
		}
		for _, name := range namesOf(row) {
			top, _, _ := strings.Cut(name, "/")
			if !have[row.Package][top] {
				t.Errorf("%s: %s has no benchmark %s", row.At(), row.Package, top)
			}
		}
	}
}

// benchmarks returns the names of the benchmarks in a directory's test files.
func benchmarks(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = strings.HasPrefix(fn.Name.Name, "Benchmark")
			}
		}
	}
	return names
}
