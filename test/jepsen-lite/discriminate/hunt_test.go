package discriminate

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

// soon is how long ring 1 is given for a plant that it finds at once.
const soon = 30 * time.Second

// TestSomePlants has ring 1 hunt two plants, so that every test run has seen its campaign fail,
// and the code as it is.
func TestSomePlants(t *testing.T) {
	if *run || testing.Short() {
		t.Skip("TestDiscriminate hunts them")
	}
	ring := Rings()[0]
	for _, name := range []string{"timed-from-receipt", "clock-ahead"} {
		p, ok := Named(name)
		if !ok {
			t.Fatalf("there is no plant %s", name)
		}
		if f := hunt(t, ring, p, soon); !f.Found() {
			t.Errorf("%s was not found", name)
		}
	}
	if f := hunt(t, ring, unchanged, time.Second/2); f.Found() {
		t.Errorf("the code as it is: seed %d: %s: %s", f.Seed, f.Judge, f.Text)
	}
}

// TestHuntFails: what does not build, and what fails for no known reason, is no find.
func TestHuntFails(t *testing.T) {
	root := moduleRoot(t)
	ring := Rings()[0]
	broken := Plant{Name: "unbuildable", Edits: []mutants.Edit{
		{File: simCluster, Old: "	term := c.term\n", New: "	term := nothing\n"},
	}}
	strange := ring
	strange.Flags = func(int, time.Duration) []string { return []string{"-no.such.flag"} }
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for want, try := range map[string]func(h Hunter) (Find, error){
		"does not build": func(h Hunter) (Find, error) {
			return h.Hunt(t.Context(), ring, broken, soon)
		},
		"does not say why": func(h Hunter) (Find, error) {
			return h.Hunt(t.Context(), strange, unchanged, soon)
		},
		"context canceled": func(h Hunter) (Find, error) {
			return h.Hunt(ended, ring, unchanged, soon)
		},
	} {
		f, err := try(Hunter{Root: root, Dir: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), want) || f.Found() {
			t.Errorf("got %+v, %v, want that it %s", f, err, want)
		}
	}
}
