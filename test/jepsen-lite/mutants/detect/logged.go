package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/kinds"
	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

const (
	// logs is how many logs of random commands are played at most, of logCommands each.
	logs        = 60
	logCommands = 300
)

// logged plays logs of random commands on sliding limits and buckets, to a state machine alone,
// for the judges that need no fleet.
func logged(dir string, seed uint64, schedules int) ([]mutants.Catch, error) {
	return alone("log", kinds.Play, dir, seed, schedules)
}

// dated plays such logs on limits that follow the calendar.
func dated(dir string, seed uint64, schedules int) ([]mutants.Catch, error) {
	return alone("dated", kinds.PlayCalendar, dir, seed, schedules)
}

// player plays a log of so many commands with its trace under dir, and returns the trace's file
// and the invariant that was broken.
type player func(seed uint64, commands int, dir string) (file string, broken, err error)

// alone plays logs to a state machine alone.
func alone(
	shape string, play player, dir string, seed uint64, schedules int,
) ([]mutants.Catch, error) {
	p := three()
	for s := seed; s < seed+uint64(min(schedules, logs)); s++ {
		found, err := log(play, filepath.Join(dir, fmt.Sprintf("%s-%d", shape, s)), s)
		if err != nil {
			return nil, fmt.Errorf("%s %d: %w", shape, s, err)
		}
		p.hear(s, found[:]...)
	}
	return p.catches, nil
}

// log plays one: what breaks an invariant, what panics, and what its trace violates.
func log(play player, dir string, seed uint64) (found [3]word, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return found, err
	}
	var file string
	var broken error
	crash := survive(func() error {
		file, broken, err = play(seed, logCommands, dir)
		return err
	})
	switch {
	case err != nil:
		return found, err
	case crash != nil:
		found[1] = word{"crash", crash.Error()}
		return found, os.RemoveAll(dir) // its file is not closed
	case broken != nil:
		found[0] = word{invariantOf(broken.Error()), broken.Error()}
	}
	report, err := twin.Check([]string{file}, twin.Options{})
	if err != nil {
		return found, err
	}
	found[2] = judged(report)
	return found, os.RemoveAll(dir)
}
