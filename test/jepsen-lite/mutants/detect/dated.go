package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/kinds"
	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

// dated plays logs of random commands on limits that follow the calendar, for the judges that need
// no fleet.
func dated(dir string, seed uint64, schedules int) ([]mutants.Catch, error) {
	begin := time.Now()
	catches := []mutants.Catch{
		{Judge: mutants.Invariants}, {Judge: mutants.Oracle}, {Judge: mutants.Checker},
	}
	for s := seed; s < seed+uint64(min(schedules, logs)); s++ {
		found, err := date(filepath.Join(dir, fmt.Sprintf("dated-%d", s)), s)
		if err != nil {
			return nil, fmt.Errorf("calendar log %d: %w", s, err)
		}
		for i := range catches {
			c := &catches[i]
			if c.Caught {
				continue
			}
			c.After, c.Schedules = time.Since(begin), c.Schedules+1
			if found[i].text != "" {
				c.Caught, c.Seed, c.What, c.Text = true, s, found[i].what, found[i].text
				c.Replay = fmt.Sprintf("go run ./test/jepsen-lite/mutants/detect -seed=%d -schedules=1", s)
			}
		}
	}
	return catches, nil
}

// date plays one: what breaks an invariant, what panics, and what its trace violates.
func date(dir string, seed uint64) (found [3]word, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return found, err
	}
	var file string
	var broken error
	crash := survive(func() error {
		file, broken, err = kinds.PlayCalendar(seed, logCommands, dir)
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
