package explore

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// compared is the configuration that BenchmarkWindow and BenchmarkTLC are of: small enough for a
// table that is made in minutes, and large enough that TLC's start, of about a second, is little.
const compared = "W_p2n_retry_nosym"

var generated = regexp.MustCompile(`(?m)^(\d+) states generated, \d+ distinct states found, 0 `)

// BenchmarkTLC is TLC with one worker, its start included, as BenchmarkWindow is the explorer with
// one goroutine. As in spec/tla/check.sh, TLA2TOOLS_JAR names its jars.
func BenchmarkTLC(b *testing.B) {
	jars := os.Getenv("TLA2TOOLS_JAR")
	if jars == "" {
		b.Skip("TLA2TOOLS_JAR is not set: TLC was not run")
	}
	paths := strings.Split(jars, ":")
	for i, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			b.Fatal(err)
		}
		paths[i] = abs
	}
	states := 0
	for b.Loop() {
		cmd := exec.Command("java", "-XX:+UseParallelGC", "-cp", strings.Join(paths, ":"), "tlc2.TLC",
			"-deadlock", "-workers", "1", "-metadir", b.TempDir(), "-noGenerateSpecTE",
			"-config", compared+".cfg", "MCWindow.tla")
		cmd.Dir = filepath.Join("..", "..", "tla")
		out, err := cmd.CombinedOutput()
		m := generated.FindSubmatch(out)
		if err != nil || m == nil {
			b.Fatalf("%v\n%s", err, out)
		}
		n, err := strconv.Atoi(string(m[1]))
		if err != nil {
			b.Fatal(err)
		}
		states += n
	}
	b.ReportMetric(float64(states)/b.Elapsed().Seconds(), "states/s")
}
