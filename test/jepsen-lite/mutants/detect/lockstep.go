package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/lockstep"
	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

const (
	// tourEdges is how many edges of each small scope are walked.
	tourEdges = 30_000
	// deepWalks is how many deep walks are taken at most, of deepSteps steps each.
	deepWalks = 30
	deepSteps = 1_500
)

// lockstepped has the twin's graph walked by the code, and then deep walks.
func lockstepped(_ string, seed uint64, schedules int) ([]mutants.Catch, error) {
	begin := time.Now()
	c := mutants.Catch{Judge: mutants.Lockstep}
	for _, name := range []string{"small", "retry"} {
		scope, ok := lockstep.FindScope(name)
		if !ok {
			return nil, fmt.Errorf("lockstep: there is no scope %s", name)
		}
		err := survive(func() error {
			_, err := lockstep.Run(scope, lockstep.Options{Seed: seed, MaxEdges: tourEdges})
			return err
		})
		if c.Schedules++; err != nil {
			return []mutants.Catch{lost(c, "tour", seed, begin, err)}, nil
		}
	}
	for s := seed; s < seed+uint64(min(schedules, deepWalks)); s++ {
		err := survive(func() error {
			_, err := lockstep.RunDeep(lockstep.DeepOptions{Seed: s, Steps: deepSteps})
			return err
		})
		if c.Schedules++; err != nil {
			return []mutants.Catch{lost(c, "deep", s, begin, err)}, nil
		}
	}
	c.After = time.Since(begin)
	return []mutants.Catch{c}, nil
}

// lost is what is told of a walk that failed.
func lost(c mutants.Catch, what string, seed uint64, begin time.Time, err error) mutants.Catch {
	c.Caught, c.What, c.Text, c.Seed, c.After = true, what, err.Error(), seed, time.Since(begin)
	if f, ok := errors.AsType[*lockstep.Failure](err); ok {
		c.Replay = f.Replay()
	}
	return c
}

// survive returns the error of walk, or its panic's text as one.
func survive(walk func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the code panics: %v", p)
		}
	}()
	return walk()
}
