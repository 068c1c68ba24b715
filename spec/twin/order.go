package twin

import "github.com/leased-io/leased/spec/twin/refine"

// A recorder's clock does not go back. A node's file shows it: the clock is read under the lock
// that orders the lines. A process's file shows it of each session: several may be recorded at
// a time, but a holder goes by the furthest that its clock was ever read.

// wentBack is an event before whose instant its recorder had read a later one.
type wentBack struct {
	at  Located
	why *refine.Refusal
}

// ticks notes the first event of a file that goes back behind an instant.
func (in *input) ticks(from int64, at *Located) {
	if in.back != nil {
		return
	}
	if r := refine.Passes(in.header.Recorder, from, at.Event.At); r != nil {
		in.back = &wentBack{*at, r}
	}
}

// clockWentBack returns the violation of a clock that went back, if one did. It is judged last:
// what is wrong with events in a wrong order mostly has a better name.
func (c *checker) clockWentBack() error {
	for _, r := range c.replicas {
		if r.back != nil {
			return c.refused(r.back.why, &r.back.at)
		}
	}
	for _, p := range c.processes {
		if p.back != nil {
			return c.refused(p.back.why, &p.back.at)
		}
	}
	return nil
}
