package mutants

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patience bounds one detector's run: several times what the unchanged code takes.
const patience = 2 * time.Minute

// Runner builds mutants and has them judged.
type Runner struct {
	Root string // of the module
	// Schedules is how many a judge sees at most; of a cluster's runs a tenth.
	Schedules int
	// First ends the hunt for a mutant at its first catch: whether it is caught is known then,
	// who else would have caught it is not.
	First bool
}

// Schedules is how many a judge sees at most in a full run: several times as many as the mutant
// needs that shows last.
const Schedules = 400

// Run builds the mutant's detector with the mutant in it, under dir, and returns what its judges
// found. Without edits that is the unchanged code. A mutant that does not compile, or hangs, is
// an error: it proves nothing of the judges.
func (r Runner) Run(ctx context.Context, dir string, m Mutant) (Findings, error) {
	root := r.Root
	program, output := filepath.Join(dir, "detect"), filepath.Join(dir, "findings.json")
	build, look := r.commands(m, program, output)
	if len(m.Edits) > 0 {
		overlay, err := m.Overlay(root, dir)
		if err != nil {
			return Findings{}, err
		}
		build = slices.Insert(build, len(build)-1, "-overlay="+overlay)
	}
	if out, err := execute(ctx, root, dir, build); err != nil {
		return Findings{}, fmt.Errorf("mutant %s does not build: %w\n%s", m.Name, err, out)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	out, err := execute(ctx, root, dir, look)
	if m.By == Tested && failedIn(out, m.Test) {
		return Findings{[]Catch{{Judge: ByTest, Caught: true, What: m.Test.Name, Text: string(out),
			Replay: "go test ./" + m.Test.Package + " -run '^" + m.Test.Name + "$'",
			After:  time.Since(began), Schedules: 1}}}, nil
	}
	if err != nil {
		return Findings{}, fmt.Errorf("mutant %s: the detector: %w\n%s", m.Name,
			errors.Join(err, ctx.Err()), out)
	}
	if m.By == Tested {
		return Findings{[]Catch{{Judge: ByTest, After: time.Since(began), Schedules: 1}}}, nil
	}
	data, err := os.ReadFile(output)
	if err != nil {
		return Findings{}, fmt.Errorf("mutant %s: %w", m.Name, err)
	}
	var found Findings
	if err := json.Unmarshal(data, &found); err != nil {
		return Findings{}, fmt.Errorf("mutant %s: %w", m.Name, err)
	}
	return found, nil
}

// failedIn reports whether the output of a test's run says that it failed. A run that fails in
// another way, or hangs, does not say so.
func failedIn(output []byte, t Test) bool {
	return strings.Contains("\n"+string(output), "\n--- FAIL: "+t.Name+" ")
}

// commands are how a detector is built, its package last, and how it is run.
func (r Runner) commands(m Mutant, program, output string) (build, look []string) {
	switch m.By {
	case Tested:
		return []string{"go", "test", "-c", "-o", program, "./" + m.Test.Package},
			[]string{program, "-test.run=^" + m.Test.Name + "$"}
	case Cluster:
		return []string{"go", "test", "-c", "-o", program, "./test/jepsen-lite/cluster"},
			[]string{program, "-test.run=^TestDetect$", "-cluster.findings=" + output,
				"-cluster.runs=" + strconv.Itoa(r.Schedules/10)}
	}
	return []string{"go", "build", "-ldflags=-s -w", "-o", program,
			"./test/jepsen-lite/mutants/detect"},
		[]string{program, "-findings=" + output, "-schedules=" + strconv.Itoa(r.Schedules),
			"-first=" + strconv.FormatBool(r.First)}
}

// execute runs a command in the module's root, with its temporary files under dir.
func execute(ctx context.Context, root, dir string, command []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "TMPDIR="+dir)
	return cmd.CombinedOutput()
}
