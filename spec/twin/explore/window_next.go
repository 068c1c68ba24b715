package explore

import "fmt"

// windowModel is WindowLease for one configuration.
type windowModel struct {
	p windowParams
	r windowRules

	ageCap int // an attempt that is older can get nothing: stop counting
}

func newWindowModel(p windowParams, r windowRules) *windowModel {
	m := &windowModel{p: p, r: r}
	m.ageCap = r.Life(m, p.W)
	return m
}

// win is the window of a cluster time, end its end.
func (m *windowModel) win(t int) int { return floorDiv(t, m.p.W) }
func (m *windowModel) end(t int) int { return (m.win(t) + 1) * m.p.W }

// The actions of WindowLease.
const (
	wTick = iota
	wCommit
	wFailover
	wRecover
	wSend
	wAccept
	wAdmit
	wReturn
	wCrash
	wReserve
	wGiveBack
	wRecycle
)

func nameWindow(a Action) string {
	names := [...]string{"Tick", "Commit", "Failover", "Recover", "Send", "Accept", "Admit",
		"Return", "Crash", "Propose(reserve)", "Propose(return)", "Recycle"}
	switch k := a.kind(); {
	case k < wSend:
		return names[k]
	case k == wRecycle:
		return fmt.Sprintf("%s(k%d)", names[k], a.whom()+1)
	default:
		return fmt.Sprintf("%s(a%d)", names[k], a.whom()+1)
	}
}

type windowEmit = func(Action, windowState)

// next emits every successor of s.
func (m *windowModel) next(s windowState, emit windowEmit) {
	m.tick(&s, emit)
	m.commit(&s, emit)
	m.failover(&s, emit)
	m.recover(&s, emit)
	for a := range m.p.KeyOf {
		m.send(&s, a, emit)
		m.accept(&s, a, emit)
		m.admit(&s, a, emit)
		m.giveUp(&s, a, emit)
		m.crash(&s, a, emit)
		if s.Cli[a].St != idle {
			m.propose(&s, opReserve, a, act(wReserve, a), emit)
		}
		if s.Cli[a].Back > 0 {
			m.propose(&s, opReturn, a, act(wGiveBack, a), emit)
		}
	}
	for k := range m.p.keys() {
		m.recycle(&s, k, emit)
	}
}

// tick is one tick of real time: every clock that runs advances by some rate of its own.
func (m *windowModel) tick(s *windowState, emit windowEmit) {
	var running [maxAttempts]int
	n := 0
	for a := range m.p.KeyOf {
		c := &s.Cli[a]
		if c.St == sent && int(c.Age) < m.ageCap || c.St == held && c.Left > 0 {
			running[n] = a
			n++
		}
	}
	combinations := 1
	for range n {
		combinations *= len(m.p.CRate)
	}
	for _, r := range m.p.LRate {
		for i := range combinations {
			to := *s
			if s.Up {
				to.C += int16(r)
			}
			digits := i // one digit a running clock says which rate it takes
			for _, a := range running[:n] {
				rate := m.p.CRate[digits%len(m.p.CRate)]
				digits /= len(m.p.CRate)
				if c := &to.Cli[a]; c.St == sent {
					c.Age = int8(min(m.ageCap, int(c.Age)+rate))
				} else {
					c.Left = int8(max(0, int(c.Left)-rate))
				}
			}
			emit(act(wTick, 0), to)
		}
	}
}

// send: the client reads its clock, then sends an attempt of a request that is still open.
func (m *windowModel) send(s *windowState, a int, emit windowEmit) {
	if s.Cli[a].St != idle {
		return
	}
	for b := range m.p.KeyOf {
		if m.r.Closes(m, a, b) && s.Cli[b].St != idle && s.Cli[b].St != sent {
			return
		}
	}
	to := *s
	to.Cli[a].St = sent
	emit(act(wSend, a), to)
}

// accept: the first answer to any attempt closes the request.
func (m *windowModel) accept(s *windowState, a int, emit windowEmit) {
	n := s.Ans[a]
	if s.Cli[a].St != sent || n == noAnswer {
		return
	}
	to := *s
	for b := range m.p.KeyOf {
		if m.r.Closes(m, a, b) {
			to.Ans[b], to.Cli[b] = noAnswer, goneClient
		}
	}
	left := max(0, m.r.LeftOnAccept(m, s, a, n))
	to.Cli[a] = client{St: held, Left: int8(left), Win: n.Win, Cred: n.G}
	emit(act(wAccept, a), to)
}

// account is the grant that a's client holds credits of, if it is still of this window.
func (m *windowModel) account(s *windowState, a int) (k int, ok bool) {
	k = m.p.KeyOf[a]
	return k, s.Tab[k].Win == s.Cli[a].Win
}

// admit: the client spends a credit, with no message.
func (m *windowModel) admit(s *windowState, a int, emit windowEmit) {
	if !m.r.MayAdmit(s.Cli[a]) {
		return
	}
	to := *s
	to.Cli[a].Cred--
	to.Adm++
	if k, ok := m.account(s, a); ok {
		to.Use[k].Spent++
	}
	emit(act(wAdmit, a), to)
}

// giveUp: the client gives up some credits for good, then sends the Return.
func (m *windowModel) giveUp(s *windowState, a int, emit windowEmit) {
	if s.Cli[a].St != held || s.Cli[a].Back != 0 {
		return
	}
	for r := int8(1); r <= s.Cli[a].Cred; r++ {
		to := *s
		to.Cli[a].Cred -= r
		to.Cli[a].Back = r
		emit(act(wReturn, a), to)
	}
}

// crash: the client is lost, or gives the attempt up. A Return that it sent may yet arrive.
func (m *windowModel) crash(s *windowState, a int, emit windowEmit) {
	c := s.Cli[a]
	if c.St != sent && c.St != held {
		return
	}
	to := *s
	to.Cli[a] = client{St: gone, Win: c.Win, Back: c.Back}
	to.Ans[a] = noAnswer
	if k, ok := m.account(s, a); ok {
		to.Use[k].Lost += c.Cred
	}
	emit(act(wCrash, a), to)
}

// propose: the leader takes a message off the network, stamps it and appends it.
func (m *windowModel) propose(s *windowState, op uint8, a int, name Action, emit windowEmit) {
	if !s.Up || int(s.LogLen) >= m.p.MaxLog {
		return
	}
	for _, stamp := range m.r.Stamps(s) {
		to := *s
		to.Log[s.LogLen] = command{Stamp: stamp, Op: op, A: int8(a)}
		to.LogLen++
		emit(name, to)
	}
}

// failover: the leader is lost, with any suffix of what it proposed.
func (m *windowModel) failover(s *windowState, emit windowEmit) {
	for j := int8(0); j <= s.LogLen; j++ {
		to := *s
		to.Up = false
		to.C = s.T
		to.LogLen = j
		clear(to.Log[j:])
		emit(act(wFailover, 0), to)
	}
}

// recover: a new leader begins to stamp.
func (m *windowModel) recover(s *windowState, emit windowEmit) {
	if s.Up || !m.r.BarrierDone(s) {
		return
	}
	for _, c := range m.r.Resume(m, s) {
		to := *s
		to.Up = true
		to.C = c
		emit(act(wRecover, 0), to)
	}
}

// recycle: a finished request's name is used for a fresh one, so that names do not run out.
func (m *windowModel) recycle(s *windowState, k int, emit windowEmit) {
	if s.Tab[k] != noGrant {
		return
	}
	to := *s
	for a, key := range m.p.KeyOf {
		if key != k {
			continue
		}
		if s.Cli[a].St != gone {
			return
		}
		for _, c := range s.Log[:s.LogLen] {
			if int(c.A) == a {
				return
			}
		}
		to.Cli[a] = idleClient
	}
	emit(act(wRecycle, k), to)
}
