package twin

import (
	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/trace"
)

// refused makes a violation of what the model has against an event. It shows the event, the
// entry it comes from, and what is known of the session and the lease that it names.
func (c *checker) refused(r *refine.Refusal, at *Located) error {
	if err := c.behind(r, c.sessions[at.Event.Session]); err != nil {
		return err
	}
	events := []Located{*at}
	show := func(more *Located) {
		if more == nil || more.Line == 0 {
			return
		}
		for i := range events {
			if events[i].File == more.File && events[i].Line == more.Line {
				return
			}
		}
		events = append(events, *more)
	}
	e := &at.Event
	if isLog(e.Kind) {
		show(&c.step.entry)
	}
	if g := c.leases[e.Lease]; g != nil {
		show(&g.granted)
		show(g.accepted)
		show(g.back)
	}
	if s := c.sessions[e.Session]; s != nil && len(s.attempts) > 0 {
		show(&s.attempts[len(s.attempts)-1])
	}
	return &Violation{
		Invariant: Behaviour, Action: string(r.Action), Guard: r.Guard, Events: events,
		Text: "no step " + string(r.Action) + ", by its guard " + r.Guard + ": " + r.Text,
	}
}

// behind returns the violation of an invariant that a refusal comes from, if there is one: the
// session's process waits for the log to answer a request that it has gone on from.
func (c *checker) behind(r *refine.Refusal, s *session) error {
	if r.Guard != "Outstanding" || s == nil || s.process == nil || !s.process.waiting {
		return nil
	}
	head := &s.process.head
	if head.Event.Kind == trace.KindAccept && head.Event.Session == s.id && head.Event.Seq < s.sent {
		return answeredLate(s, head)
	}
	return nil
}
