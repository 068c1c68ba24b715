package lockstep

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/spec/twin/explore"
)

// propose has the leader take a copy of a message off the network, stamp and append it.
func (y *system) propose(op uint8, a int) {
	at := &y.attempts[a]
	p := proposal{op: op, a: a, epoch: y.state.Epoch(), stamp: y.clock, cmd: at.giving}
	if y.broken == StampEarly {
		p.stamp = max(y.earlier, int64(y.state.T()))
	}
	if op == explore.OpReserve {
		r := at.request
		if y.broken == NewNumber && y.tab[y.scope.KeyOf[a]].amount > 0 {
			r.Seq++
		}
		p.cmd = fsm.Command{Acquire: &r}
	}
	y.log = append(y.log, p)
}

// commit lets the oldest proposal take effect, on the way from one node of g to another.
func (y *system) commit(g *graph, from, to *node) {
	what, _ := g.outcomeOf(from)
	p := y.log[0]
	y.log = append(y.log[:0], y.log[1:]...)
	k := y.scope.KeyOf[p.a]
	if p.op == explore.OpReserve {
		n := 1 + y.rng.IntN(y.scope.Limit) // what a decided request asks for does not matter
		switch what {
		case granted:
			n = int(to.s.Tab[k].G)
		case denied:
			n = 1
		}
		p.cmd.Acquire = size(*p.cmd.Acquire, n)
	}
	e := fsm.Entry{Epoch: p.epoch, Stamp: budget.Instant(p.stamp)}
	before := y.riders(&e)
	e.Commands = append(e.Commands, p.cmd)
	after := y.riders(&e)
	results := y.apply(e)
	y.clock = max(y.clock, int64(y.state.T()))
	for i, r := range results {
		if i < before || i >= len(results)-after {
			y.idle(e.Commands[i], r)
		}
	}
	r := results[before]
	y.noteResult("", p.cmd, r)
	if p.op == explore.OpReturn {
		y.judgeReturn(&p, r, what)
		return
	}
	y.judgeReserve(k, r, what)
	y.deliver(p.a, r, to)
}

// riders adds commands to an entry that must change nothing: copies of old, decided ones, and
// forged returns. One log entry is many commands of one stamp.
func (y *system) riders(e *fsm.Entry) (n int) {
	for len(y.old) > 0 && y.odds(8) && n < 2 {
		e.Commands = append(e.Commands, y.old[y.rng.IntN(len(y.old))])
		n++
	}
	if c, ok := y.forgery(); ok && y.odds(8) {
		e.Commands = append(e.Commands, c)
		n++
	}
	return n
}

// forgery is a Return that no holder makes: of a lease that stands, but of another window, of
// more than it has, or of another session.
func (y *system) forgery() (fsm.Command, bool) {
	k := y.rng.IntN(len(y.holders))
	c := y.tab[k]
	if c.amount == 0 || c.returned {
		return fsm.Command{}, false
	}
	session := y.sessionOf(k)
	r := lease.Return{Lease: c.lease, Window: budget.Window(c.window), Amount: 1}
	switch y.rng.IntN(3) {
	case 0:
		r.Window += budget.Window(1 - 2*y.rng.IntN(2))
	case 1:
		r.Amount = budget.Credits(c.amount + 1)
	default:
		session++
	}
	return fsm.Command{Return: &fsm.Return{Session: session, Returns: []lease.Return{r}}}, true
}

// idle checks that a copy of a decided command came to nothing.
func (y *system) idle(c fsm.Command, r fsm.Result) {
	y.noteResult("in the same entry, ", c, r)
	for _, n := range r.Taken {
		if n > 0 {
			y.failf("a return was taken that is an old copy, or forged: %+v", c.Return)
		}
	}
	for _, g := range r.Grants {
		if g.TTL > 0 {
			y.failf("a copy of an old request was granted: %+v", r)
		}
	}
}

// maxOld bounds the copies of old commands that are kept.
const maxOld = 16

// keep remembers a command of a request that is over and decided.
func (y *system) keep(c fsm.Command) {
	if len(y.old) >= maxOld {
		y.old = append(y.old[:0], y.old[1:]...)
	}
	y.old = append(y.old, c)
}

// judgeReturn holds a Return's result against the outcome that the twin has.
func (y *system) judgeReturn(p *proposal, r fsm.Result, what outcome) {
	h := y.holders[y.scope.KeyOf[p.a]]
	y.judgeSession(h, r)
	sum := 0
	for _, n := range r.Taken {
		sum += int(n)
	}
	if p.cmd.Return != nil {
		if want := y.attempts[p.a].back; what == taken && sum != want || what != taken && sum != 0 {
			y.failf("%s: %d credits were taken back", what, sum)
		}
	}
	switch {
	case r.Code != fsm.CodeDone:
		if r.Code != fsm.CodeUnknownSession || what == taken {
			y.failf("%s: answered %v", what, r.Code)
		}
	case p.cmd.Acquire != nil:
		h.moved = true
		if h.core != nil && h.busy && y.odds(2) {
			h.core.Take(h.reading(), y.attempts[p.a].giveID, y.answerOf(r))
			h.busy = false
		}
	case p.cmd.Return.Close:
		h.moved, h.ended = true, true
	}
}

// judgeSession checks that a session that was closed is unknown from then on.
func (y *system) judgeSession(h *holder, r fsm.Result) {
	if h.ended && r.Code != fsm.CodeUnknownSession {
		y.failf("the session was closed, and is answered %v", r.Code)
	}
}

// judgeReserve holds an Acquire's result against the outcome that the twin has. The table
// itself is compared with the projection.
func (y *system) judgeReserve(k int, r fsm.Result, what outcome) {
	h := y.holders[k]
	y.judgeSession(h, r)
	live := len(r.Grants) == 1 && r.Grants[0].TTL > 0
	ok := false
	switch what {
	case granted:
		ok = r.Code == fsm.CodeDone && live
	case denied:
		ok = r.Code == fsm.CodeDenied
	case duplicate:
		ok = r.Code == fsm.CodeDone && live || h.moved && r.Code != fsm.CodeDone
	case refused:
		ok = !live
		y.seen[r.Code]++
	}
	if r.Code == fsm.CodeStale || r.Code == fsm.CodeUnknownSession {
		ok = ok && h.moved
	}
	if !ok {
		y.failf("%s: answered %v %+v", what, r.Code, r.Grants)
	}
}

// deliver sends the answer to an Acquire on its way to attempt a.
func (y *system) deliver(a int, r fsm.Result, to *node) {
	at, h := &y.attempts[a], y.holders[y.scope.KeyOf[a]]
	answer := y.answerOf(r)
	live := len(answer.Grants) == 1 && answer.Grants[0].TTL > 0
	if live && y.broken == FirstTTL {
		if h.firstTTL == 0 {
			h.firstTTL = answer.Grants[0].TTL
		}
		answer.Grants[0].TTL = h.firstTTL
	}
	switch {
	case at.st != explore.ClientSent:
		h.post(answer, at.id)
	case !live:
		at.nothing = &answer
	default:
		// Of several answers that one comes first that the twin says.
		want, other := to.s.Ans[a], at.answer
		ttl := y.units(int64(answer.Grants[0].TTL))
		if other == nil || int64(want.TTL) == ttl && want.Win == 0 {
			at.answer = &answer
		} else {
			other = &answer
		}
		if other != nil {
			h.post(*other, at.id)
		}
	}
}

// failover loses the leader, with what it proposed from the j-th on. What is lost may have
// slept between the reading of its stamp and its append, and wake up under another leader.
func (y *system) failover(j int) {
	for _, p := range y.log[j:] {
		if len(y.asleep) < maxAsleep {
			y.asleep = append(y.asleep, fsm.Entry{Epoch: p.epoch,
				Stamp: budget.Instant(p.stamp), Commands: []fsm.Command{p.cmd}})
		}
	}
	y.log = y.log[:j]
	y.up = false
	y.clock = int64(y.state.T())
	y.earlier = y.clock
}

// maxAsleep bounds the proposals that sleep.
const maxAsleep = 4

// recover makes a new leader: its epoch opens, its clock starts at T (R2), and proposals that
// slept through the change are appended under its term.
func (y *system) recover() {
	if y.odds(32) {
		y.restore()
	}
	y.term++
	y.apply(fsm.Entry{Open: true})
	y.up = true
	y.clock = int64(y.state.T())
	if y.broken == ClockAhead {
		y.clock += 2 * int64(unit)
	}
	y.earlier = y.clock
	for len(y.asleep) > 0 && !y.odds(4) {
		y.wake()
	}
}

// wake appends a proposal that slept. It must have no effect at all (R3).
func (y *system) wake() {
	e := y.asleep[0]
	y.asleep = append(y.asleep[:0], y.asleep[1:]...)
	if y.broken == EpochForged {
		e.Epoch = y.state.Epoch()
	}
	for i, r := range y.apply(e) {
		y.noteResult("a proposal of another epoch wakes: ", e.Commands[i], r)
		if r.Code != fsm.CodeStaleEpoch && y.broken != EpochForged {
			y.failf("a proposal of epoch %d in epoch %d is answered %v",
				e.Epoch, y.state.Epoch(), r.Code)
		}
	}
}

// behind applies an entry of the open epoch with a stamp behind T, as only a broken leader's is:
// cluster time must not go back (R4).
func (y *system) behind() {
	e := fsm.Entry{Epoch: y.state.Epoch(),
		Stamp: max(0, y.state.T()-budget.Instant(y.rng.IntN(12))*budget.Instant(unit))}
	y.riders(&e)
	y.note("an entry's stamp is %v, T is %v", e.Stamp, y.state.T())
	for i, r := range y.apply(e) {
		y.idle(e.Commands[i], r)
	}
}
