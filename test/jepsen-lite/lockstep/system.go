package lockstep

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/spec/twin/explore"
	"github.com/leased-io/leased/trace"
)

// unit is the twin's unit of time. Credits are given back when a holder was idle for two.
const unit = 10 * time.Millisecond

// driftPPM is a third, rounded up: with it lease.Life of an even number of units is the twin's
// whole number of units less a few nanoseconds, which rounding up takes away again.
const driftPPM = 333_334

// system is the code under test: the coordinator's State and the fleet's Holders, and what the
// harness plays for them, which is their clocks, the log, the network and the leaders.
type system struct {
	scope  Scope
	rng    *rand.Rand // of choices that the twin's state must not depend on
	broken Break

	state       *fsm.State
	index, term uint64
	up          bool
	clock       int64 // the leader's cluster clock
	earlier     int64 // its reading before the last tick
	log         []proposal
	asleep      []fsm.Entry   // proposals that a failover lost, and that may yet be appended
	old         []fsm.Command // copies of commands of requests that are over and decided

	holders  []*holder
	attempts []attempt

	tab [maxRequests]charge // what the State's events say of each request
	adm int                 // admissions since the last roll

	seen  refusals
	fault error // the first one
	notes []string
	noted bool // whether to take notes
}

// proposal is a command that was stamped, and is not committed yet.
type proposal struct {
	op    uint8
	a     int
	epoch uint64
	stamp int64
	cmd   fsm.Command
}

// charge is a grant of the current window.
type charge struct {
	lease       lease.ID
	window      int64
	amount      int
	returned    bool
	spent, lost int // ghosts: what became of it
}

// refusals counts where the code is stricter than the twin, by how it says so.
type refusals map[fsm.Code]int

// newSystem returns a system in the twin's initial state.
func newSystem(scope Scope, seed uint64, broken Break) *system {
	y := &system{
		scope: scope, rng: rand.New(rand.NewPCG(seed, 0x10c4)), broken: broken,
		term: 1, up: true, seen: refusals{},
		holders: make([]*holder, scope.keys()), attempts: make([]attempt, len(scope.KeyOf)),
	}
	y.state = fsm.New(y.see)
	y.apply(fsm.Entry{Open: true})
	y.command(fsm.Command{PutBudget: &fsm.PutBudget{Budget: budget.Budget{
		Name: budgetName, Limits: []budget.Limit{y.limit()},
	}}})
	for k := range y.holders {
		y.holders[k] = y.newHolder(k)
	}
	for a := range y.attempts {
		y.attempts[a] = attempt{window: noWindow}
	}
	return y
}

const budgetName = "b"

func (y *system) limit() budget.Limit {
	return budget.Limit{Metric: "requests", Kind: budget.KindWindow,
		Amount: budget.Credits(y.scope.Limit), Per: time.Duration(y.scope.Window) * unit}
}

// failf notes the first fault.
func (y *system) failf(format string, args ...any) {
	if y.fault == nil {
		y.fault = fmt.Errorf(format, args...)
	}
}

// note adds to the trace what the harness did beyond the twin's step.
func (y *system) note(format string, args ...any) {
	if y.noted {
		y.notes = append(y.notes, fmt.Sprintf(format, args...))
	}
}

// odds reports true once in n.
func (y *system) odds(n int) bool { return y.rng.IntN(n) == 0 }

// apply appends an entry under the present term and lets it take effect.
func (y *system) apply(e fsm.Entry) []fsm.Result {
	y.index++
	return y.state.Apply(y.index, y.term, e)
}

// command applies one command that no time passes with.
func (y *system) command(c fsm.Command) fsm.Result {
	return y.apply(fsm.Entry{Epoch: y.state.Epoch(), Stamp: y.state.T(),
		Commands: []fsm.Command{c}})[0]
}

// see takes the state machine's events.
func (y *system) see(e trace.Event) {
	switch e.Kind {
	case trace.KindRoll:
		y.tab, y.adm = [maxRequests]charge{}, 0
	case trace.KindGrant:
		k := y.holderOf(e.Session)
		if k < 0 || y.tab[k].amount > 0 {
			y.failf("granted twice, or to nobody: %s", told(e))
			return
		}
		y.tab[k] = charge{lease: lease.ID(e.Lease), window: e.Window, amount: int(e.Amount)}
	case trace.KindReturn:
		if !e.OK {
			return
		}
		k := y.holderOf(e.Session)
		if k < 0 || y.tab[k].lease != lease.ID(e.Lease) || y.tab[k].returned {
			y.failf("taken back twice, or from nobody: %s", told(e))
			return
		}
		y.tab[k].returned = true
	}
}

// holderOf returns which request's session it is, or -1.
func (y *system) holderOf(session uint64) int {
	for a := range y.attempts {
		if id := y.attempts[a].request.Session; id != 0 && uint64(id) == session {
			return y.scope.KeyOf[a]
		}
	}
	return -1
}

// sessionOf returns the session that request k was asked under. Its holder may have another now.
func (y *system) sessionOf(k int) lease.SessionID {
	for a, key := range y.scope.KeyOf {
		if id := y.attempts[a].request.Session; key == k && id != 0 {
			return id
		}
	}
	return 0
}

// restore replaces the state by a copy from its snapshot, as on a node that joins.
func (y *system) restore() {
	var buf bytes.Buffer
	if err := y.state.Snapshot(&buf); err != nil {
		y.failf("snapshot: %w", err)
		return
	}
	restored, err := fsm.Restore(&buf, y.see)
	if err != nil {
		y.failf("restore: %w", err)
		return
	}
	if got, want := restored.Digest(), y.state.Digest(); got != want {
		y.failf("the restored state's digest is %s, was %s", got, want)
	}
	y.note("the state is restored from its snapshot")
	y.state = restored
}

// abs is the projection: the twin's state that the system is in, relative to the window of T.
func (y *system) abs() explore.WindowState {
	s := initial
	window, t := int64(y.scope.Window), y.units(int64(y.state.T()))
	base := t / window * window
	s.C, s.T, s.Up = int16(y.units(y.clock)-base), int16(t-base), y.up
	for i, p := range y.log {
		s.Log[i].Stamp = int16(y.units(p.stamp) - base)
		s.Log[i].Op, s.Log[i].A = p.op, int8(p.a)
	}
	s.LogLen, s.Adm = int8(len(y.log)), int8(y.adm)
	status, ok := y.state.Budget(budgetName, "")
	if !ok || len(status.Limits) != 1 {
		y.failf("the budget is gone: %+v", status)
		return s
	}
	s.Avail = int8(status.Limits[0].Left)
	now := t / window
	for k := range y.scope.keys() {
		if c := y.tab[k]; c.amount > 0 {
			s.Tab[k].Win, s.Tab[k].G, s.Tab[k].Ret = relative(c.window, now), int8(c.amount), c.returned
		}
		s.Use[k].Spent, s.Use[k].Lost = int8(y.tab[k].spent), int8(y.tab[k].lost)
	}
	for a := range y.attempts {
		y.project(a, now, &s)
	}
	return s
}

// project adds attempt a to its projection.
func (y *system) project(a int, now int64, s *explore.WindowState) {
	at, h := &y.attempts[a], y.holders[y.scope.KeyOf[a]]
	if at.answer != nil {
		g := at.answer.Grants[0]
		s.Ans[a].Win, s.Ans[a].G = relative(int64(g.Window), now), int8(g.Amount)
		s.Ans[a].TTL = int8(y.units(int64(g.TTL)))
	}
	c := &s.Cli[a]
	c.St, c.Win, c.Back = at.st, relative(at.window, now), int8(at.back)
	switch at.st {
	case explore.ClientSent:
		c.Age = int8(min(int64(ageCap(y.scope)), y.units(h.now-h.sends[at.id])))
	case explore.ClientHeld:
		c.Left, c.Cred = int8(h.lease.left(h.now)), int8(h.lease.cred())
	}
}

// units returns a time in the twin's units, which it must be a whole number of.
func (y *system) units(nanos int64) int64 {
	if nanos%int64(unit) != 0 {
		y.failf("%d ns is no whole number of units", nanos)
	}
	return nanos / int64(unit)
}

// noWindow stands for none.
const noWindow = -1

// relative names a window by its distance, as the twin's folded states do.
func relative(w, now int64) int8 {
	switch {
	case w == noWindow:
		return -1
	case w < now:
		return -2
	}
	return int8(w - now)
}

// initial is the twin's initial state, which has no time in it.
var initial = Small().twin().Init()
