package twin

import (
	"errors"

	"github.com/leased-io/leased/trace"
)

// process is one file of the fleet: the limiters of one process.
type process struct {
	input
	head    Located // the event that waits for the log, if waiting
	waiting bool
	// gap: events were lost, so that a missing one proves nothing.
	gap bool
	// elsewhere counts the events of sessions of other clusters.
	elsewhere int64
	// doubt is what the log violates if this file lacks an event. If not, that event stands behind
	// the one that waits, which then waits in vain. What comes first tells: that it goes on,
	// or the end of the log.
	doubt error
}

// doubts notes a doubt. The first one counts.
func (p *process) doubts(violation error) {
	if p.doubt == nil {
		p.doubt = violation
	}
}

// tellsAll reports whether what is not in the file did not happen. A process that died may have
// done what its file no longer tells.
func (p *process) tellsAll() bool { return !p.gap && (!p.eof || p.ended) }

// advance reads on until an event needs the log to be further, or the end. Everything that an
// event rests on was in the log before it happened (a session before its first request, a
// grant before its acceptance), so that reading ahead of the log never reads ahead of causes.
func (c *checker) advance(p *process) error {
	for {
		at := &p.head
		if !p.waiting {
			var err error
			if at, err = p.next(c); err != nil {
				return err
			}
			if at == nil {
				return c.processEnds(p)
			}
		}
		if c.elsewhere(at.Event.Session) {
			p.elsewhere++
			c.goesOn(p)
			continue
		}
		blocked, err := c.happens(p, at)
		if !blocked && p.doubt != nil {
			return p.doubt
		}
		if err != nil {
			return err
		}
		if blocked {
			if !p.waiting {
				p.head, p.waiting = *at, true
				p.file.Waits(true)
			}
			return nil
		}
		c.goesOn(p)
		if err := c.passed(at, &p.input); err != nil {
			return err
		}
	}
}

// goesOn ends a process's wait, if it has waited.
func (c *checker) goesOn(p *process) {
	if p.waiting {
		p.waiting = false
		p.file.Waits(false)
	}
}

// wake lets the processes go on whose wait may be over.
func (c *checker) wake() error {
	for len(c.woken) > 0 {
		woken := c.woken
		c.woken = nil
		for _, p := range woken {
			if err := c.advance(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// wakeOn marks those that wait for id in queue.
func (c *checker) wakeOn(queue map[uint64][]*process, id uint64) {
	if waiting := queue[id]; waiting != nil {
		c.woken = append(c.woken, waiting...)
		delete(queue, id)
	}
}

// wait makes p wait for id.
func (p *process) wait(queue map[uint64][]*process, id uint64) (bool, error) {
	queue[id] = append(queue[id], p)
	return true, nil
}

func (c *checker) processEnds(p *process) error {
	if !p.ended {
		c.note("%s has no end line: its process died, and its last events may be missing",
			p.Name())
	}
	if p.elsewhere > 0 {
		c.note("%s has %d events of sessions of the cluster before this one, or after it, "+
			"by a restore from a backup; they are not judged here", p.Name(), p.elsewhere)
	}
	if err := c.closedInOrder(p); err != nil {
		return err
	}
	c.settleOf(p)
	return nil
}

// happens checks an event of a process. It reports true, having done nothing, if the log is
// not far enough.
func (c *checker) happens(p *process, at *Located) (blocked bool, err error) {
	e := &at.Event
	switch e.Kind {
	case trace.KindSend:
		return c.send(p, at)
	case trace.KindAccept:
		return c.accept(p, at)
	case trace.KindAdmit, trace.KindGiveUp, trace.KindRelease, trace.KindExpire:
		return c.use(p, at)
	case trace.KindDrop: // it changes nothing, by R9
		if e.Session > c.lastSession {
			return p.wait(c.awaitSession, e.Session)
		}
	case trace.KindGap:
		p.gap = true
	case trace.KindFailOpen:
		c.report.FailOpen += max(0, e.N)
	case trace.KindShadow:
		c.report.Shadow += max(0, e.N)
	default:
		return false, foreign(*at, "does not belong in a fleet file")
	}
	return false, nil
}

// judgeWaiting decides what it means that processes still wait when the log is at its end. If
// every node's recording was closed in order, the log is all there is, and what they wait for
// never was.
func (c *checker) judgeWaiting() error {
	for _, p := range c.processes {
		if !p.waiting {
			continue
		}
		told := p.head.Event.Lease > 0 && p.head.Event.Lease <= c.lastLease
		if c.logEnded() && !c.afterNodes(p) || p.doubt != nil && told {
			return c.inVain(p)
		}
		if p.doubt != nil {
			return p.doubt
		}
		c.unknown("the nodes' files end before what %s:%d rests on", p.head.File, p.head.Line)
	}
	return nil
}

// firstDoubt returns the doubt that there was before the log broke, or what broke it.
func (c *checker) firstDoubt(err error) error {
	if _, ok := errors.AsType[*Violation](err); !ok && !errors.Is(err, errHole) {
		return err
	}
	for _, p := range c.processes {
		if p.doubt != nil {
			return p.doubt
		}
	}
	return err
}

// afterNodes reports whether what p waits for happened after all that the nodes' files hold, by
// the clock that they share: other nodes, whose files are not there, may have gone on.
func (c *checker) afterNodes(p *process) bool {
	last, known := int64(0), false
	for _, r := range c.replicas {
		if r.clock == p.clock {
			last, known = max(last, r.last), true
		}
	}
	return known && p.head.Event.At > last
}

// inVain is the violation of a process that waits for what the log does not have.
func (c *checker) inVain(p *process) error {
	switch e := &p.head.Event; {
	case e.Lease > 0 && e.Lease <= c.lastLease:
		return violated(LeaseCover, []Located{p.head},
			"lease %d was accepted with a TTL of %d ns, which no answer told", e.Lease, e.TTL)
	case e.Session > c.lastSession:
		return violated(OneHolder, []Located{p.head}, "session %d was never opened", e.Session)
	default:
		return violated(OneHolder, []Located{p.head}, "lease %d was never granted", e.Lease)
	}
}

// logEnded reports whether the nodes' files hold the whole log: each node closed the file in
// order that reaches furthest.
func (c *checker) logEnded() bool {
	if len(c.replicas) == 0 || c.step.cut || c.report.Gaps > 0 {
		return false
	}
	for _, r := range c.replicas {
		closed := false
		for _, s := range c.replicas {
			if s.Header().Recorder == r.Header().Recorder && s.applied >= r.applied && s.ended {
				closed = true
			}
		}
		if !closed {
			return false
		}
	}
	return true
}
