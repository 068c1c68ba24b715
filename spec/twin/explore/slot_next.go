package explore

import "fmt"

// slotModel is SlotLease for one configuration.
type slotModel struct {
	p slotParams
	r slotRules
}

// life is a whole TTL's worth of a holder's clock.
func (m *slotModel) life() int { return m.r.Life(m, m.p.TTL) }

// The actions of SlotLease.
const (
	lTick = iota
	lFailover
	lSendBeat
	lTakeBeat
	lAnswer
	lGiveUp
	lStaleBeat
	lTakeRelease
	lRecycle
	lStop
	lCrash
)

func nameSlot(a Action) string {
	names := [...]string{"Tick", "Failover", "SendBeat(b%d)", "TakeBeat(b%d)", "Answer(b%d)",
		"GiveUp(b%d)", "StaleBeat(h%d)", "TakeRelease(h%d)", "Recycle(h%d)", "Stop(h%d, TRUE)",
		"Stop(h%d, FALSE)"}
	if a.kind() < lSendBeat {
		return names[a.kind()]
	}
	return fmt.Sprintf(names[a.kind()], a.whom()+1)
}

type slotEmit = func(Action, slotState)

// next emits every successor of s.
func (m *slotModel) next(s slotState, emit slotEmit) {
	m.tick(&s, emit)
	for _, c := range m.r.Resume(m, &s) {
		to := s
		to.C = c
		emit(act(lFailover, 0), to)
	}
	for b, h := range m.p.Owner {
		m.beat(&s, b, h, emit)
	}
	for h := range m.p.Holders {
		if s.Cli[h].St != slotIdle { // a heartbeat that the holder no longer waits for
			m.hold(s, h, act(lStaleBeat, h), emit)
		}
		m.takeRelease(&s, h, emit)
		m.recycle(&s, h, emit)
		m.stop(&s, h, emit)
	}
}

// tick is one tick of real time. A holder's heartbeats age on its own clock.
func (m *slotModel) tick(s *slotState, emit slotEmit) {
	var running [maxHolders]int
	n, combinations := 0, 1
	for h := range m.p.Holders {
		if s.Cli[h].St == slotOn {
			running[n] = h
			n++
			combinations *= len(m.p.CRate)
		}
	}
	for _, d := range m.p.LRate {
		for i := range combinations {
			to := *s
			to.C += int16(d)
			digits := i
			for _, h := range running[:n] {
				rate := m.p.CRate[digits%len(m.p.CRate)]
				digits /= len(m.p.CRate)
				to.Cli[h].Left = int8(max(0, int(to.Cli[h].Left)-rate))
				for b, owner := range m.p.Owner {
					if owner == h && s.Beat[b].St != beatFree {
						to.Beat[b].Age = int8(min(m.life(), int(s.Beat[b].Age)+rate))
					}
				}
			}
			emit(act(lTick, 0), to)
		}
	}
}

// beat is what may happen to heartbeat b of holder h.
func (m *slotModel) beat(s *slotState, b, h int, emit slotEmit) {
	switch s.Beat[b].St {
	case beatFree:
		if s.Cli[h].St == slotGone {
			return
		}
		to := *s
		to.Beat[b] = heartbeat{St: beatSent}
		to.Cli[h].St = slotOn
		emit(act(lSendBeat, b), to)
		return
	case beatSent:
		to := *s
		to.Beat[b].St = beatTaken
		m.hold(to, h, act(lTakeBeat, b), emit)
	case beatTaken:
		if s.Cli[h].St == slotOn {
			to := *s
			to.Cli[h].Left = int8(max(int(s.Cli[h].Left), m.r.LeftOnAnswer(m, s, b)))
			to.Beat[b] = heartbeat{}
			emit(act(lAnswer, b), to)
		}
	}
	to := *s
	to.Beat[b] = heartbeat{}
	emit(act(lGiveUp, b), to)
}

// hold: the state machine keeps h's slot, or takes one if there is room. Where both are so,
// each counts as a step, as it does in TLC.
func (m *slotModel) hold(to slotState, h int, name Action, emit slotEmit) {
	others := 0
	for x := range m.p.Holders {
		if x != h && to.Tab[x] > to.C {
			others++
		}
	}
	has, room := to.Tab[h] > to.C, others < m.p.L
	to.Tab[h] = to.C + int16(m.p.TTL)
	to.T = to.C
	for _, may := range [...]bool{has, room} {
		if may {
			emit(name, to)
		}
	}
}

// takeRelease: a Release that was ever sent arrives, at any time, any number of times.
func (m *slotModel) takeRelease(s *slotState, h int, emit slotEmit) {
	if !s.Rel[h] {
		return
	}
	to := *s
	to.Tab[h], to.T = 0, s.C
	emit(act(lTakeRelease, h), to)
}

// recycle: the same process comes back, under a new id.
func (m *slotModel) recycle(s *slotState, h int, emit slotEmit) {
	if s.Cli[h].St != slotGone || s.Tab[h] > s.T {
		return
	}
	to := *s
	to.Cli[h].St = slotIdle
	if m.r.FreshID() {
		to.Rel[h] = false
	}
	emit(act(lRecycle, h), to)
}

// stop: the holder stops for good, and tells the coordinator, or crashes.
func (m *slotModel) stop(s *slotState, h int, emit slotEmit) {
	if s.Cli[h].St != slotOn {
		return
	}
	to := *s
	to.Cli[h] = slotClient{St: slotGone}
	for b, owner := range m.p.Owner {
		if owner == h {
			to.Beat[b] = heartbeat{}
		}
	}
	emit(act(lCrash, h), to)
	to.Rel[h] = true
	emit(act(lStop, h), to)
}
