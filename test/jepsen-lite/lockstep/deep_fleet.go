package lockstep

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// process is one limiter, that goes by its own rules: it polls, renews, returns, closes.
type process struct {
	d          *Deep
	name       string
	core       *lease.Holder // nil: no session is opened yet
	life       int           // counts incarnations
	session    lease.SessionID
	mono, wall int64
	sends      map[uint64]sending
	pending    *lease.Request
	trusting   bool // goes by the drift that answers tell
	anew       bool // its session is to be replaced
}

// sending is when an attempt was sent, on either clock.
type sending struct{ mono, wall int64 }

// message is a command on its way to the leader, or its result on the way back.
type message struct {
	p       *process
	life    int
	attempt uint64
	cmd     fsm.Command
	result  fsm.Result
}

func newProcess(d *Deep, i int) *process {
	p := &process{d: d, name: fmt.Sprintf("p%d", i+1), mono: 1_000_000_007,
		wall: 1_700_000_000_000_000_000, sends: map[uint64]sending{}, trusting: i%2 == 1}
	p.open()
	return p
}

func (p *process) reading() lease.Reading { return lease.Reading{Mono: p.mono, Wall: p.wall} }

// send puts a message on the network, which may be full: then it is lost.
func (p *process) send(m message) {
	if len(p.d.toLeader) < maxNetwork {
		m.p, m.life = p, p.life
		p.d.toLeader = append(p.d.toLeader, m)
	}
}

// open asks for a session.
func (p *process) open() {
	p.send(message{cmd: fsm.Command{OpenSession: &fsm.OpenSession{Budget: budgetName}}})
}

// crash ends the process: what it held is lost. Or it is the session that is, and the process
// goes on with another once it has one.
func (p *process) crash() {
	if p.core != nil && p.d.pick(2) == 0 {
		p.anew = true
		p.open()
		return
	}
	if p.core != nil {
		p.d.judge.lose(p)
	}
	p.life++
	p.core, p.pending = nil, nil
	p.open()
}

// close ends the process in order: it gives everything back.
func (p *process) close() {
	if p.core == nil {
		return
	}
	returns := p.core.Close(p.reading())
	p.d.judge.checkReturns(p, returns)
	p.send(message{cmd: fsm.Command{Return: &fsm.Return{Session: p.session, Returns: returns,
		Close: p.d.pick(2) == 0}}})
	p.d.tally.Closes++
	p.life++
	p.core, p.pending = nil, nil
	p.open()
}

// suspend stops the process's machine, and its monotonic clock, but not the wall clock.
func (p *process) suspend() {
	mono := p.mono
	p.d.elapse(7_000_000, 20_000_000, 60_000_000)
	p.mono = mono
}

// offer offers an admission: mostly a small one.
func (p *process) offer() {
	if p.core == nil {
		p.open()
		return
	}
	if p.d.pick(p.d.calm) > 0 {
		return
	}
	cost := p.cost()
	v := p.core.Admit(p.reading(), cost)
	p.core.Flush(p.reading())
	if v == lease.Admitted {
		p.d.tally.Admissions++
	}
}

func (p *process) cost() lease.Cost {
	cost := make(lease.Cost, len(p.d.limits))
	for i, l := range p.d.limits {
		cost[i] = 1 + budget.Credits(p.d.pick(1+int(l.Amount)/[]int{8, 20, 100}[p.d.pick(3)]))
	}
	return cost
}

// queue tells of a queue, or serves its head.
func (p *process) queue() {
	switch {
	case p.core == nil:
	case p.d.pick(3) == 0:
		p.core.SetBacklog(nil)
	default:
		cost := p.cost()
		p.core.SetBacklog(cost)
		if p.core.AdmitWaiting(p.reading(), cost) == lease.Admitted {
			p.d.tally.Admissions++
			p.core.SetBacklog(nil)
		}
		p.core.Flush(p.reading())
	}
}

// poll sends what the holder has to ask or to give back.
func (p *process) poll() {
	if p.core == nil {
		return
	}
	req, ok := p.core.Poll(p.reading())
	if !ok {
		return
	}
	p.d.judge.checkReturns(p, req.Returns)
	switch {
	case len(req.Returns) > 0 && len(req.Asks) > 0:
		p.d.tally.Renewals++
	case len(req.Returns) > 0:
		p.d.tally.IdleReturns++
	}
	p.pending = &req
	p.resend()
}

// resend sends the outstanding request, perhaps again.
func (p *process) resend() {
	if p.core == nil || p.pending == nil {
		return
	}
	r := *p.pending
	if p.d.broken == NewNumber {
		r.Seq += uint64(p.d.pick(2))
	}
	p.send(message{attempt: p.sent(), cmd: fsm.Command{Acquire: &r}})
}

func (p *process) sent() uint64 {
	id := p.core.Sent(p.reading())
	p.sends[id] = sending{p.mono, p.wall}
	return id
}

// sink takes the holder's events. Admissions are flushed one by one, so they are of now.
func (p *process) sink(e trace.Event) {
	e.At = p.d.now
	if p.d.local {
		e.At = p.wall
	}
	if e.Kind == trace.KindAdmit {
		e.First, e.Last = e.At, e.At
	}
	p.d.tape.record(p.name, e)
	p.d.judge.seeHolder(p, e)
}

// deliver brings a result to the process that waits for it, or once did.
func (d *Deep) deliver() {
	m, ok := d.draw(&d.toFleet)
	if !ok {
		return
	}
	p := m.p
	switch {
	case m.cmd.OpenSession != nil:
		p.opened(m)
	case m.cmd.Return != nil || p.core == nil || m.life != p.life:
	default:
		p.take(m)
	}
}

// opened begins an incarnation: of a new process, or of one whose session is to be replaced. What
// opened a session before does not again, as a limiter hears of each call once: its requests
// would be numbered anew. Sessions that are opened later have higher numbers.
func (p *process) opened(m message) {
	waits, done := p.core == nil || p.anew, m.result.Code == fsm.CodeDone
	if m.life != p.life || !waits || !done || m.result.Session <= p.session {
		return
	}
	drift := p.d.drift()
	if p.trusting {
		drift = 0
	}
	p.session = m.result.Session
	if p.core != nil {
		p.core.Reset(p.reading(), p.session, m.result.Revision, m.result.Limits, p.d.drift())
		p.anew, p.pending = false, nil
		p.d.tally.Resets++
		return
	}
	p.anew = false
	p.sends = map[uint64]sending{}
	p.core = lease.NewHolder(lease.Config{Session: p.session, Revision: m.result.Revision,
		Limits: m.result.Limits, DriftPPM: drift, Sink: p.sink})
}

// take gives an answer to the holder.
func (p *process) take(m message) {
	id := m.attempt
	if p.d.broken == FromReceipt && p.pending != nil {
		id = p.sent()
	}
	mine := p.pending != nil && m.cmd.Acquire.Session == p.session &&
		m.cmd.Acquire.Seq == p.pending.Seq
	if !mine {
		p.d.tally.Late++
	}
	p.core.Take(p.reading(), id, p.answer(m.result))
	if mine {
		p.pending = nil
	}
}

func (p *process) answer(r fsm.Result) lease.Answer {
	a := lease.Answer{Grants: r.Grants, Denial: r.Denial, Revision: r.Revision, Limits: r.Limits,
		Limit: r.Limit, DriftPPM: p.d.drift()}
	switch r.Code {
	case fsm.CodeDone:
		a.Outcome = lease.Granted
	case fsm.CodeDenied:
		a.Outcome = lease.Denied
	case fsm.CodeTooLarge:
		a.Outcome = lease.TooLarge
	case fsm.CodeStale:
		a.Outcome = lease.Stale
	case fsm.CodeUnknownSession:
		a.Outcome = lease.UnknownSession
	default:
		p.d.judge.failf("an answer of code %v %s", r.Code, r.Detail)
	}
	return a
}

// draw takes a message out of a bag. It may stay in it, to be delivered again.
func (d *Deep) draw(bag *[]message) (message, bool) {
	if len(*bag) == 0 {
		return message{}, false
	}
	i := d.pick(len(*bag))
	m := (*bag)[i]
	if d.pick(5) > 0 || len(*bag) >= maxNetwork {
		*bag = slices.Delete(*bag, i, i+1)
	}
	return m, true
}

// lose loses a message.
func (d *Deep) lose() {
	if d.pick(2) == 0 {
		d.draw(&d.toLeader)
	} else {
		d.draw(&d.toFleet)
	}
}
