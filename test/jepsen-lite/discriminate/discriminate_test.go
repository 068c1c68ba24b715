package discriminate

import (
	"flag"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	run   = flag.Bool("discriminate.run", false, "have the rings hunt every plant: most of an hour")
	write = flag.Bool("discriminate.write", false,
		"with -discriminate.run, keep what was found, and write "+PageFile)
	only   = flag.String("discriminate.only", "", "a regular expression: only these plants")
	onRing = flag.String("discriminate.rings", "123", "only these rings")
	bound  = flag.Duration("discriminate.bound", 0, "of each hunt; 0: the ring's own")
)

func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// hunt has a ring look for a plant, and says what came of it.
func hunt(t *testing.T, r Ring, p Plant, bound time.Duration) Find {
	t.Helper()
	f, err := Hunter{Root: moduleRoot(t), Dir: t.TempDir()}.Hunt(t.Context(), r, p, bound)
	if err != nil {
		t.Fatal(err)
	}
	if f.Found() {
		t.Logf("ring %d, seed %d, %s: %s: %s", r.Number, f.Seed, rounded(f.After), f.Judge, f.Text)
	} else {
		t.Logf("ring %d: nothing in %s", r.Number, rounded(f.After))
	}
	return f
}

// TestDiscriminate hunts: each plant must be found by a ring, and nobody may find anything in
// the code as it is, or in a harmless plant.
func TestDiscriminate(t *testing.T) {
	if !*run {
		t.Skip("run with -discriminate.run, or make discriminate")
	}
	chosen := regexp.MustCompile(*only)
	var finds []Find
	if *write {
		keep(t, finds) // the page's words may be others than they were
	}
	for _, p := range Hunted() {
		if !chosen.MatchString(p.Name) {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			by, hunted := 0, 0
			for _, r := range Rings() {
				if !p.hunted(r.Number) || !strings.Contains(*onRing, strconv.Itoa(r.Number)) {
					continue
				}
				within := r.Bound
				if *bound > 0 {
					within = *bound
				}
				f := hunt(t, r, p, within)
				finds = append(finds, f)
				if hunted++; f.Found() {
					by++
				}
			}
			switch {
			case p.Harmless != "" && by > 0:
				t.Errorf("%s is no bug: %s", p.Name, p.Harmless)
			case p.Harmless == "" && by == 0 && hunted > 0:
				t.Errorf("no ring found that %s", p.Means)
			}
		})
		if *write { // after each, so that an hour's work survives what ends it
			keep(t, finds)
		}
	}
}

// keep adds finds to those that are kept.
func keep(t *testing.T, finds []Find) {
	t.Helper()
	root := moduleRoot(t)
	older, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(root, Merge(older, finds)); err != nil {
		t.Fatal(err)
	}
}
