package twin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestIntervalsNeedOneClock: without one clock that covers all recorders no interval is judged, and
// the same run is valid.
func TestIntervalsNeedOneClock(t *testing.T) {
	w := kinds()
	w.files[1].header.Clock = "another"
	r, err := checkFiles(t, w.files, Options{})
	if err != nil || r.Verdict != Valid || r.FullestInterval != nil || r.RealTimeChecked {
		t.Errorf("got %v %v, an interval %+v: %v", r.Verdict, r.Violation, r.FullestInterval, err)
	}
}

// TestSlackIsLeftToIntervals: what overshoots by less than the slack between two readings is no
// violation.
func TestSlackIsLeftToIntervals(t *testing.T) {
	for _, limit := range []uint64{1, 2} {
		for slack, want := range map[time.Duration]string{
			time.Millisecond: AnyInterval, 900 * time.Millisecond: "",
		} {
			r := recordingOf(t, kinds().files)
			fast(limit)(r)
			report, err := checkFiles(t, r.files, Options{Slack: slack})
			got := ""
			if err == nil && report.Violation != nil {
				got = report.Violation.Invariant
			}
			if err != nil || got != want {
				t.Errorf("limit %d, slack %v: got %q, want %q: %v", limit, slack, got, want, err)
			}
		}
	}
}

// TestALeaseThatIsNotOverHoldsUpNoInterval: a holder that never says that its lease is over delays
// the judgement of the windows after it by a horizon, and no longer.
func TestALeaseThatIsNotOverHoldsUpNoInterval(t *testing.T) {
	w := newWorld(1)
	w.elect(0)
	s := w.sliding(30, 0)
	app := w.process("app")
	h, silent := w.open(app, "team", ""), w.open(app, "team", "")
	m := silent.acquire(1, s)
	silent.admit(m[0], 1)
	var c *checker
	queued := 0
	for i := range int64(60) {
		w.until((i + 1) * 335 * ms)
		l := h.acquire(5, s)
		h.admit(l[0], 5)
		h.expire(l...)
	}
	c = newChecker(Options{Horizon: time.Second, OnWindow: func(WindowTally) {
		for watch := range c.watched {
			queued = max(queued, len(watch.queue))
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
	if r := c.conclude(); r.Verdict != Valid || r.FullestInterval == nil ||
		r.FullestInterval.Admitted != 15 || queued < 3 || queued > 8 {
		t.Errorf("%s, interval %+v, %d windows waited", r.Verdict, r.FullestInterval, queued)
	}
}

// TestASmallerBucketHasOldLeases: what is out when a bucket is made smaller may be spent until its
// window is over, and no longer.
func TestASmallerBucketHasOldLeases(t *testing.T) {
	w := newWorld(1)
	w.elect(0)
	b := w.bucket(500, 0)
	h := w.open(w.process("app"), "team", "")
	l := h.acquire(400, b)
	w.setBucket(b, 201, 300)
	h.admit(l[0], 400)
	w.until(400 * ms)
	h.expire(l...)
	m := h.acquire(20, b)
	h.admit(m[0], 20)
	h.expire(m...)
	var bursts []int64
	var c *checker
	c = newChecker(Options{OnWindow: func(WindowTally) {
		for _, l := range c.inForce {
			bursts = append(bursts, l.levels[len(l.levels)-1].burst)
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
	if r := c.conclude(); r.Verdict != Valid || r.Credits != 420 || c.overshot != nil {
		t.Errorf("got %v %v %v, %d credits", r.Verdict, r.Violation, c.overshot, r.Credits)
	}
	if got := bursts[len(bursts)-1]; got != 300 {
		t.Errorf("a window later the intervals count with bursts of %d, want 300 at last", bursts)
	}
}

// TestBucketsAreForgotten: a bucket that has filled again is as one that was never asked, and takes
// no memory; nor do the windows that a sliding limit does not count any more.
func TestBucketsAreForgotten(t *testing.T) {
	w := newWorld(1)
	w.elect(0)
	b, s := w.bucket(500, 0), w.sliding(30, 0)
	app := w.process("app")
	for i := range 40 {
		h := w.open(app, "team", fmt.Sprint("k", i))
		l := h.acquire(3, b, s)
		h.admit(l[0], 3)
		w.until(w.t + 260*ms)
		h.expire(l...)
		h.end()
	}
	w.until(w.t + 3*second)
	var c *checker
	most := [4]int{}
	c = newChecker(Options{Horizon: time.Second, OnWindow: func(WindowTally) {
		for _, l := range c.inForce {
			for i, n := range []int{len(l.buckets), len(l.watches), len(l.past), c.machine.Size()} {
				most[i] = max(most[i], n)
			}
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
	if r := c.conclude(); r.Verdict != Valid || r.Grants != 80 {
		t.Fatalf("%s with %d grants", r.Verdict, r.Grants)
	}
	// One credit is refilled in 5 ms: each account is full a window later. A watch stays while an
	// interval may reach it, which is a fill of 2.5 s: ten accounts.
	for i, bound := range []int{3, 14, 3, 60} {
		if most[i] > bound {
			t.Errorf("at most %v buckets, watches, windows and objects of the model", most)
		}
	}
}

// TestManyChangesLoosen: of a bucket that is changed too often to be remembered, less than the
// exact amount may be told, and never more.
func TestManyChangesLoosen(t *testing.T) {
	run := func(changes int, tell int64) *world {
		w := newWorld(1)
		w.elect(0)
		b := w.bucket(500, 0)
		h := w.open(w.process("app"), "team", "")
		l := h.acquire(400, b)
		h.admit(l[0], 400)
		for i := range changes {
			w.setBucket(b, 202+int64(i%2), 500)
		}
		h.seq++
		h.send()
		w.entry(func() {
			h.denyFor(b, 500)
			w.entryEvents[len(w.entryEvents)-1].Amount += tell
		})
		h.expire(l...)
		return w
	}
	for _, test := range []struct {
		changes int
		tell    int64
		want    string
	}{
		{exactChanges, 0, ""}, {exactChanges, -1, Whole}, {exactChanges, 1, Whole},
		{exactChanges + 1, 0, ""}, {exactChanges + 1, -1, ""}, {exactChanges + 1, 1, Whole},
	} {
		r, err := checkFiles(t, run(test.changes, test.tell).files, Options{})
		got := ""
		if err == nil && r.Violation != nil {
			got = r.Violation.Invariant
		}
		if err != nil || got != test.want {
			t.Errorf("%d changes, %+d: got %v, want %q: %v", test.changes, test.tell, r.Violation,
				test.want, err)
		}
	}
}

// TestANewClusterWaitsForKinds: where a cluster takes another one's place, a limit waits for the
// longest lease of such a limit, and as much longer as charges count that the old one made.
func TestANewClusterWaitsForKinds(t *testing.T) {
	for _, short := range []int64{0, 1} {
		for _, shape := range []string{KindSliding, KindBucket} {
			w := newWorld(1)
			w.elect(0)
			w.sleep(500 * ms)
			at := w.takeOver()
			var p *policy
			if shape == KindSliding {
				p = w.sliding(30, at+4*335*ms-short)
			} else {
				p = w.bucket(500, at+625*ms+2500*ms-short)
			}
			w.until(p.until + 2*p.span)
			h := w.open(w.process("app"), "team", "")
			l := h.acquire(10, p)
			h.admit(l[0], 10)
			h.expire(l...)
			r := recordingOf(t, w.files)
			report, got := r.check()
			if want := []string{string(Valid), TakeOver}[short]; got != want {
				t.Errorf("%s, %d ns short: got %s, %v", shape, short, got, report.Violation)
			}
		}
	}
}

// TestKindsRandomly: runs in which holders ask as they like are valid.
func TestKindsRandomly(t *testing.T) {
	steps := []string{"GrantPast", "DenySlides", "DenyRefills", "RefillCapped", "RefillOver"}
	var seen []string
	for seed := range uint64(40) {
		w := randomKinds(seed)
		r, err := checkFiles(t, w.files, Options{})
		if err != nil || r.Verdict != Valid {
			t.Fatalf("seed %d: %v, %v; replay: randomKinds(%d)", seed, r, err, seed)
		}
		for _, c := range r.Coverage.Steps {
			if c.Count > 0 && slices.Contains(steps, c.Name) && !slices.Contains(seen, c.Name) {
				seen = append(seen, c.Name)
			}
		}
	}
	if len(seen) != len(steps) {
		t.Errorf("took %v of %v", seen, steps)
	}
}

// randomKinds is a run of two keys of a sliding limit and of a bucket, which changes.
func randomKinds(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 7))
	w := newWorld(1)
	w.stateEvery = 1 << 30
	w.elect(0)
	s, b := w.sliding(5+r.Int64N(40), 0), w.bucket(300+r.Int64N(400), 0)
	app := w.process("app")
	holders := []*holder{w.open(app, "team", "x"), w.open(app, "team", "y")}
	for range 80 {
		w.sleep(r.Int64N([]int64{ms, 50 * ms, 500 * ms, 5 * second}[r.IntN(4)]))
		h, p := holders[r.IntN(2)], []*policy{s, b}[r.IntN(2)]
		h.seq++
		attempt := h.send()
		var l []*held
		w.entry(func() {
			need, left := 1+r.Int64N(20), p.leftAt(h.key, w.t)
			if r.IntN(3) == 0 {
				need = 1 + r.Int64N(max(p.amount, p.burst))
			}
			if need = min(need, max(p.burst, p.amount)); p == b {
				need = min(need, p.burst)
			}
			if need > left {
				h.denyFor(p, need)
				return
			}
			l = h.charge(need, p)
		})
		if l == nil {
			continue
		}
		h.accept(attempt, l...)
		if n := 1 + r.Int64N(l[0].left); w.now+ms-l[0].sent < life(l[0].ttl) {
			if h.admit(l[0], n); r.IntN(3) == 0 && l[0].left > 0 && l[0].end-w.clock() > 5*ms {
				h.giveBack(l[0], l[0].left)
			}
		}
		h.expire(l...)
		if r.IntN(10) == 0 {
			w.setBucket(b, b.amount*(80+r.Int64N(40))/100+1, b.burst*(80+r.Int64N(40))/100+1)
		}
	}
	return w
}
