package sim

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// process is one limiter of the fleet: a real Holder, its clocks, its traffic, its network.
type process struct {
	w    *world
	c    *cluster
	name string
	key  string
	team string // of a schedule of several levels
	// spent is what the admission that is under way spent, by budget.
	spent map[string]budget.Credits

	there, back way

	holder  *lease.Holder
	purse   *lease.Purse // the last that was lent
	session lease.SessionID
	life    int // counts incarnations: messages to an earlier one are not for this one
	mono    clock
	wall    clock
	asleep  int64 // suspended until this true instant
	// sleepy processes are suspended, and their wall clocks are never set back: a suspend and a
	// step back of the wall clock within one lease would hide each other (R6's stated edge).
	sleepy bool
	// trusting processes go by the bound on drift that the cluster tells.
	trusting bool
	// late is an earlier reading, for calls that come late; zero if there is none. None is from
	// before a suspend: that would be hidden by it.
	late    lease.Reading
	alarm   timer // for what the holder may have to ask
	exact   bool  // the alarm goes off when it says
	pending *lease.Request
	latest  uint64 // the last attempt that was sent
	// starts are the readings that the holder was told just before it sent its latest attempts.
	starts [lease.MaxAttempts]lease.Reading
	slots  bool   // there are some
	losses uint64 // the holder's, when it was last looked at
	owed   bool   // slots were lost since
	// patience is when the pending request is sent again.
	patience timer
	queue    []lease.Cost
	total    lease.Cost // what backlog returned last

	gap      time.Duration    // mean time between two arrivals
	opener   *fsm.OpenSession // the command that opens its sessions
	healedAt int64            // true instant of the first admission since all is healed; 0: none
}

func newProcess(w *world, c *cluster, i int) *process {
	p := &process{w: w, c: c, name: fmt.Sprintf("p%d", i), sleepy: i%2 == 0}
	p.trusting = i%4 >= 2
	p.slots = w.o.slots()
	if w.o.Keys > 0 {
		p.key = fmt.Sprintf("k%d", i%w.o.Keys)
	}
	p.alarm.w, p.alarm.p, p.alarm.then = w, p, (*ring)(p)
	p.patience.w, p.patience.p, p.patience.then = w, p, (*retry)(p)
	p.mono = clock{ppm: w.drift()}
	if p.wall.local = w.rng.Int64N(int64(time.Hour)); w.o.Local {
		p.wall.ppm = p.mono.ppm
	}
	p.opener = &fsm.OpenSession{Budget: "b", Key: p.key}
	if len(w.o.Above) > 0 {
		p.team = fmt.Sprintf("t/%d", i%teams)
		p.opener = &fsm.OpenSession{Budget: "b", Labels: p.labels()}
		p.spent = map[string]budget.Credits{}
	}
	p.gap = w.o.gap()
	p.start()
	w.after(w.spread(w.o.Limits[0].Per), (*arrival)(p), 0)
	return p
}

func (p *process) reading() lease.Reading {
	return lease.Reading{Mono: p.mono.at(p.w.now), Wall: p.wall.at(p.w.now)}
}

// recorderBorn is what recorders' clocks say when a process's own is at zero: an instant of
// zero is none.
const recorderBorn = int64(time.Second)

// sink records the holder's events: at their true instants, or, with Local, at those of the
// process's own clock, which nobody else's can be compared with. Admissions are flushed one by
// one, so their clock readings are now.
func (p *process) sink(e trace.Event) {
	e.At = p.w.now
	if e.Kind == trace.KindAdmit {
		e.First, e.Last = p.w.now, p.w.now
	}
	p.w.judge.see(&e)
	p.rightful(&e)
	if p.slots {
		p.hears(&e)
	}
	if p.w.record == nil {
		return
	}
	if p.w.o.Local {
		e.At = p.mono.at(p.w.now) + recorderBorn
		if e.Kind == trace.KindAdmit {
			e.First, e.Last = e.At, e.At
		}
	}
	p.w.record(p.name, e)
}

// start begins an incarnation: it opens a session, again and again until it is told one.
func (p *process) start() {
	p.life++
	p.holder, p.pending, p.queue = nil, nil, nil
	p.losses, p.owed = 0, false
	p.alarm.stop()
	p.patience.stop()
	p.open(p.life)
}

// open asks for a session, and again after a while, unless it has one by then.
func (p *process) open(life int) {
	if life != p.life || p.holder != nil {
		return
	}
	l := p.letter(fsm.Command{OpenSession: p.opener})
	l.life = life
	p.w.send(l)
	p.w.after(20*time.Millisecond+p.w.spread(p.w.o.Limits[0].Per), (*opening)(p), life)
}

// opening is when the process tries again to open a session in the life n.
type opening process

func (p *opening) run(n int) { (*process)(p).open(n) }

// opened takes the result of what open sent.
func (p *process) opened(life int, r *fsm.Result) {
	if life != p.life || p.holder != nil || r.Code != fsm.CodeDone {
		return
	}
	p.session = r.Session
	p.holder = lease.NewHolder(lease.Config{
		Session: r.Session, Revision: r.Revision, Limits: r.Limits,
		Levels: r.Levels, DriftPPM: p.drift(), Sink: p.sink,
	})
	p.pending, p.purse = nil, nil // what another life was lent is no more
	p.step()
}

// drift is the bound on drift that the process itself goes by, and told the one that answers
// tell: every other process knows nothing of its own, and the larger of the two counts (R6).
func (p *process) drift() int64 {
	if p.w.o.Broken == NoMargin || p.trusting {
		return 0
	}
	return p.w.o.DriftPPM
}

func (p *process) toldDrift() int64 {
	if p.w.o.Broken == NoMargin || !p.trusting {
		return 0
	}
	return p.w.o.DriftPPM
}

// letter is one of the process, not sent yet.
func (p *process) letter(cmd fsm.Command) *letter {
	l := p.w.letters.one()
	l.from, l.c, l.cmd = p, p.c, cmd
	return l
}

// told takes a reply, now or when the process wakes up.
func (p *process) told(y *reply) { p.awake((*hearing)(y), 0) }

func (p *process) ways() (there, back *way) { return &p.there, &p.back }

// hearing is when a process that is awake hears of a result.
type hearing reply

func (y *hearing) run(int) {
	p := y.to.from.(*process)
	switch {
	case y.to.cmd.Acquire != nil:
		p.answered(y.to, y.result)
	case y.to.cmd.OpenSession != nil:
		p.opened(y.to.life, y.result)
	}
}

// awake has what.run(n) called now, or when the process wakes up.
func (p *process) awake(what runner, n int) {
	if p.asleep > p.w.now {
		p.w.after(time.Duration(p.asleep-p.w.now), what, n)
		return
	}
	what.run(n)
}

// crash forgets everything; a new incarnation follows.
func (p *process) crash() {
	p.w.strike(Crash, p.name, 0)
	p.start()
}

// closing ends an incarnation in order: it gives everything back and closes its session, and
// says so more than once, since nobody waits for the answer. A new incarnation follows.
func (p *process) closing() {
	if p.holder == nil || p.asleep > p.w.now {
		return
	}
	p.w.strike(Closed, p.name, 0)
	returns := p.holder.Close(p.reading())
	l := p.letter(fsm.Command{Return: &fsm.Return{
		Session: p.session, Returns: returns, Close: p.w.rng.IntN(2) == 0,
	}})
	for range 2 {
		p.w.send(l)
	}
	p.start()
}

// suspend stops the process and its monotonic clock, not the world and not the wall clock.
func (p *process) suspend(d time.Duration) {
	if p.asleep > p.w.now {
		return
	}
	p.w.strike(Suspend, p.name, d)
	p.mono.local, p.mono.real = p.mono.at(p.w.now), p.w.now+int64(d)
	p.asleep = p.w.now + int64(d)
	p.late = lease.Reading{}
}
