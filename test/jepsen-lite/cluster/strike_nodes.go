package cluster

import (
	"context"
	"time"
)

// ofNodes are the faults of nodes and of their network.
var ofNodes = []strike{
	{"depose", false, (*storm).depose},
	{"depose", false, (*storm).depose},
	{"cut", false, (*storm).cut},
	{"deaf", false, (*storm).deaf},
	{"mute", false, (*storm).mute},
	{"one way", false, (*storm).oneWay},
	{"slow", false, (*storm).slow},
	{"lossy", false, (*storm).lossy},
	{"stall", false, (*storm).stall},
	{"crash", false, (*storm).crash},
	{"power loss", false, (*storm).losePower},
	{"restart", false, (*storm).restart},
	{"roll", false, (*storm).roll},
	{"rate", false, (*storm).rate},
	{"no majority", true, (*storm).cutMost},
	{"blackout", true, (*storm).blackout},
}

// depose cuts off the leader, while it sleeps between a stamp and its append if that can be.
func (s *storm) depose(ctx context.Context, rng *hand) {
	if id := s.c.leader(); id != "" && rng.IntN(3) > 0 {
		s.c.server(id).nap.due.Store(int64(deepNap + time.Duration(rng.Int64N(int64(s.o.Nap)))))
	}
	if id := s.c.awaitNap(ctx, s.o.Failover); id != "" {
		rng.victims = append(rng.victims, id)
		s.c.depose(ctx, id)
	}
}

// cut separates some nodes from all others, and at times from the fleet too.
func (s *storm) cut(ctx context.Context, rng *hand) {
	s.cutThem(ctx, s.few(rng), s.span(rng), rng.IntN(2) == 0)
}

// cutMost separates so many that no majority is left.
func (s *storm) cutMost(ctx context.Context, rng *hand) {
	s.cutThem(ctx, s.some(rng, 1+len(s.c.members())/2), s.span(rng), rng.IntN(2) == 0)
}

func (s *storm) cutThem(ctx context.Context, ids []string, d time.Duration, api bool) {
	for _, id := range ids {
		s.c.cut(id)
		if api {
			s.c.directory.Cut(id)
			s.c.wires.cut(s.c.wires.end(apiAddress(id)), true)
		}
	}
	pause(ctx, d)
	for _, id := range ids {
		s.c.heal(id)
		s.c.directory.Heal(id)
		s.c.wires.cut(s.c.wires.end(apiAddress(id)), false)
	}
}

// deaf has a node hear nothing of the others, which hear it.
func (s *storm) deaf(ctx context.Context, rng *hand) {
	s.around(ctx, rng, link{cut: true}, link{})
}

// mute has the others hear nothing of a node, which hears them.
func (s *storm) mute(ctx context.Context, rng *hand) {
	s.around(ctx, rng, link{}, link{cut: true})
}

// slow delays all messages to and from a node, by up to about an election's time.
func (s *storm) slow(ctx context.Context, rng *hand) {
	l := link{slow: time.Duration(20+rng.IntN(600)) * time.Millisecond}
	s.around(ctx, rng, l, l)
}

// lossy loses some messages to and from a node.
func (s *storm) lossy(ctx context.Context, rng *hand) {
	l := link{loss: 50 + rng.IntN(400)}
	s.around(ctx, rng, l, l)
}

func (s *storm) around(ctx context.Context, rng *hand, in, out link) {
	id := s.one(rng)
	if id == "" {
		return
	}
	s.c.net.around(id, in, out)
	pause(ctx, s.span(rng))
	s.c.heal(id)
}

// oneWay cuts a single direction between two nodes.
func (s *storm) oneWay(ctx context.Context, rng *hand) {
	ids := s.some(rng, 2)
	if len(ids) < 2 { // a lost cluster is not replaced yet
		return
	}
	s.c.net.set(ids[0], ids[1], link{cut: true})
	pause(ctx, s.span(rng))
	s.c.net.set(ids[0], ids[1], link{})
}

// stall has nodes stand still, as seen from outside: what is sent to and by them waits.
func (s *storm) stall(ctx context.Context, rng *hand) {
	ids := s.few(rng)
	for _, id := range ids {
		s.c.net.gate(id).close()
		s.c.wires.end(apiAddress(id)).still.close()
	}
	pause(ctx, s.span(rng))
	for _, id := range ids {
		s.c.net.gate(id).open()
		s.c.wires.end(apiAddress(id)).still.open()
	}
}

// crash kills nodes, and starts them from their disks.
func (s *storm) crash(ctx context.Context, rng *hand) { s.crashThem(ctx, s.few(rng), rng) }

// losePower crashes nodes with their machines: what they have written and not synced is lost.
func (s *storm) losePower(ctx context.Context, rng *hand) { s.darken(ctx, s.few(rng), rng) }

// blackout has all lose power at once.
func (s *storm) blackout(ctx context.Context, rng *hand) {
	s.darken(ctx, s.some(rng, maxServers), rng)
}

func (s *storm) darken(ctx context.Context, ids []string, rng *hand) {
	all(ids, func(id string) {
		s.c.kill(id)
		s.failed(s.c.disk(id).store.losePower())
	})
	s.comeBack(ctx, ids, rng)
}

func (s *storm) crashThem(ctx context.Context, ids []string, rng *hand) {
	all(ids, s.c.kill)
	s.comeBack(ctx, ids, rng)
}

func (s *storm) comeBack(ctx context.Context, ids []string, rng *hand) {
	pause(ctx, s.span(rng))
	for _, id := range ids {
		s.c.heal(id)
		s.failed(s.c.start(s.last, id))
	}
}

// restart ends nodes in order, and starts them again.
func (s *storm) restart(ctx context.Context, rng *hand) {
	ids := s.few(rng)
	all(ids, s.stopNode)
	pause(ctx, s.span(rng))
	for _, id := range ids {
		s.failed(s.c.start(s.last, id))
	}
}

// roll restarts every node, one after the other.
func (s *storm) roll(ctx context.Context, rng *hand) {
	for _, id := range s.some(rng, maxServers) {
		if ctx.Err() != nil {
			return
		}
		s.stopNode(id)
		s.failed(s.c.start(s.last, id))
		pause(ctx, between(rng, time.Second))
	}
}

func (s *storm) stopNode(id string) {
	if n := s.c.take(id); n != nil {
		s.failed(n.Stop(s.last))
		s.c.disk(id).store.sync()
	}
}

// rate gives every node's clock another rate, within the bound.
func (s *storm) rate(_ context.Context, rng *hand) {
	for _, id := range s.c.members() {
		s.c.server(id).nap.turn(s.c.clock.Now(), drift(rng.Rand, s.o.DriftPPM))
	}
}
