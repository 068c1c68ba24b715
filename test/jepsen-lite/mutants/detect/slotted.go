package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/kinds"
	"github.com/leased-io/leased/test/jepsen-lite/mutants"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

// drawnSchedules is how many schedules of one shape are played at most.
const drawnSchedules = 120

// slotted plays schedules of slots, for the same three judges as simulate.
func slotted(dir string, seed uint64, schedules int) ([]mutants.Catch, error) {
	return drawn("slots", kinds.DrawSlots, dir, seed, schedules)
}

// related plays schedules of several levels, for the same three judges.
func related(dir string, seed uint64, schedules int) ([]mutants.Catch, error) {
	return drawn("family", kinds.DrawFamily, dir, seed, schedules)
}

// drawn plays schedules of one shape.
func drawn(
	shape string, draw func(uint64) sim.Options, dir string, seed uint64, schedules int,
) ([]mutants.Catch, error) {
	begin := time.Now()
	catches := []mutants.Catch{
		{Judge: mutants.Invariants}, {Judge: mutants.Oracle}, {Judge: mutants.Checker},
	}
	open := len(catches)
	last := seed + uint64(min(schedules, drawnSchedules))
	for s := seed; s < last && open > 0; s++ {
		o := draw(s)
		o.Verify = true
		files := filepath.Join(dir, fmt.Sprintf("%s-%d", shape, s))
		if err := os.Mkdir(files, 0o700); err != nil {
			return nil, err
		}
		out, report, panicked, err := sim.Judge(o, files)
		if err != nil {
			return nil, fmt.Errorf("%s, seed %d: %w", shape, s, err)
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
		}
	}
	return catches, nil
}
