package lockstep

import (
	"github.com/leased-io/leased/spec/twin/explore"
)

// outcome is what becomes of a command that is committed.
type outcome string

const (
	granted   outcome = "reserve granted"
	duplicate outcome = "reserve of a grant that stands"
	denied    outcome = "reserve denied"
	refused   outcome = "reserve refused, decided before the roll"
	taken     outcome = "return taken"
	repeated  outcome = "return not taken: it was before"
	late      outcome = "return not taken: its window is over"
)

// outcomeOf says what becomes of the oldest proposal if it is committed at n.
func (g *graph) outcomeOf(n *node) (what outcome, rolls bool) {
	c := n.s.Log[0]
	k := g.scope.KeyOf[c.A]
	rolls = int(max(n.s.T, c.Stamp)) >= g.scope.Window
	stands := n.s.Tab[k].G > 0 && !rolls
	left := rolls || n.s.Avail > 0
	switch {
	case c.Op == explore.OpReturn && !stands || c.Op == explore.OpReturn &&
		n.s.Tab[k].Win != n.s.Cli[c.A].Win:
		return late, rolls
	case c.Op == explore.OpReturn && n.s.Tab[k].Ret:
		return repeated, rolls
	case c.Op == explore.OpReturn:
		return taken, rolls
	case stands:
		return duplicate, rolls
	case n.decided[k]:
		return refused, rolls
	case left:
		return granted, rolls
	}
	return denied, rolls
}

// branch is a kind of edge: an action, without whom it concerns, and what comes of it.
type branch string

// branchOf names the kind of a step from n to s.
func (g *graph) branchOf(n *node, step explore.WindowStep, s *explore.WindowState) branch {
	name := branch(kindNames[step.Kind])
	c := n.s.Cli[step.Whom]
	switch step.Kind {
	case explore.WindowTick:
		if !n.s.Up {
			return name + ": no leader"
		}
	case explore.WindowCommit:
		what, rolls := g.outcomeOf(n)
		name += ": " + branch(what)
		if rolls {
			name += ", rolls"
		}
		if what == granted || what == duplicate {
			name += g.fate(n, s)
		}
	case explore.WindowFailover:
		if n.s.LogLen > s.LogLen {
			return name + ": loses proposals"
		}
	case explore.WindowAccept:
		if s.Cli[step.Whom].Left == 0 {
			return name + ": too late to be of use"
		}
	case explore.WindowCrash:
		if c.St == explore.ClientSent {
			return name + ": waits for an answer"
		}
		return name + ": holds a lease"
	case explore.WindowReserve:
		if c.St != explore.ClientSent {
			return name + ": late copy"
		}
	case explore.WindowGiveBack:
		if c.St == explore.ClientGone {
			return name + ": of a holder that is gone"
		}
	}
	return name
}

// fate tells what becomes of the answer to a Commit.
func (g *graph) fate(n *node, s *explore.WindowState) branch {
	a := n.s.Log[0].A
	switch {
	case n.s.Cli[a].St != explore.ClientSent:
		return ", nobody waits"
	case n.s.Ans[a].G == 0:
		return ", answered"
	case s.Ans[a] == n.s.Ans[a]:
		return ", the answer before comes first"
	}
	return ", this answer comes first"
}

// kindNames are the names of the actions, by kind.
var kindNames = [...]string{
	explore.WindowTick: "Tick", explore.WindowCommit: "Commit",
	explore.WindowFailover: "Failover", explore.WindowRecover: "Recover",
	explore.WindowSend: "Send", explore.WindowAccept: "Accept", explore.WindowAdmit: "Admit",
	explore.WindowReturn: "Return", explore.WindowCrash: "Crash",
	explore.WindowReserve: "Propose(reserve)", explore.WindowGiveBack: "Propose(return)",
	explore.WindowRecycle: "Recycle",
}
