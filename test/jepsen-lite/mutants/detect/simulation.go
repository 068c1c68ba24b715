package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/mutants"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

// settled is how many schedules more are played once a judge has caught something: the others
// are given that many to catch it too.
const settled = 60

// simulate plays schedules for three judges at once. None knows what the others say: the
// checker has the files of the trace alone.
func simulate(dir string, seed uint64, schedules int) ([]mutants.Catch, error) {
	begin := time.Now()
	catches := []mutants.Catch{
		{Judge: mutants.Invariants}, {Judge: mutants.Oracle}, {Judge: mutants.Checker},
	}
	open, left := len(catches), schedules
	for s := seed; left > 0 && open > 0; s++ {
		left--
		o := sim.DrawSmall(s)
		o.Verify = true
		files := filepath.Join(dir, fmt.Sprint(s))
		if err := os.Mkdir(files, 0o700); err != nil {
			return nil, err
		}
		out, report, panicked, err := sim.Judge(o, files)
		if err != nil {
			return nil, fmt.Errorf("seed %d: %w", s, err)
		}
		if err := os.RemoveAll(files); err != nil {
			return nil, err
		}
		words := [...]word{broken(out), seen(out, panicked), judged(report)}
		for i := range catches {
			c := &catches[i]
			if c.Caught {
				continue
			}
			c.After, c.Schedules = time.Since(begin), c.Schedules+1
			if words[i].text == "" {
				continue
			}
			c.Caught, c.Seed, c.What, c.Text = true, s, words[i].what, words[i].text
			c.Replay = fmt.Sprintf("go run ./test/jepsen-lite/mutants/detect -seed=%d -schedules=1", s)
			open--
			left = min(left, settled)
		}
	}
	return catches, nil
}

// word is what a judge says of one schedule: nothing, or what is wrong, in short and in full.
type word struct{ what, text string }

func broken(out sim.Outcome) word {
	if out.Broken == "" {
		return word{}
	}
	return word{invariantOf(out.Broken), out.Broken}
}

// invariantOf is the name in the text of one that is broken.
func invariantOf(text string) string {
	_, name, _ := strings.Cut(text, "invariant ")
	name, _, _ = strings.Cut(name, " ")
	return name
}

func seen(out sim.Outcome, panicked string) word {
	switch {
	case len(out.Violations) > 0:
		return word{"bound", out.Violations[0]}
	case panicked != "":
		return word{"crash", panicked}
	case len(out.Starved) > 0:
		return word{"starved", "not served in the healed phase: " + strings.Join(out.Starved, " ")}
	}
	return word{}
}

func judged(report *twin.Report) word {
	if report == nil || report.Violation == nil {
		return word{}
	}
	return word{report.Violation.Invariant, report.Violation.Error()}
}
