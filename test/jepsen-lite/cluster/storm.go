package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// storm strikes a cluster with faults: one at a time of each sort, each undone after a while.
type storm struct {
	o     Options
	c     *nodes
	fleet *fleet
	admin *admin
	// last is the context in which what was broken is mended: the storm's end is not its.
	last context.Context //nolint:containedctx // a storm's life is one call

	hands []*hand // by sort

	mu   sync.Mutex
	errs []error
}

// strike is one kind of fault.
type strike struct {
	kind string
	// majority: it leaves no majority of the nodes.
	majority bool
	hit      func(*storm, context.Context, *hand)
}

// memberPace is how much rarer than faults of other sorts changes of members are.
const memberPace = 4

// The sorts of faults, which strike side by side.
const (
	sortNodes = iota
	sortFleet
	sortBudgets
	sortMembers
)

func sorts() [][]strike { return [][]strike{ofNodes, ofFleet, ofBudgets, ofMembers} }

// seed prepares the drawing of faults.
func (s *storm) seed() {
	for i := range sorts() {
		s.hands = append(s.hands, &hand{Rand: rand.New(rand.NewPCG(s.o.Seed, 0x5707+uint64(i)))})
	}
}

// blow has faults of those sorts strike until ctx ends, and returns what failed that must not.
func (s *storm) blow(ctx context.Context, which ...int) error {
	var blowing sync.WaitGroup
	for _, i := range which {
		sort, rng, every := sorts()[i], s.hands[i], s.o.Every
		if i == sortMembers {
			if every *= memberPace; !s.o.Members {
				continue
			}
		}
		var chosen []strike
		for _, k := range sort {
			asked := len(s.o.Strikes) == 0 || slices.Contains(s.o.Strikes, k.kind)
			if asked && (!k.majority || s.o.Majority) {
				chosen = append(chosen, k)
			}
		}
		if len(chosen) == 0 {
			continue
		}
		blowing.Go(func() {
			for pause(ctx, between(rng, every)); ctx.Err() == nil; {
				k := chosen[rng.IntN(len(chosen))]
				rng.victims = rng.victims[:0]
				begun := s.c.now()
				k.hit(s, ctx, rng)
				s.c.tally.lasted(k.kind, rng.target(), begun, s.c.now())
				pause(ctx, between(rng, every))
			}
		})
	}
	blowing.Wait()
	return errors.Join(s.errs...)
}

// failed notes what must not fail.
func (s *storm) failed(err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs = append(s.errs, err)
}

// between draws a pause of that mean.
func between(rng *hand, mean time.Duration) time.Duration {
	return time.Duration(rng.Int64N(2*int64(mean) + 1))
}

// span draws how long a fault lasts: often a moment, at times longer than elections and leases.
func (s *storm) span(rng *hand) time.Duration {
	longest := []time.Duration{time.Second, 8 * time.Second, 2 * s.o.window()}[rng.IntN(3)]
	return longest/20 + time.Duration(rng.Int64N(int64(min(longest, longestFault))))
}

// longestFault bounds a fault, but for the time that its victim needs.
const longestFault = 20 * time.Second

// hand draws the faults of one sort, and knows whom it drew for the one that strikes.
type hand struct {
	*rand.Rand
	victims []string
}

// maxNamed bounds how many victims of a fault are named in a report.
const maxNamed = 4

// target names the victims of a fault.
func (h *hand) target() string {
	if len(h.victims) > maxNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(h.victims[:maxNamed], ", "),
			len(h.victims)-maxNamed)
	}
	return strings.Join(h.victims, ", ")
}

// few draws nodes: one, or as many as there may be without losing the majority.
func (s *storm) few(rng *hand) []string {
	return s.some(rng, 1+rng.IntN(max(1, (len(s.c.members())-1)/2)))
}

func (s *storm) some(rng *hand, k int) []string {
	ids := s.c.members()
	rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	ids = ids[:min(k, len(ids))]
	rng.victims = append(rng.victims, ids...)
	return ids
}

// one returns a member, or "" while a lost cluster is not replaced yet.
func (s *storm) one(rng *hand) string {
	for _, id := range s.some(rng, 1) {
		return id
	}
	return ""
}

// all runs f for each of them at once, and waits.
func all(ids []string, f func(id string)) {
	var running sync.WaitGroup
	for _, id := range ids {
		running.Go(func() { f(id) })
	}
	running.Wait()
}
