package cluster

import (
	"context"
	"time"
)

// ofFleet are the faults of the fleet's processes, of their clocks and connections.
var ofFleet = []strike{
	{"pause", false, (*storm).pauseProcess},
	{"suspend", false, (*storm).suspend},
	{"island", false, (*storm).island},
	{"late answers", false, (*storm).lateAnswers},
	{"die", false, (*storm).die},
	{"end", false, (*storm).end},
	{"reopen", false, (*storm).reopen},
	{"wall step", false, (*storm).stepWall},
	{"drift", false, (*storm).drift},
}

// ofBudgets are changes of budgets.
var ofBudgets = []strike{
	{"change", false, func(s *storm, ctx context.Context, _ *hand) { s.admin.change(ctx) }},
	{"change", false, func(s *storm, ctx context.Context, _ *hand) { s.admin.change(ctx) }},
	{"replace", false, func(s *storm, ctx context.Context, _ *hand) { s.admin.replace(ctx) }},
}

// any draws processes that sit: up to a quarter of them.
func (s *storm) any(rng *hand) []*process {
	live := s.fleet.live()
	rng.Shuffle(len(live), func(i, j int) { live[i], live[j] = live[j], live[i] })
	live = live[:1+rng.IntN(max(1, len(live)/4))]
	for _, p := range live {
		rng.victims = append(rng.victims, p.name)
	}
	return live
}

// standStill holds up processes, and all that is sent to or by them.
func (s *storm) standStill(ctx context.Context, them []*process, d time.Duration) {
	for _, p := range them {
		p.still.close()
		s.c.wires.end(p.name).still.close()
	}
	pause(ctx, d)
	for _, p := range them {
		p.still.open()
		s.c.wires.end(p.name).still.open()
	}
}

// pauseProcess pauses processes.
func (s *storm) pauseProcess(ctx context.Context, rng *hand) {
	s.standStill(ctx, s.any(rng), s.span(rng))
}

// suspend pauses processes whose monotonic clocks stop meanwhile.
func (s *storm) suspend(ctx context.Context, rng *hand) {
	var them []*process
	for _, p := range s.any(rng) {
		if p.suspends {
			them = append(them, p)
			p.clocks.stop(s.c.clock.Now(), true)
		}
	}
	s.standStill(ctx, them, s.span(rng))
	for _, p := range them {
		p.clocks.stop(s.c.clock.Now(), false)
	}
}

// island breaks all connections of processes.
func (s *storm) island(ctx context.Context, rng *hand) {
	them := s.any(rng)
	for _, p := range them {
		s.c.wires.cut(s.c.wires.end(p.name), true)
	}
	pause(ctx, s.span(rng))
	for _, p := range them {
		s.c.wires.cut(s.c.wires.end(p.name), false)
	}
}

// lateAnswers holds up what passes between processes and a node.
func (s *storm) lateAnswers(ctx context.Context, rng *hand) {
	them, id := s.any(rng), s.one(rng)
	if id == "" {
		return
	}
	for _, p := range them {
		s.c.wires.line(p.name, apiAddress(id)).still.close()
	}
	pause(ctx, s.span(rng))
	for _, p := range them {
		s.c.wires.line(p.name, apiAddress(id)).still.open()
	}
}

// die crashes a process; another takes its seat.
func (s *storm) die(ctx context.Context, rng *hand) {
	s.failed(s.fleet.replace(ctx, rng.IntN(s.o.Holders), true))
}

// end closes a process in order; another takes its seat.
func (s *storm) end(ctx context.Context, rng *hand) {
	s.failed(s.fleet.replace(ctx, rng.IntN(s.o.Holders), false))
}

// reopen closes limiters, which are opened again.
func (s *storm) reopen(ctx context.Context, rng *hand) {
	for _, p := range s.any(rng) {
		_ = p.closeLimiter(ctx) // it may reach nobody
	}
}

// stepWall sets wall clocks forward or back.
func (s *storm) stepWall(_ context.Context, rng *hand) {
	for _, p := range s.any(rng) {
		// A suspend together with a wall clock that is set back within one lease is beyond what
		// the product promises.
		d := time.Duration(rng.Int64N(int64(2 * time.Hour)))
		switch {
		case p.suspends:
		case p.stepsBack && rng.IntN(2) == 0:
			p.clocks.step(-d)
		default:
			p.clocks.step(d)
		}
	}
}

// drift gives processes' monotonic clocks another rate, within the bound.
func (s *storm) drift(_ context.Context, rng *hand) {
	for _, p := range s.any(rng) {
		p.clocks.turn(s.c.clock.Now(), drift(rng.Rand, s.o.DriftPPM))
	}
}
