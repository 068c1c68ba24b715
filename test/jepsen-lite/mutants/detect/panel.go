package main

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

// word is what a judge says of one schedule: nothing, or what is wrong, in short and in full.
type word struct{ what, text string }

// panel is some judges who are shown the same schedules, each until it has caught something.
type panel struct {
	begin   time.Time
	catches []mutants.Catch
}

func newPanel(judges ...mutants.Judge) *panel {
	p := &panel{begin: time.Now()}
	for _, j := range judges {
		p.catches = append(p.catches, mutants.Catch{Judge: j})
	}
	return p
}

// three is the panel of those who judge states, what truly happened, and the trace.
func three() *panel { return newPanel(mutants.Invariants, mutants.Oracle, mutants.Checker) }

// hear notes what each judge says of the schedule of seed, and reports whether that is anyone's
// first catch.
func (p *panel) hear(seed uint64, words ...word) (caught bool) {
	for i := range p.catches {
		c := &p.catches[i]
		if c.Caught {
			continue
		}
		c.After, c.Schedules = time.Since(p.begin), c.Schedules+1
		if words[i].text == "" {
			continue
		}
		c.Caught, c.Seed, c.What, c.Text = true, seed, words[i].what, words[i].text
		c.Replay = fmt.Sprintf("go run ./test/jepsen-lite/mutants/detect -seed=%d -schedules=1", seed)
		caught = true
	}
	return caught
}

// done reports whether every judge has caught something.
func (p *panel) done() bool {
	for _, c := range p.catches {
		if !c.Caught {
			return false
		}
	}
	return true
}
