package explore

import (
	"fmt"
	"math/bits"
)

// clockModel is ClusterClock for one configuration.
type clockModel struct {
	p clockParams
	r clockRules
}

// lMax is the fastest clock.
func (m *clockModel) lMax() int { return m.p.Rate[len(m.p.Rate)-1] }

// quorums are the majorities of the servers, as sets of bits.
var quorums = func() []uint {
	var list []uint
	for q := range uint(1) << clockServers {
		if 2*bits.OnesCount(q) > clockServers {
			list = append(list, q)
		}
	}
	return list
}()

func in(q uint, i int) bool { return q>>i&1 == 1 }

// The actions of ClusterClock.
const (
	cTick = iota
	cElect
	cReady
	cRead
	cAppend
	cCommit
	cRestart
	cCopy
)

func nameClock(a Action) string {
	names := [...]string{"Tick", "Elect", "Ready", "Read", "Append_", "Commit", "Restart", "Copy"}
	switch k := a.kind(); k {
	case cTick:
		return names[k]
	case cCopy:
		l, f := a.whom()/clockServers, a.whom()%clockServers
		return fmt.Sprintf("%s(s%d, s%d)", names[k], l+1, f+1)
	default:
		return fmt.Sprintf("%s(s%d)", names[k], a.whom()+1)
	}
}

type clockEmit = func(Action, clockState)

// next emits every successor of s.
func (m *clockModel) next(s clockState, emit clockEmit) {
	m.tick(&s, emit)
	for i := range s.Srv {
		m.elect(&s, i, emit)
		m.ready(&s, i, emit)
		m.read(&s, i, emit)
		m.append(&s, i, emit)
		m.commit(&s, i, emit)
		m.restart(&s, i, emit)
		for f := range s.Srv {
			m.copyLog(&s, i, f, emit)
		}
	}
}

// tick is one tick of real time: every clock advances by some rate of its own.
func (m *clockModel) tick(s *clockState, emit clockEmit) {
	if int(s.Now) >= m.p.MaxNow {
		return
	}
	combinations := 1
	for range clockServers {
		combinations *= len(m.p.Rate)
	}
	for i := range combinations {
		to := *s
		to.Now++
		digits := i
		for j := range to.Srv {
			to.Srv[j].Clock += int8(m.p.Rate[digits%len(m.p.Rate)])
			digits /= len(m.p.Rate)
		}
		emit(act(cTick, 0), to)
	}
}

// elect: i wins the votes of some quorum, and appends its barrier.
func (m *clockModel) elect(s *clockState, i int, emit clockEmit) {
	if int(s.Srv[i].Log.Len) >= m.p.MaxLen {
		return
	}
	for _, q := range quorums {
		t, ok := m.votes(s, i, q)
		if !ok {
			continue
		}
		to := *s
		for j := range to.Srv {
			if !in(q, j) {
				continue
			}
			v := &to.Srv[j]
			v.Term = t
			if j != i {
				v.Lead, v.Ready = false, false
			}
		}
		v := &to.Srv[i]
		v.Lead, v.Ready = true, m.r.OnElect()
		v.Log.push(clockEntry{Term: t, Epoch: t, Bar: true})
		emit(act(cElect, i), to)
	}
}

// votes returns the term in which quorum q may elect i: one in which no server outside of q
// has voted yet.
func (m *clockModel) votes(s *clockState, i int, q uint) (term int8, ok bool) {
	if !in(q, i) {
		return 0, false
	}
	for j := range s.Srv {
		if in(q, j) {
			term = max(term, s.Srv[j].Term+1)
			if !s.Srv[i].Log.upToDate(&s.Srv[j].Log) {
				return 0, false
			}
		}
	}
	for j := range s.Srv {
		if s.Srv[j].Term == term && !in(q, j) {
			return 0, false
		}
	}
	return term, int(term) <= m.p.MaxTerm
}

// ready: leader i's barrier is committed, and it sets its clock.
func (m *clockModel) ready(s *clockState, i int, emit clockEmit) {
	v := &s.Srv[i]
	if !v.Lead || v.Ready || s.Done.last().Term != v.Term {
		return
	}
	for _, c := range m.r.OnReady(m, v) {
		to := *s
		to.Srv[i].Ready, to.Srv[i].Clock = true, c
		emit(act(cReady, i), to)
	}
}

// read: a request has arrived; the leader reads its clock for the stamp ...
func (m *clockModel) read(s *clockState, i int, emit clockEmit) {
	v := &s.Srv[i]
	if !v.Lead || !v.Ready || v.Hand != (hand{}) {
		return
	}
	to := *s
	to.Srv[i].Hand = hand{Epoch: v.Term, Stamp: v.Clock, Read: s.Now}
	emit(act(cRead, i), to)
}

// append: ... and appends the command, maybe much later, if it is a leader then.
func (m *clockModel) append(s *clockState, i int, emit clockEmit) {
	v := &s.Srv[i]
	if !v.Lead || v.Hand == (hand{}) || int(v.Log.Len) >= m.p.MaxLen {
		return
	}
	to := *s
	to.Srv[i].Log.push(clockEntry{
		Term: v.Term, Epoch: v.Hand.Epoch, Stamp: v.Hand.Stamp, Read: v.Hand.Read, Append: s.Now,
	})
	to.Srv[i].Hand = hand{}
	emit(act(cAppend, i), to)
}

// copyLog: leader l's log replaces f's.
func (m *clockModel) copyLog(s *clockState, l, f int, emit clockEmit) {
	from, v := &s.Srv[l], &s.Srv[f]
	if !from.Lead || f == l || v.Term > from.Term || v.Log == from.Log {
		return
	}
	to := *s
	w := &to.Srv[f]
	w.Log, w.Term, w.Lead, w.Ready = from.Log, from.Term, false, false
	w.Clock = m.r.OnCopy(m, from, v)
	emit(act(cCopy, l*clockServers+f), to)
}

// commit: leader i finds an entry of its own term in the logs of a quorum. Each quorum counts
// as a step of its own, as it does in TLC.
func (m *clockModel) commit(s *clockState, i int, emit clockEmit) {
	v := &s.Srv[i]
	if !v.Lead {
		return
	}
	for n := s.Done.Len + 1; n <= v.Log.Len; n++ {
		if v.Log.Entries[n-1].Term != v.Term {
			continue
		}
		head := v.Log.head(n)
		var have uint
		for j := range s.Srv {
			if head.prefixOf(&s.Srv[j].Log) {
				have |= 1 << j
			}
		}
		for _, q := range quorums {
			if q&^have == 0 {
				to := *s
				to.Done = head
				emit(act(cCommit, i), to)
			}
		}
	}
}

// restart: the log survives, the clock does not. Each reason for which a restart changes
// something counts as a step of its own, as it does in TLC.
func (m *clockModel) restart(s *clockState, i int, emit clockEmit) {
	v := &s.Srv[i]
	t := m.timeOf(&v.Log)
	to := *s
	w := &to.Srv[i]
	w.Lead, w.Ready, w.Clock, w.Hand = false, false, t, hand{}
	for _, reason := range [...]bool{v.Lead, v.Clock != t, v.Hand != (hand{})} {
		if reason {
			emit(act(cRestart, i), to)
		}
	}
}
