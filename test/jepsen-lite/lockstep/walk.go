package lockstep

import (
	"fmt"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/spec/twin/explore"
)

// walk is the twin and the code side by side, from the initial state on.
type walk struct {
	g    *graph
	seed uint64
	y    *system
	at   uint32
	path []uint16 // of each step, which of its node's edges it took, perhaps with probed
}

// probed is set in a step of a path after which the state machine's invariants were checked, and
// every holder was offered an admission where the twin forbids it. That leaves marks: a holder
// notices that a lease is over, and that it is short of credits. Steps are taken with and without.
const probed = 1 << 15

func newWalk(g *graph, seed uint64, broken Break) *walk {
	return &walk{g: g, seed: seed, y: newSystem(g.scope, seed, broken)}
}

// take takes a step of a path on both sides, and compares them. A panic of the code is a failure
// like any other.
func (w *walk) take(p uint16) (err error) {
	defer func() {
		if text := recover(); text != nil {
			err = fmt.Errorf("the code panics: %v", text)
		}
	}()
	e := w.g.out(w.at)[p&^probed]
	from, target := &w.g.nodes[w.at], w.g.target(e)
	to := &target
	w.path = append(w.path, p)
	w.y.step(w.g, from, e.step, to)
	w.y.mischief()
	if w.y.fault == nil {
		if got := w.y.abs(); got != to.s && w.y.fault == nil {
			return fmt.Errorf("the code is in another state than the twin:%s",
				w.difference(got, to.s))
		}
	}
	if w.y.fault == nil && p&probed != 0 {
		w.y.probe(w.g, to)
	}
	w.at = e.to
	w.y.rename(w.g.renamings[e.names])
	return w.y.fault
}

// difference shows the fields in which the code differs from the twin.
func (w *walk) difference(got, want explore.WindowState) string {
	text := ""
	shown := w.g.twin.Show(want)
	for i, f := range w.g.twin.Show(got) {
		if f != shown[i] {
			text += fmt.Sprintf("\n      %s: twin %s, code %s", f.Name, shown[i].Value, f.Value)
		}
	}
	return text
}

// step takes one step of the twin with the code.
func (y *system) step(g *graph, from *node, step explore.WindowStep, to *node) {
	switch a := step.Whom; step.Kind {
	case explore.WindowTick:
		y.tick(g, from, to)
	case explore.WindowCommit:
		y.commit(g, from, to)
	case explore.WindowFailover:
		y.failover(int(to.s.LogLen))
	case explore.WindowRecover:
		y.recover()
	case explore.WindowSend:
		y.send(a)
	case explore.WindowAccept:
		y.accept(a)
	case explore.WindowAdmit:
		y.admit(a)
	case explore.WindowReturn:
		y.giveUp(a)
	case explore.WindowCrash:
		y.crash(a)
	case explore.WindowReserve:
		y.propose(explore.OpReserve, a)
	case explore.WindowGiveBack:
		y.propose(explore.OpReturn, a)
	case explore.WindowRecycle:
		y.recycle(a, from.decided[a])
	}
}

// mischief does now and then what must change nothing: late answers arrive, proposals that
// slept through a failover wake, an entry has a stamp that is behind T.
func (y *system) mischief() {
	if y.up && len(y.asleep) > 0 && y.odds(4) {
		y.wake()
	}
	if y.odds(32) {
		y.behind()
	}
	for _, h := range y.holders {
		if len(h.late) == 0 || h.core == nil || !y.odds(4) {
			continue
		}
		l := h.late[y.rng.IntN(len(h.late))]
		if h.asked && !l.past {
			continue // it would be the first answer
		}
		y.note("a late answer to attempt %d arrives", l.attempt)
		h.core.Take(h.reading(), l.attempt, l.answer)
	}
}

// probe looks deeper than the projection does: at what the state machine says of itself, and into
// every holder.
func (y *system) probe(g *graph, n *node) {
	if err := fsm.Check(y.state); err != nil {
		y.failf("the state machine: %w", err)
	}
	for k, h := range y.holders {
		if h.core == nil {
			continue
		}
		if a := spender(g, k, n); a >= 0 {
			y.inspect(h, a, n)
		} else if v := h.offer(); v == lease.Admitted {
			y.failf("request %d's holder admits, and the twin forbids it: R10", k+1)
		} else if h.closed && v != lease.Closed {
			y.failf("request %d's holder was closed, and says %v", k+1, v)
		}
	}
}

// spender returns the attempt on whose lease request k's holder may admit, or -1.
func spender(g *graph, k int, n *node) int {
	for a, key := range g.scope.KeyOf {
		if key == k && g.twin.MayAdmit(n.s, a) {
			return a
		}
	}
	return -1
}

// inspect compares what a holder says that it has with the twin.
func (y *system) inspect(h *holder, a int, n *node) {
	st := h.core.Status(h.reading()).Limits[0]
	left := (int64(st.Left) + int64(unit) - 1) / int64(unit)
	if c := n.s.Cli[a]; int8(st.Live) != c.Cred || int8(left) != c.Left ||
		int64(st.Window) != h.lease.window {
		y.failf("the holder of attempt %d has %d credits of window %d and %d units left: %+v",
			a+1, st.Live, st.Window, left, c)
	}
}

// noteResult adds a command and its result to the trace.
func (y *system) noteResult(how string, c fsm.Command, r fsm.Result) {
	if y.noted {
		y.note("%s%s", how, textOf(c, r))
	}
}

// textOf tells a command and its result in words.
func textOf(c fsm.Command, r fsm.Result) string {
	text := ""
	switch {
	case c.Acquire != nil:
		text = fmt.Sprintf("acquire session %d seq %d", c.Acquire.Session, c.Acquire.Seq)
		for _, a := range c.Acquire.Asks {
			text += fmt.Sprintf(" needs %d", a.Need)
		}
		for _, b := range c.Acquire.Returns {
			text += fmt.Sprintf(" returns %d of lease %d", b.Amount, b.Lease)
		}
	case c.Return != nil:
		text = fmt.Sprintf("return session %d close %t", c.Return.Session, c.Return.Close)
		for _, b := range c.Return.Returns {
			text += fmt.Sprintf(", %d of lease %d window %d", b.Amount, b.Lease, b.Window)
		}
	}
	text += fmt.Sprintf(": %v", r.Code)
	for _, g := range r.Grants {
		text += fmt.Sprintf(", lease %d window %d amount %d ttl %v", g.Lease, g.Window, g.Amount, g.TTL)
	}
	return text
}
