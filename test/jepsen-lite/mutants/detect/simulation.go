package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
	p, left := three(), schedules
	for s := seed; left > 0 && !p.done(); s++ {
		left--
		caught, err := simulated(p, s, sim.DrawSmall(s), filepath.Join(dir, fmt.Sprint(s)))
		if err != nil {
			return nil, fmt.Errorf("seed %d: %w", s, err)
		}
		if caught {
			left = min(left, settled)
		}
	}
	return p.catches, nil
}

// simulated plays one schedule with its trace under files, and has the panel hear of it.
func simulated(p *panel, seed uint64, o sim.Options, files string) (caught bool, err error) {
	o.Verify = true
	if err := os.Mkdir(files, 0o700); err != nil {
		return false, err
	}
	out, report, panicked, err := sim.Judge(o, files)
	if err != nil {
		return false, err
	}
	return p.hear(seed, broken(out), seen(out, panicked), judged(report)), os.RemoveAll(files)
}

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
