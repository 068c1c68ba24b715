package rival

import (
	"errors"
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
	"github.com/leased-io/leased/trace"
)

// options are the schedule of a setting and a seed, the same for every rule.
func (s Setting) options(seed uint64) sim.Options {
	o := sim.Options{
		Seed: seed, Replicas: nodes, Holders: s.Holders, Length: windows * per,
		Limits: []budget.Limit{
			{Metric: "requests", Kind: budget.KindWindow, Per: per, Amount: amount},
		},
		DriftPPM: 5_000, Overload: demand, Waves: true,
		Patience: per / 4, Insist: per / 100,
	}
	if s.Faults {
		o.Loss, o.Dup, o.Slow = 50, 50, 20
		o.Failover, o.Crash, o.Suspend = 6*per, 3*per, 4*per
	}
	return o
}

// Match plays a rule under a setting, once for each seed from first on.
func Match(rule Rule, s Setting, first uint64, seeds int) (Score, error) {
	meters := make([]*meter, seeds)
	for i := range meters {
		meters[i] = &meter{limit: amount}
		o := s.options(first + uint64(i))
		if rule != Ours {
			play(rule, s, sim.NewStage(o), meters[i])
			continue
		}
		if err := ours(o, meters[i]); err != nil {
			return Score{}, fmt.Errorf("%w\nreplay: %s", err, o.Replay())
		}
	}
	return score(meters), nil
}

// ours plays the product, and measures it by what its replicas and limiters record.
func ours(o sim.Options, m *meter) error {
	var applied uint64
	first := false // the entry of the events that follow is applied for the first time
	out, panicked := sim.Survive(func() sim.Outcome {
		return sim.Run(o, func(_ string, e trace.Event) {
			switch e.Kind {
			case trace.KindEntry:
				if first = e.Index > applied; first {
					applied = e.Index
				}
			case trace.KindRoll:
				if first {
					m.roll()
				}
			case trace.KindAdmit:
				m.admit(e.N)
			}
		})
	})
	if panicked != "" {
		return errors.New("rival: the product panics: " + panicked)
	}
	if len(out.Violations) > 0 {
		return errors.New("rival: the oracle of the simulation objects: " + out.Violations[0])
	}
	return nil
}

// fragile is a limiter that things happen to.
type fragile interface {
	crash()
	suspend(d time.Duration)
}

// play puts a rival on the stage and plays the schedule.
func play(rule Rule, setting Setting, s *sim.Stage, m *meter) {
	c := newCoordinator(s, setting.Off, m)
	fleet := make([]fragile, setting.Holders)
	r := &registry{coordinator: c, heard: map[int]time.Duration{}}
	for i := range fleet {
		if rule == Shares {
			fleet[i] = newSharer(s, r, setting.Off)
			continue
		}
		l := newLimiter(s, c, rule, i, setting.Off)
		s.Every(idle, l.rest)
		fleet[i] = l
	}
	if rule == Shares { // nobody rolls: windows are those of true time
		var roll func()
		roll = func() {
			m.roll()
			s.After(per, roll)
		}
		roll()
	}
	o := s.Options()
	someone := func() fragile { return fleet[s.Rand().IntN(len(fleet))] }
	s.Every(o.Crash, func() { someone().crash() })
	s.Every(o.Suspend, func() { someone().suspend(s.Spread(2 * per)) })
	s.Run()
}
