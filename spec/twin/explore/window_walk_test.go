package explore

import "testing"

// TestWindowLeaseIsTheModule: what a harness walks step by step is what is explored, since a
// breadth-first search over folded states finds what TLC counted. There is no step beyond it.
func TestWindowLeaseIsTheModule(t *testing.T) {
	p := windowBase(retry, 2).extreme()
	want := Explore(windowConfig{p: p, check: windowChecks}.model(), Options{})
	w := NewWindowLease(p)
	known := map[WindowState]bool{}
	queue := []WindowState{w.Fold(w.Init())}
	known[queue[0]] = true
	generated, kinds := 1, map[WindowKind]bool{}
	for ; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		if name := w.Broken(s); name != "" {
			t.Fatalf("%s does not hold in %v", name, w.Show(s))
		}
		w.Next(s, func(step WindowStep, to WindowState) {
			generated++
			kinds[step.Kind] = true
			folded := w.Fold(to)
			if w.InBounds(to) != w.InBounds(folded) {
				t.Fatalf("%s leads out of bounds, or folded not", step)
			}
			if w.InBounds(to) && !known[folded] {
				known[folded] = true
				queue = append(queue, folded)
			}
		})
	}
	if len(known) != want.Distinct || generated != want.Generated {
		t.Errorf("generated %d, distinct %d; the exploration %d, %d",
			generated, len(known), want.Generated, want.Distinct)
	}
	if len(kinds) != int(WindowRecycle)+1 {
		t.Errorf("only %d kinds of steps", len(kinds))
	}
}

// TestWindowLeaseIsChecked: a state that the module forbids is told by the invariant's name, and
// nobody may admit on a lease that is over.
func TestWindowLeaseIsChecked(t *testing.T) {
	w := NewWindowLease(windowBase(one2, 1))
	s := w.Init()
	s.Adm = 2
	if got := w.Broken(s); got != "Safe" {
		t.Errorf("two admissions of one: broken is %q", got)
	}
	s = w.Init()
	s.Cli[0].St, s.Cli[0].Cred, s.Cli[0].Left = ClientHeld, 1, 1
	if !w.MayAdmit(s, 0) {
		t.Error("a live lease is not admitted on")
	}
	if s.Cli[0].Left = 0; w.MayAdmit(s, 0) {
		t.Error("a lease that is over is admitted on")
	}
	if got := (WindowStep{WindowGiveBack, 1}).String(); got != "Propose(return)(a2)" {
		t.Errorf("a step is called %q", got)
	}
}
