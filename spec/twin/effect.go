package twin

import (
	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/trace"
)

// apply checks an entry and its events, and makes them part of the state.
func (c *checker) apply(g *group) error {
	c.index = g.entry.Event.Index
	c.digests.remember(c.index, g.entry.Event.Hash)
	c.report.Entries++
	if err := c.passTime(g); err != nil {
		return err
	}
	if err := c.passed(&g.entry, g.from); err != nil {
		return err
	}
	opens := c.opens(g)
	for i := range g.events {
		if !opens { // passTime has seen the only event of one that does
			if err := c.effect(&g.events[i]); err != nil {
				return err
			}
		}
		if err := c.passed(&g.events[i], g.from); err != nil {
			return err
		}
	}
	if !opens && !g.cut {
		if err := c.closeAligned(); err != nil {
			return err
		}
	}
	if len(g.states) > 0 {
		c.state = g.states[0]
		if c.state.Event.Index != c.index {
			return violated(ReplicasAgree, []Located{c.state, g.entry},
				"a state hash of entry %d follows entry %d", c.state.Event.Index, c.index)
		}
		if c.state.Event.Hash == "" {
			c.report.Unhashed++
		}
		if err := c.passed(&g.states[0], g.from); err != nil {
			return err
		}
	}
	if c.unrolled > 0 && !g.cut {
		return c.mustRoll(nil)
	}
	if !g.cut {
		if err := c.mustLapse(); err != nil {
			return err
		}
	}
	return c.overshot
}

func (c *checker) effect(at *Located) error {
	e := &at.Event
	if e.Index != 0 && e.Index != c.index {
		return violated(ReplicasAgree, []Located{*at, c.step.entry},
			"an event of entry %d follows entry %d", e.Index, c.index)
	}
	switch e.Kind {
	case trace.KindLeap:
		return c.leap(at)
	case trace.KindSlow:
		return c.slow(at)
	}
	if err := c.closeAligned(); err != nil {
		return err
	}
	switch e.Kind {
	case trace.KindEpoch:
		return violated(EpochOnly, []Located{*at, c.step.entry},
			"epoch %d is opened inside an entry that does something else", e.Epoch)
	case trace.KindRoll:
		return c.roll(at)
	case trace.KindLimit:
		return c.limit(at)
	case trace.KindBudget:
		return c.budget(at)
	case trace.KindSession:
		return c.openSession(at)
	case trace.KindSessionEnd:
		return c.endSession(at)
	case trace.KindGrant:
		return c.grant(at)
	case trace.KindReplay:
		return c.replay(at)
	case trace.KindDeny:
		return c.deny(at)
	case trace.KindTakeOver:
		return c.takeOver(at)
	case trace.KindZone:
		return c.tellZone(at)
	default: // trace.KindReturn
		return c.takeBack(at)
	}
}

func (c *checker) openSession(at *Located) error {
	e := &at.Event
	if e.Session <= c.lastSession {
		return violated(FencingMonotonic, []Located{*at},
			"session %d was opened after session %d", e.Session, c.lastSession)
	}
	who := refine.WhoIs(e)
	if key, ok := c.families.Key(who, e.Budget); !ok || key != e.Key {
		return violated(OneHolder, []Located{*at},
			"session %d was opened for key %q of budget %s; its labels make %q",
			e.Session, e.Key, e.Budget, key)
	}
	c.lastSession = e.Session
	s := &session{id: e.Session, who: who}
	s.line = c.lineOf(s, at)
	c.sessions[e.Session] = s
	c.report.Sessions++
	c.wakeOn(c.awaitSession, e.Session)
	return nil
}

func (c *checker) endSession(at *Located) error {
	s := c.sessions[at.Event.Session]
	if s == nil || s.over {
		return violated(OneHolder, []Located{*at},
			"session %d ended, and was not open", at.Event.Session)
	}
	s.over, s.forget = true, c.now+int64(c.opts.Horizon)
	if !at.Event.OK {
		s.line = nil // what it admitted last may not be told
	}
	c.ended = append(c.ended, s)
	if at.Event.OK {
		return s.closes()
	}
	return nil
}

// forgetSessions drops sessions that ended a horizon ago and hold nothing.
func (c *checker) forgetSessions() error {
	for len(c.ended) > 0 && c.ended[0].forget <= c.now {
		s := c.ended[0]
		c.ended = c.ended[1:]
		if s.live > 0 {
			s.forget = c.now + int64(c.opts.Horizon)
			c.ended = append(c.ended, s)
			continue
		}
		if err := c.everyLevel(s); err != nil {
			return err
		}
		delete(c.sessions, s.id)
	}
	return nil
}
