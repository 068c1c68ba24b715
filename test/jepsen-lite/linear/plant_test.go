package linear

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
)

// space is how far the ticks of a recorded history are drawn apart, to make room for plants.
const space = 8

// after returns h with more operations right after the answer to h[i], side by side.
func after(h History, i int, more ...Op) History {
	planted := slices.Clone(h)
	for _, op := range more {
		op.Client, op.Call, op.Return = 99, h[i].Return+1, h[i].Return+2
		planted = append(planted, op)
	}
	return planted
}

// last returns the index of the operation that was answered last.
func last(h History) int {
	at := 0
	for i, op := range h {
		if op.Return > h[at].Return {
			at = i
		}
	}
	return at
}

// granting reports whether h[i] was granted something.
func granting(h History, i int) bool { return h[i].Output != nil && len(h[i].Output.Grants) > 0 }

// retold is h[i], answered once more.
func retold(h History, i int, change func(*Output)) Op {
	out := *h[i].Output
	out.Grants, out.Taken = slices.Clone(out.Grants), slices.Clone(out.Taken)
	change(&out)
	return Op{Input: h[i].Input, Output: &out}
}

// plants are violations, each put at a place where it surely is one; nil if it is none there.
var plants = []struct {
	name  string
	plant func(h History, i int) History
}{
	{"a grant is told twice under different sizes", func(h History, i int) History {
		if !granting(h, i) {
			return nil
		}
		return after(h, i, retold(h, i, func(o *Output) { o.Grants[0].Amount++ }))
	}},
	{"a retry is denied", func(h History, i int) History {
		if !granting(h, i) {
			return nil
		}
		return after(h, i, retold(h, i, func(o *Output) {
			o.Answer, o.Grants, o.Denial = Denied, nil, &Denial{RetryAfter: 1}
		}))
	}},
	{"a grant that the next read does not know", func(h History, i int) History {
		if !granting(h, i) || h[i].Output.Revision == 0 {
			return nil
		}
		for _, op := range h {
			if op.Input.Kind != GetBudget || op.Output == nil || len(op.Output.Usage) != 1 ||
				op.Output.Revision != h[i].Output.Revision {
				continue
			}
			g := h[i].Output.Grants[0]
			out := *op.Output
			out.Usage = []Usage{{g.Window, g.Amount - 1, g.TTL - 1}}
			return after(h, i, Op{Input: op.Input, Output: &out})
		}
		return nil
	}},
	{"a stale read", func(h History, i int) History {
		if h[i].Input.Kind != GetBudget || h[i].Output == nil || h[i].Output.Answer != Done {
			return nil
		}
		for _, op := range h {
			if op.Input.Kind == PutBudget && op.Input.Budget == h[i].Input.Budget &&
				op.Output != nil && op.Output.Revision > h[i].Output.Revision {
				return after(h, last(h), Op{Input: h[i].Input, Output: h[i].Output})
			}
		}
		return nil
	}},
	{"a return is acknowledged twice", func(h History, i int) History {
		if h[i].Input.Kind != GiveBack || h[i].Output == nil || slices.Max(append(
			slices.Clone(h[i].Output.Taken), 0)) == 0 {
			return nil
		}
		return after(h, i, retold(h, i, func(*Output) {}))
	}},
}

// TestPlanted plants violations in recorded histories of real nodes, with all the calls that were
// not answered. Each must be found, wherever it is.
func TestPlanted(t *testing.T) {
	places := 2
	if raceEnabled {
		places = 1
	}
	o := Draw(*seed)
	h := recorded(t, o)
	if v := judged(t, h); v.Result != Valid || v.Unanswered == 0 {
		t.Fatalf("without a plant: %s", v)
	}
	rng := rand.New(rand.NewPCG(*seed, 0x91a7))
	for _, p := range plants {
		found := 0
		for _, i := range rng.Perm(len(h)) {
			planted := p.plant(h, i)
			if planted == nil {
				continue
			}
			if v := judged(t, planted); v.Result != Invalid {
				t.Errorf("%s, after %v: got %s (-linear.seed=%d)", p.name, h[i].Input, v, *seed)
			}
			if found++; found == places {
				break
			}
		}
		if found == 0 {
			t.Errorf("%s: no place for it (-linear.seed=%d)", p.name, *seed)
		}
	}
}

// judged returns porcupine's verdict, to which a follower must come too.
func judged(t *testing.T, h History) Verdict {
	t.Helper()
	v := Check(h, patience)
	if w := Follow(h); w.Result != v.Result || w.Unjudged > 0 || w.Ops != v.Ops {
		t.Errorf("porcupine: %s; a follower: %s", v, w)
	}
	return v
}

// recorded plays a schedule and returns its history, with room between the ticks.
func recorded(t *testing.T, o Options) (h History) {
	t.Helper()
	var err error
	synctest.Test(t, func(*testing.T) { h, _, err = Play(o) })
	if err != nil {
		t.Fatal(err)
	}
	for i := range h {
		h[i].Call *= space
		h[i].Return *= space
	}
	return h
}

// TestPlantedShare ends a recorded history with two grants side by side. What fits into the
// limit is valid in spite of all that was not answered before, and one credit more is found.
func TestPlantedShare(t *testing.T) {
	o := Draw(*seed)
	h := recorded(t, o)
	const amount, session, lease, revision = 100, 1 << 40, 1 << 40, 1 << 40
	per := int64(o.Per)
	window := int64(0) // one that nobody has seen yet: all other limits' windows are longer
	for _, op := range h {
		if op.Output == nil {
			continue
		}
		for _, g := range op.Output.Grants {
			window = max(window, g.Window+3)
		}
		for _, u := range op.Output.Usage {
			window = max(window, u.Window+3)
		}
	}
	lims := []Limit{{"requests", "window", amount, per}}
	h = after(h, last(h), Op{Input: Input{Kind: PutBudget, Budget: plain, Limits: lims},
		Output: &Output{Answer: Done, Revision: revision, Changed: true}})
	for i := range uint64(2) {
		h = after(h, last(h), Op{Input: Input{Kind: OpenSession, Budget: plain}, Output: &Output{
			Answer: Done, Session: session + i, Revision: revision, Limits: lims}})
	}
	grant := func(i uint64, n int64) Op {
		return Op{
			Input: Input{Kind: Acquire, Session: session + i, Seq: 1, Revision: revision,
				Asks: []Ask{{Limit: 0, Need: n, Want: n}}},
			Output: &Output{Answer: Granted, Revision: revision,
				Grants: []Grant{{lease + i, 0, window, n, per / 2}}},
		}
	}
	for more, want := range []Result{Valid, Invalid} {
		planted := after(h, last(h), grant(0, 60), grant(1, 40+int64(more)))
		if v := judged(t, planted); v.Result != want {
			t.Errorf("60 and %d of %d: got %s, want %s", 40+more, amount, v, want)
		}
	}
}
