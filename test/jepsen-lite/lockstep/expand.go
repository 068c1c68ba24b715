package lockstep

import (
	"github.com/leased-io/leased/spec/twin/explore"
)

// unwalked says why the code cannot take a step that the twin can.
type unwalked string

const (
	// beyond: the step leads out of the scope's bounds.
	beyond unwalked = "leads beyond the scope's bounds"
	// oneClock: the attempts of one request are one holder's, and have its clock.
	oneClock unwalked = "attempts of one holder share its clock"
	// wholly: the holder gives up what it has left of a lease, or renews, which is another
	// request and so takes another key. The deep walks have renewals.
	wholly unwalked = "a holder gives back a lease in part only by a renewal"
	// alive: a lease that is over for its holder is not given back.
	alive unwalked = "a holder gives nothing back of a lease that is over"
	// decidedOnce: a copy of a request that was decided is never charged again.
	decidedOnce unwalked = "a decided request is not charged again after the roll"
)

// expand emits each step from n that the code can take, with its branch. Where the code refuses
// what the twin grants, the step is the refusal: the command takes effect on T alone.
func (g *graph) expand(n *node, emit func(explore.WindowStep, branch, node)) {
	refusal := false
	g.twin.Next(n.s, func(step explore.WindowStep, s explore.WindowState) {
		to := node{s: g.twin.Fold(s), decided: n.decided}
		if why := g.obstacle(n, step, &s); why != "" {
			g.unwalked[obstacle{step.Kind, why}]++
			if why == decidedOnce && !refusal {
				refusal = true
				emit(step, g.branchOf(n, step, &s), g.refusal(n, &s))
			}
			return
		}
		switch step.Kind {
		case explore.WindowCommit:
			if c := n.s.Log[0]; c.Op == explore.OpReserve {
				to.decided[g.scope.KeyOf[c.A]] = true
			}
		case explore.WindowRecycle:
			to.decided[step.Whom] = false
		}
		emit(step, g.branchOf(n, step, &s), to)
	})
}

// obstacle says why the code cannot take a step to s, or nothing.
func (g *graph) obstacle(n *node, step explore.WindowStep, s *explore.WindowState) unwalked {
	switch step.Kind {
	case explore.WindowTick:
		for k := range g.scope.keys() {
			if _, ok := g.rate(&n.s, s, k); !ok {
				return oneClock
			}
		}
	case explore.WindowReturn:
		if n.s.Cli[step.Whom].Left == 0 {
			return alive
		}
		if s.Cli[step.Whom].Cred != 0 {
			return wholly
		}
	case explore.WindowCommit:
		if what, _ := g.outcomeOf(n); what == refused && s.Tab[g.scope.KeyOf[n.s.Log[0].A]].G > 0 {
			return decidedOnce
		}
	}
	if !g.twin.InBounds(*s) {
		return beyond
	}
	return ""
}

// rate returns the rate at which request k's holder's clock ran in a tick from one state to
// another. It is not ok if its attempts say different ones. 0: none says any.
func (g *graph) rate(from, to *explore.WindowState, k int) (units int, ok bool) {
	for _, r := range g.scope.CRate {
		agree, said := true, false
		for a, key := range g.scope.KeyOf {
			c, d := from.Cli[a], to.Cli[a]
			if key != k {
				continue
			}
			switch {
			case c.St == explore.ClientSent && c.Age < ageCap(g.scope):
				said = true
				agree = agree && d.Age == min(ageCap(g.scope), c.Age+int8(r))
			case c.St == explore.ClientHeld && c.Left > 0:
				said = true
				agree = agree && d.Left == max(0, c.Left-int8(r))
			}
		}
		if !said {
			return 0, true
		}
		if agree {
			return r, true
		}
	}
	return 0, false
}

// ageCap is the age at which the twin stops counting: the life of a whole window.
func ageCap(s Scope) int8 { return int8(s.Window * s.CRate[0] / s.LRate[len(s.LRate)-1]) }

// refusal is the node that a Commit leads to if its command is refused; granted is where it
// would lead if not.
func (g *graph) refusal(n *node, granted *explore.WindowState) node {
	c := n.s.Log[0]
	k := g.scope.KeyOf[c.A]
	s := *granted
	s.Ans[c.A] = n.s.Ans[c.A]
	s.Avail += s.Tab[k].G
	s.Tab[k] = g.twin.Init().Tab[k]
	return node{s: g.twin.Fold(s), decided: n.decided}
}
