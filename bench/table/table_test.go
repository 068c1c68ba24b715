package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/bench/gotest"
)

// module is a module with benchmarks whose figures are known.
var module = map[string]string{
	"go.mod": "module example.test/m\n\ngo 1.26.0\n",
	"a/a_test.go": `package a

import "testing"

func one(b *testing.B, metric float64) {
	for b.Loop() {
	}
	b.ReportMetric(metric, "things/s")
}

func BenchmarkFloor(b *testing.B) { one(b, 1000) }
func BenchmarkFast(b *testing.B)  { one(b, 2500) }
func BenchmarkSlow(b *testing.B)  { b.Run("sub", func(b *testing.B) { one(b, 1200) }) }
func BenchmarkPeer(b *testing.B)  { b.Skip("no peer here") }
`,
	"bad/bad_test.go": `package bad

import "testing"

func BenchmarkBad(b *testing.B) { b.Fatal("it broke") }
`,
	"broken/broken_test.go": "package broken\n\nfunc BenchmarkX() { no }\n",
}

// root is where the module is: in one place for all tests, so that it is compiled once.
var root string

func TestMain(m *testing.M) {
	code := 1
	defer func() { os.Exit(code) }()
	var err error
	if root, err = os.MkdirTemp("", "table"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(root) //nolint:errcheck // what is left in the temporary directory is no harm
	for name, text := range module {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			panic(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
	code = m.Run()
}

// play has the table made of the rows, and returns it, what was said beside it and the exit code.
func play(t *testing.T, rows ...string) (page, said string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), []string{"-root", root, "-rows", write(t, rows...),
		"-rounds", "3", "-benchtime", "1x"}, &stdout, &stderr)
	return stdout.String(), stderr.String(), code
}

func TestTable(t *testing.T) {
	page, said, code := play(t,
		"S;fast;a;BenchmarkFast;things/s;BenchmarkFloor;things/s;>=2.5;y;a note",
		"S;slow;a;BenchmarkSlow/sub;things/s;BenchmarkFloor;things/s;>=2.5;n;",
		"S;plain;a;BenchmarkFloor;things/s;-;-;>=1,000;n;",
		"S;peer;a;BenchmarkFast;things/s;BenchmarkPeer;things/s;>=2.5;n;")
	if code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, said)
	}
	for _, want := range []string{
		"| S | fast | 2,500 things/s | 1,000 things/s | 2.5 | 2.5 to 2.5 | >=2.5 | met | 3 | ",
		"| S | slow | 1,200 things/s | 1,000 things/s | 1.2 | 1.2 to 1.2 | >=2.5 | MISSED | 3 | ",
		"| S | plain | 1,000 things/s |  |  | 1,000 things/s to 1,000 things/s | >=1,000 | met | 3 |",
		"| S | peer |  |  |  |  | >=2.5 | absent |  | ", "| no peer here |\n",
		"`make bench ONLY='a BenchmarkSlow/sub'`", " | a note |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

// A benchmark that fails and a package that does not build cost their own rows, and the exit
// code says so.
func TestFailuresAreInTheTable(t *testing.T) {
	page, said, code := play(t,
		"S;bad;bad;BenchmarkBad;ns/op;-;-;-;n;",
		"S;broken;broken;BenchmarkX;ns/op;-;-;<=1;n;",
		"S;fast;a;BenchmarkFast;things/s;BenchmarkFloor;things/s;-;n;")
	if code != exitFailed || !strings.Contains(said, "it broke") ||
		!strings.Contains(said, "wrong signature") {
		t.Errorf("exit code %d, want %d:\n%s", code, exitFailed, said)
	}
	for _, want := range []string{"| S | bad |  |  |  |  | - | FAILED |",
		"| S | broken |  |  |  |  | <=1 | FAILED |", "| S | fast | 2,500 things/s |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

// A row that names what is not there is refused, with its place.
func TestRowsWithoutBenchmark(t *testing.T) {
	refused := func(want []string, rows ...string) {
		t.Helper()
		page, said, code := play(t, rows...)
		for _, want := range want {
			if code != exitInput || !strings.Contains(said, want) || page != "" {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, exitInput, want, said)
			}
		}
	}
	refused([]string{"area.tsv:1: a has no benchmark BenchmarkGone",
		"area.tsv:2: a has no benchmark BenchmarkNo"},
		"S;w;a;BenchmarkGone;ns/op;-;-;-;n;", "S;w;a;BenchmarkFast;ns/op;BenchmarkNo;ns/op;-;n;")
	refused([]string{"area.tsv:1: a has no benchmark BenchmarkSlow/other",
		"area.tsv:2: BenchmarkFast does not print grants/s, but ["},
		"S;w;a;BenchmarkSlow/other;ns/op;-;-;-;n;", "S;w;a;BenchmarkFast;grants/s;-;-;-;n;")
}

func TestPlanJoinsWhatIsCompared(t *testing.T) {
	row := func(pkg, name, floor string) *Row {
		return &Row{Package: pkg, Benchmark: name, Floor: floor}
	}
	got := plan([]*Row{row("p", "A", "F"), row("p", "B", "G"), row("q", "A", "F"), row("p", "C", ""),
		row("p", "D", "F"), row("p", "G", "F")})
	var names []string
	for _, g := range got {
		names = append(names, g.String())
	}
	if s, want := strings.Join(names, ","), "p F A D G B,q F A,p C"; s != want {
		t.Errorf("got %s, want %s", s, want)
	}
	rows := 0
	for _, g := range got {
		rows += len(g.rows)
	}
	if len(got) != 3 || rows != 6 {
		t.Errorf("got %d groups of %d rows, want 3 of 6", len(got), rows)
	}
}

func TestShareKeepsTheBudget(t *testing.T) {
	groups := []*group{{cost: time.Second}, {cost: 10 * time.Second}, {cost: 3 * time.Second}}
	share(groups, 5, 30*time.Second)
	var need time.Duration
	for _, g := range groups {
		need += time.Duration(g.rounds-1) * g.cost
	}
	if need > 30*time.Second || groups[0].rounds != 5 || groups[1].rounds >= 5 {
		t.Errorf("rounds %d, %d, %d need %v", groups[0].rounds, groups[1].rounds, groups[2].rounds,
			need)
	}
	share(groups, 5, time.Hour)
	if groups[1].rounds != 5 {
		t.Errorf("with time left: %d rounds, want 5", groups[1].rounds)
	}
	share(groups, 5, -time.Second)
	if groups[1].rounds != 1 {
		t.Errorf("without time: %d rounds, want 1", groups[1].rounds)
	}
}

func TestSumTakesTheMedianOfRatios(t *testing.T) {
	row := &Row{Benchmark: "A", Metric: "u", Floor: "F", FloorMetric: "u",
		Target: Target{"<=", 1.25}}
	g := &group{rows: []*Row{row}}
	for _, v := range [][2]float64{{12, 10}, {240, 200}, {50, 10}, {11, 10}, {1, 10}} {
		g.samples = append(g.samples, gotest.Results{
			"A": {Metrics: map[string]float64{"u": v[0]}},
			"F": {Metrics: map[string]float64{"u": v[1]}}})
	}
	f := sum(g, row)
	if f.ratio != 1.2 || f.low != 0.1 || f.high != 5 || f.value != 12 || f.floor != 10 ||
		f.rounds != 5 || f.verdict() != "met" {
		t.Errorf("got %+v, %s", f, f.verdict())
	}
	row.Target.Bound = 1.1
	if got := sum(g, row).verdict(); got != "MISSED" {
		t.Errorf("got %s, want MISSED", got)
	}
	g.samples[0]["F"].Metrics["u"] = 0
	if got := sum(&group{samples: g.samples[:1]}, row).verdict(); got != "FAILED" {
		t.Errorf("over a floor of 0: got %s, want FAILED", got)
	}
}

func TestHuman(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{12.345, "ns/op", "12.3 ns"}, {4200, "ns/op", "4.2 us"}, {1.5e6, "p50-ns", "1.5 ms"},
		{2e9, "ns/op", "2 s"}, {999.9, "ns/event", "1,000 ns/event"}, {0, "allocs/op", "0 allocs"},
		{2920, "B/key", "2,920 B/key"}, {1234567, "grants/s", "1,234,567 grants/s"},
		{2.25, "calls/1k", "2.25 calls/1k"}, {-1500, "x", "-1,500 x"},
	} {
		if got := human(c.v, c.unit); got != c.want {
			t.Errorf("%v %s: got %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}
