package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// TestSuccession: a cluster is lost, and another takes its place; what is planted into the
// recordings of both is found.
func TestSuccession(t *testing.T) {
	o := short()
	o.Every, o.Rounds, o.Succession = 5*time.Second, 1, true
	o.Length, o.Holders, o.Silence = 5*time.Second, 12, 0
	o.Loads[0].Budget = requests("b", 2000, 20*time.Second)
	dir := t.TempDir()
	out, j := Judge(t, o, dir)
	if !j.OK() || j.Next == nil || j.Next.crossing.limits != 1 || j.Next.crossing.outlived == 0 ||
		j.Next.Linear.Ops == 0 {
		t.Fatalf("got %v; %s", j.Err, saw(out, j))
	}
	t.Log(j.Next.crossing)
	runs := o.runs(out, j)
	if len(runs) != 2 || runs[0].Length+runs[1].Length != out.Virtual ||
		len(runs[0].Faults)+len(runs[1].Faults) != len(out.Timeline) {
		t.Errorf("got %d runs of %d faults, want two of all", len(runs), len(out.Timeline))
	}

	first, err := trace.Files(out.lives[0].dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := trace.Files(out.lives[1].dir)
	if err != nil {
		t.Fatal(err)
	}
	late := plantAdmission(t, first, out.parting.at+int64(time.Hour))
	found, err := checkAcross(late, second, out.parting.lost)
	if err != nil || found.late == nil ||
		!strings.Contains(found.late.Error(), "admitted on a lease of the lost cluster") {
		t.Errorf("an admission after the second cluster's first grant: got %v, %v", found.late, err)
	}
	if _, err := twin.Check(slices.Concat(first, second), twin.Options{}); err == nil {
		t.Error("two runs are checked as one")
	}

	at, err := restoredAt(second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := restoredAt(first); err == nil {
		t.Error("the first cluster's restore: got nil")
	}
	old := slices.IndexFunc(out.history, func(op linear.Op) bool {
		return op.Call < out.parting.at && op.Input.Kind == linear.Acquire
	})
	granted := linear.Op{Input: out.history[old].Input, Call: out.parting.at + 1,
		Return: out.parting.at + 2, Output: &linear.Output{Answer: linear.Granted}}
	_, _, err = partHistory(append(out.history, granted), out.parting, at)
	if err == nil || !strings.Contains(err.Error(), "of the lost cluster was told") {
		t.Errorf("a grant to a session of the first cluster: got %v", err)
	}
	_, h, _ := partHistory(out.history, out.parting, 0) // as if no leases lived on
	marks, err := linear.ReadMarks(second)
	if err != nil {
		t.Fatal(err)
	}
	if v := follow(marks, h); v.Result != linear.Invalid {
		t.Errorf("denials for which there is no reason: got %s", v)
	}
}

// plantAdmission copies files, with the last admission of one of them at another instant.
func plantAdmission(t *testing.T, files []string, at int64) (copies []string) {
	t.Helper()
	dir, planted := t.TempDir(), false
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(data), "\n")
		for i, line := range slices.Backward(lines) {
			if !planted && strings.Contains(line, `"kind":"admit"`) &&
				strings.Contains(lines[0], `"clock":"virtual"`) {
				cut := strings.LastIndex(line, `"last":`)
				lines[i] = line[:cut] + fmt.Sprintf("\"last\":%d}\n", at)
				planted = true
			}
		}
		copies = append(copies, filepath.Join(dir, filepath.Base(path)))
		err = os.WriteFile(copies[len(copies)-1], []byte(strings.Join(lines, "")), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
	if !planted {
		t.Fatal("no admission to move")
	}
	return copies
}
