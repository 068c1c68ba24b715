package twin

import (
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// bustle is a run of many windows, as a step that is to be taken again and again: in each,
// every holder of 16 in 4 processes leases, spends and is done.
func bustle() (*world, func()) {
	w := newWorld(3)
	w.stateEvery = 1 << 30
	w.elect(0)
	p := w.put("team", "requests", 100_000, second, 0)
	var holders []*holder
	for range 4 {
		f := w.process("app")
		for range 4 {
			holders = append(holders, w.open(f, "team", ""))
		}
	}
	return w, func() {
		attempts := make([]uint64, len(holders))
		for i, h := range holders {
			h.seq++
			attempts[i] = h.send()
		}
		leases := make([][]*held, len(holders))
		w.entry(func() {
			for i, h := range holders {
				leases[i] = h.charge(10, p)
			}
		})
		for i, h := range holders {
			h.accept(attempts[i], leases[i]...)
			delete(h.sent, attempts[i]) // a holder of any age takes the same room
			for range 3 {
				if w.now+ms-leases[i][0].sent < life(leases[i][0].ttl) {
					h.admit(leases[i][0], 3)
				}
			}
		}
		for i, h := range holders {
			h.expire(leases[i]...)
		}
	}
}

// busy is so many steps of it.
func busy(entries int) *world {
	w, step := bustle()
	for range entries {
		step()
	}
	return w
}

// TestMemoryIsBoundedByWhatLives: with the horizon at a second, a run of many windows leaves
// no more in the tables than a few windows' worth, at any time.
func TestMemoryIsBoundedByWhatLives(t *testing.T) {
	w := busy(600)
	var c *checker
	most := map[string]int{}
	c = newChecker(Options{Horizon: time.Second, OnWindow: func(WindowTally) {
		for name, n := range map[string]int{
			"leases": len(c.leases), "sessions": len(c.sessions), "closing": len(c.closing),
			"proposals": len(c.proposals[c.epoch]), "awaited": len(c.awaitLease),
			"model": c.machine.Size(),
		} {
			most[name] = max(most[name], n)
		}
	}})
	for _, f := range w.files {
		if err := c.admit(f, &direct{source: f}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	r := c.conclude()
	if r.Verdict != Valid || r.Windows < 20 || r.Grants != 600*16 {
		t.Fatalf("verdict %s, %d windows, %d grants", r.Verdict, r.Windows, r.Grants)
	}
	perWindow := int(r.Grants/r.Windows) + 1
	for name, bound := range map[string]int{
		"leases": 4 * perWindow, "sessions": 16, "closing": 4, "proposals": 2, "awaited": 16,
		// Of the model, each lease counts in its limit's window, in the table and among the late;
		// a session has what it may return too.
		"model": 3*4*perWindow + 16*64,
	} {
		if most[name] > bound {
			t.Errorf("at most %d %s at a time, want at most %d", most[name], name, bound)
		}
	}
}

// TestForgottenThingsMayComeBackLate: an answer that is taken long after its window is worth
// nothing, but no violation; spending it is one.
func TestForgottenThingsMayComeBackLate(t *testing.T) {
	late := func(spend bool) *world {
		w := newWorld(1)
		w.elect(0)
		p := w.put("team", "requests", 100, second, 0)
		f := w.process("app")
		h, other := w.open(f, "team", ""), w.open(f, "team", "")
		h.seq++
		attempt := h.send()
		var leases []*held
		w.entry(func() { leases = h.charge(10, p) })
		w.sleep(5 * second)
		w.entry(nil)
		h.end()
		w.sleep(5 * second)
		w.entry(nil)
		l := other.acquire(5, p) // the log is known to be here when the answer is taken
		other.admit(l[0], 5)
		h.accept(attempt, leases...)
		if spend {
			w.record(f, trace.Event{Kind: trace.KindAdmit, Session: h.id, Lease: leases[0].id,
				N: 1, Count: 1, First: w.now, Last: w.now})
		} else {
			h.expire(leases...)
		}
		h.send() // of a session that ended
		return w
	}
	opts := Options{Horizon: time.Second}
	r, err := checkFiles(t, late(false).files, opts)
	if err != nil || r.Verdict != Valid {
		t.Errorf("taken late: got %s (%v), %v; want valid", r.Verdict, r.Violation, err)
	}
	r, err = checkFiles(t, late(true).files, opts)
	if err != nil || r.Violation == nil || r.Violation.Invariant != NoCarryOver {
		t.Errorf("spent late: got %v, %v; want NoCarryOver", r.Violation, err)
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, suffix := range []string{"", ".zst"} {
		name := "plain"
		if suffix != "" {
			name = "zstd"
		}
		b.Run(name, func(b *testing.B) {
			w := busy(1000)
			for _, f := range w.files {
				f.name += suffix
			}
			paths := write(b, b.TempDir(), w.files)
			b.ReportAllocs()
			var events int64
			for b.Loop() {
				r, err := Check(paths, Options{Horizon: time.Second})
				if err != nil || r.Verdict != Valid {
					b.Fatal(r, err)
				}
				events += r.Events
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
