package twin

import (
	"math/big"
	"slices"
	"testing"

	"github.com/leased-io/leased/trace"
)

// entryOf is a line of the book of a limit that is no window limit: key was charged n credits at
// an instant, on a lease that ends; or, without an end, what the limit is from then on.
type entryOf struct {
	at            int64
	key           string
	n, end        int64
	amount, burst int64
}

func (p *policy) enter(e entryOf) {
	if p.shape != "" {
		p.book = append(p.book, e)
	}
}

// leftAt reads from the whole book what is left for key at t.
func (p *policy) leftAt(key string, t int64) int64 {
	if p.shape == KindSliding {
		left := p.amount
		for _, e := range p.book {
			if e.key == key && e.end > 0 && (e.end/p.span-1) >= t/p.span-p.slots {
				left -= e.n
			}
		}
		return max(0, left)
	}
	tokens, now, out, end := new(big.Rat), p.book[0].at, int64(0), int64(0)
	limit := p.book[0]
	tokens.SetInt64(limit.burst)
	pour := func(to int64) {
		if to <= now {
			return
		}
		rate := big.NewRat(limit.amount*200, p.per*201) // in half a percent more than per
		tokens.Add(tokens, rate.Mul(rate, big.NewRat(to-now, 1)))
		if room := big.NewRat(max(0, limit.burst-out), 1); tokens.Cmp(room) > 0 {
			tokens.Set(room)
		}
		now = to
	}
	for _, e := range append(slices.Clone(p.book), entryOf{at: t, key: "nobody's", end: 1}) {
		if out > 0 && end <= e.at {
			pour(end)
			out = 0
		}
		pour(e.at)
		switch {
		case e.end == 0:
			limit = e
		case e.key == key:
			tokens.Sub(tokens, big.NewRat(e.n, 1))
			out, end = out+e.n, e.end
		}
	}
	whole := new(big.Int).Quo(tokens.Num(), tokens.Denom()).Int64()
	return max(0, min(whole, limit.burst-out))
}

// opensFor returns when need is left for key, or the window is over.
func (p *policy) opensFor(key string, need, now int64) int64 {
	if p.shape == KindSliding {
		t := p.end()
		for p.leftAt(key, t) < need {
			t += p.span
		}
		return t
	}
	low, high := now, p.end() // not enough, enough or the end
	for low+1 < high {
		if mid := (low + high) / 2; p.leftAt(key, mid) >= need {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// denyFor refuses the current request, which needs so much of p.
func (h *holder) denyFor(p *policy, need int64) {
	h.w.emit(trace.Event{Kind: trace.KindDeny, Session: h.id, Seq: h.seq, Limit: p.serial, Key: h.key,
		Amount: p.leftAt(h.key, h.w.t), TTL: p.opensFor(h.key, need, h.w.t) - h.w.t})
}

// refused is a whole request that is denied.
func (h *holder) refused(p *policy, need int64) {
	h.seq++
	h.send()
	h.w.entry(func() { h.denyFor(p, need) })
}

// sliding: a second, and half a percent, in three slots of 335 ms.
func (w *world) sliding(amount, until int64) *policy {
	return w.putPolicy(&policy{budget: "team", metric: "calls", shape: KindSliding, per: second,
		amount: amount, slots: 3, span: 335 * ms}, until)
}

// bucket: 201 in 1005 ms are one in 5 ms; 500 are full in 2.5 s.
func (w *world) bucket(burst, until int64) *policy {
	return w.putPolicy(&policy{budget: "team", metric: "tokens", shape: KindBucket, per: second,
		amount: 201, burst: burst, span: 250 * ms}, until)
}

func (w *world) setBucket(p *policy, amount, burst int64) {
	w.entry(func() {
		p.amount, p.burst = amount, burst
		p.enter(entryOf{at: w.t, amount: amount, burst: burst})
		w.emitLimit(p)
	})
}

// until lets time pass to an instant of cluster time, and an entry roll.
func (w *world) until(t int64) {
	w.sleep(t - w.clock())
	w.entry(nil)
}

// The leases of kinds, by what becomes of them.
const (
	firstCalls   = 1 // 20 of 30 in window 0, 5 of them given back
	firstTokens  = 2 // 400 of 500
	moreTokens   = 3 // 100, which are all while the others are out
	secondCalls  = 4 // 15, of window 1: with the first window's all there is
	laterTokens  = 5 // 24, a little after the change
	manyTokens   = 6 // 290, long after it
	thirdCalls   = 7 // 15, of window 4: the first window's have left
	fullTokens   = 8 // 300, of a bucket that has filled
	lastOfKinds  = 9 // 30, of the sliding limit that takes the first one's place
	kindsCredits = 15 + 400 + 100 + 15 + 24 + 290 + 15 + 300 + 30 + 450
)

// kinds is a run of a sliding limit and of a bucket.
func kinds() *world {
	w := newWorld(1)
	w.stateEvery = 1 << 30
	w.elect(0)
	app := w.process("app")
	s, b := w.sliding(30, 0), w.bucket(500, 0)
	h := w.open(app, "team", "")
	w.until(20 * ms)
	l := h.acquire(20, s)
	h.admit(l[0], 15)
	h.giveBack(l[0], 5)
	m := h.acquire(400, b)
	h.admit(m[0], 400)
	h.refused(b, 500) // 400 are out: not before the window's end
	w.until(120 * ms)
	h.refused(b, 105) // there is room for no more than 100, whatever time passes
	n := h.acquire(100, b)
	h.admit(n[0], 100)
	w.until(255 * ms)
	h.expire(m[0], n[0])
	h.refused(b, 20) // as soon as there are 20
	w.until(340 * ms)
	h.expire(l...)
	h.refused(s, 16) // 15 are of window 0
	p := h.acquire(15, s)
	h.admit(p[0], 15)
	h.refused(s, 1)
	w.setBucket(b, 402, 400) // twice as fast, and smaller
	w.until(360 * ms)
	q := h.acquire(24, b)
	h.admit(q[0], 24)
	w.until(1100 * ms)
	h.expire(p[0], q[0])
	u := h.acquire(290, b)
	h.admit(u[0], 290)
	h.refused(s, 1) // window 0 counts still, for the last time
	w.until(1400 * ms)
	h.expire(u...)
	third := h.acquire(15, s)
	h.admit(third[0], 15)
	w.until(3200 * ms)
	h.expire(third...)
	w.setBucket(b, 201, 300)
	r := h.acquire(300, b)
	h.admit(r[0], 300)
	h.replaceKinds(s, b, r[0])
	h.end()
	w.resign()
	return w
}

// replaceKinds puts other limits in the places of the two, which wait for what counts of them.
func (h *holder) replaceKinds(s, b *policy, old *held) {
	w := h.w
	w.remove(s)
	w.remove(b)
	again := w.sliding(30, s.end()+3*335*ms)
	full := w.bucket(500, b.end()+1500*ms) // 300 in 5 ms each
	h.refusedEmpty(again)
	w.until(max(full.until, again.until) + 335*ms)
	h.expire(old)
	l := h.acquire(30, again)
	h.admit(l[0], 30)
	m := h.acquire(450, full)
	h.admit(m[0], 450)
	h.refused(full, 60) // there are 50, and no more while the others are out
	w.until(full.end())
	h.expire(l[0], m[0])
	h.refused(full, 90) // it takes 40 times 5 ms
}

// refusedEmpty is a whole request that a limit denies which starts empty.
func (h *holder) refusedEmpty(p *policy) {
	h.seq++
	h.send()
	h.w.entry(func() { h.deny(p) })
}

// TestKindsAreValid: the run that the plants change is sound, and not an empty one.
func TestKindsAreValid(t *testing.T) {
	tallies := map[string]int{}
	r, err := checkFiles(t, kinds().files, Options{OnWindow: func(w WindowTally) {
		tallies[w.Kind]++
		if w.Admitted > w.Bound || w.Span >= w.Per {
			t.Errorf("window %+v", w)
		}
	}})
	if err != nil || r.Verdict != Valid || r.Credits != kindsCredits {
		t.Fatalf("got %v %v, %d credits: %v", r.Verdict, r.Violation, r.Credits, err)
	}
	if tallies[KindSliding] != 4 || tallies[KindBucket] != 5 || len(tallies) != 2 {
		t.Errorf("windows of %v", tallies)
	}
	if f := r.FullestInterval; f == nil || f.Admitted != f.Bound || r.Fullest != nil {
		t.Errorf("the fullest interval is %+v, the fullest window %+v; want one with all, and none",
			f, r.Fullest)
	}
}
