package twin

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leased-io/leased/trace"
)

// TestRandomRunsAreValid: runs of the world in which anything happens at any time, as the rules
// allow it, are accepted. A failure is replayed by its seed, which is the name of the subtest.
func TestRandomRunsAreValid(t *testing.T) {
	for seed := range uint64(150) {
		w := randomRun(rand.New(rand.NewPCG(seed, 0)), 120)
		r, err := checkFiles(t, w.files, Options{})
		if err != nil || r.Verdict == Invalid {
			t.Fatalf("seed %d: %v, %v; replay: randomRun(rand.New(rand.NewPCG(%d, 0)), 120)",
				seed, r, err, seed)
		}
		if r.Verdict != Valid && r.Credits > 0 {
			t.Fatalf("seed %d: %s, %v", seed, r.Verdict, r.Reasons)
		}
	}
}

// randomRun is a run of so many random steps.
func randomRun(rng *rand.Rand, steps int) *world {
	w := newWorld(3)
	w.stateEvery = 1 + rng.IntN(7)
	w.elect(0)
	limits := []*policy{
		w.put("team", "requests", 50, second, 0), w.put("team", "requests", 200, 7*second, 0)}
	files := []*file{w.process("app"), w.process("web")}
	var holders []*randomHolder
	for i := range 4 {
		holders = append(holders, &randomHolder{holder: w.open(files[i%2], "team", "")})
	}
	for range steps {
		h := holders[rng.IntN(len(holders))]
		switch rng.IntN(10) {
		case 0:
			w.sleep(rng.Int64N(second))
			w.entry(nil)
		case 1:
			clusterFault(w, rng)
		case 2, 3, 4:
			h.ask(rng, limits)
		case 5:
			w.setAmount(limits[rng.IntN(2)], 1+rng.Int64N(200))
		default:
			h.step(rng)
		}
	}
	for i := range w.up {
		if !w.up[i] {
			w.restart(i)
		}
	}
	return w
}

func clusterFault(w *world, rng *rand.Rand) {
	follower := (w.leader + 1 + rng.IntN(2)) % 3
	switch {
	case rng.IntN(2) == 0:
		epoch, stamp := w.propose()
		for !w.up[follower] {
			w.restart(follower)
		}
		w.elect(follower)
		if rng.IntN(2) == 0 {
			w.land(epoch, stamp, nil)
		}
	case w.up[follower]:
		if rng.IntN(2) == 0 {
			w.snap()
		}
		w.kill(follower)
	default:
		w.restart(follower)
	}
}

// randomHolder uses its leases in any order that the rules allow.
type randomHolder struct {
	*holder
	leases []*held
}

// ask is a request with any number of attempts, of which the last is answered, or none.
func (h *randomHolder) ask(rng *rand.Rand, limits []*policy) {
	h.leases = slices.DeleteFunc(h.leases, func(l *held) bool {
		over := h.w.now-l.sent >= life(l.ttl)
		if over {
			h.expire(l)
		}
		return over
	})
	h.seq++
	attempt := h.send()
	var leases []*held
	h.w.entry(func() {
		n := 1 + rng.Int64N(20)
		for _, p := range limits {
			if n > p.amount { // too large for ever, which is no denial
				return
			}
			if n > p.amount-p.used[h.key] {
				h.deny(p)
				return
			}
		}
		leases = h.charge(n, limits...)
	})
	for leases != nil && rng.IntN(3) == 0 {
		h.w.sleep(rng.Int64N(second / 2))
		attempt = h.send()
		h.w.entry(func() { h.again(leases) })
	}
	if rng.IntN(5) > 0 {
		h.accept(attempt, leases...)
		h.leases = append(h.leases, leases...)
	} else if leases != nil { // it gives up, and begins anew
		h.expire(h.leases...)
		h.holder, h.leases = h.w.open(h.file, h.budget, h.key), nil
	}
}

// step admits, gives back or lets expire.
func (h *randomHolder) step(rng *rand.Rand) {
	if len(h.leases) == 0 {
		return
	}
	i := rng.IntN(len(h.leases))
	l := h.leases[i]
	alive := h.w.now-l.sent < life(l.ttl)
	switch {
	case alive && l.left > 0 && rng.IntN(3) > 0:
		h.admit(l, 1+rng.Int64N(l.left))
	case alive && l.left > 0 && l.left == l.amount && l.window == l.limit.window:
		n := 1 + rng.Int64N(l.left)
		l.left -= n
		h.w.record(h.file, trace.Event{Kind: trace.KindGiveUp, Session: h.id, Lease: l.id,
			Window: l.window, N: n})
		h.w.sleep(ms)
		h.w.entry(func() {
			if l.window == l.limit.window { // R8: else it comes too late
				h.takeBack(l, n)
			}
		})
	default:
		h.expire(l)
		h.leases = append(h.leases[:i], h.leases[i+1:]...)
	}
}
