package main

import (
	"fmt"
	"path/filepath"

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
	p := three()
	last := seed + uint64(min(schedules, drawnSchedules))
	for s := seed; s < last && !p.done(); s++ {
		files := filepath.Join(dir, fmt.Sprintf("%s-%d", shape, s))
		if _, err := simulated(p, s, draw(s), files); err != nil {
			return nil, fmt.Errorf("%s, seed %d: %w", shape, s, err)
		}
	}
	return p.catches, nil
}
