package rival

import (
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

const (
	// beat is how often a limiter of shares tells that it is there.
	beat = per / 8
	// gone is how long nothing is heard of one that counts as gone.
	gone = 2 * per
)

// registry is the coordinator of shares: it knows who is there.
type registry struct {
	*coordinator
	heard map[int]time.Duration // by incarnation: the last beat
	born  int                   // incarnations so far
}

// count hears a beat and tells how many there are, if there is a leader.
func (r *registry) count(incarnation int, reply func(members int64)) {
	if r.leader < 0 {
		return
	}
	r.heard[incarnation] = r.s.Now()
	for other, at := range r.heard {
		if r.s.Now()-at > gone {
			delete(r.heard, other)
		}
	}
	members := int64(len(r.heard))
	r.s.After(r.s.Hop(), func() { r.s.Send(func() { reply(members) }) })
}

// sharer admits an equal share of the limit in each window by its own wall clock. A new
// incarnation admits nothing in the window in which it starts: it does not know what the last one
// has admitted.
type sharer struct {
	s   *sim.Stage
	r   *registry
	off time.Duration

	incarnation int
	members     int64 // as it was told last; 0: not yet
	window      int64
	used        int64
	waiting     int
	asleep      time.Duration
}

func newSharer(s *sim.Stage, r *registry, off time.Duration) *sharer {
	h := &sharer{s: s, r: r, off: wallError(s, off)}
	h.crash()
	h.window-- // at the beginning there was nothing before
	var beats func()
	beats = func() {
		s.After(beat, beats)
		h.beat()
	}
	beats()
	s.Arrivals(h.offer)
	return h
}

func (h *sharer) now() int64 { return int64((epoch + h.s.Now() + h.off) / per) }

func (h *sharer) beat() {
	if h.s.Now() < h.asleep {
		return
	}
	incarnation := h.incarnation
	h.s.Send(func() {
		h.r.count(incarnation, func(members int64) {
			if incarnation == h.incarnation {
				h.members = members
			}
		})
	})
	h.serve()
}

// offer is one request of the application.
func (h *sharer) offer() {
	if h.s.Now() < h.asleep {
		return
	}
	h.waiting = min(maxWaiting, h.waiting+1)
	h.serve()
}

func (h *sharer) serve() {
	if now := h.now(); now > h.window {
		h.window, h.used = now, 0
	}
	if h.members == 0 {
		return
	}
	n := max(0, min(int64(h.waiting), h.r.meter.limit/h.members-h.used))
	h.used += n
	h.waiting -= int(n)
	h.r.meter.admit(n)
}

// crash begins the next incarnation.
func (h *sharer) crash() {
	h.r.born++
	h.incarnation, h.members, h.waiting = h.r.born, 0, 0
	h.window, h.used = h.now(), h.r.meter.limit
}

func (h *sharer) suspend(d time.Duration) {
	if h.s.Now() >= h.asleep {
		h.asleep = h.s.Now() + d
	}
}
