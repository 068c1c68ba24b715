package lease

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// Sizer chooses how many credits of one limit to hold, in place of what demand says. It may say
// anything: what a holder asks for and admits stays within the rules whatever it says.
type Sizer interface {
	// Offered tells of an offer of n credits, admitted or not, at a monotonic reading. It is on
	// the path of every admission.
	Offered(now int64, n budget.Credits)
	// Size returns how many credits to order, and the reserve: how few may be left when more are
	// ordered, if that takes lead. Left is how long the limit's window lasts; zero: unknown.
	// It may be called though nothing is ordered then.
	Size(now int64, left, lead time.Duration) (size, reserve budget.Credits)
}

// Sizing makes the sizer of a limit that comes into force; nil chooses as if there were none.
type Sizing func(limit budget.Limit) Sizer

// sizer returns the limit's, or nil. Slots have none: they are held by who works, and not before.
func (s Sizing) sizer(limit budget.Limit) Sizer {
	if s == nil || limit.Kind == budget.KindSlots {
		return nil
	}
	return s(limit)
}

// target returns the live credits that the line should have after a refresh. A sizer's order
// comes on top of what is left when it is due.
func (l *line) target(now Reading, backlog budget.Credits, rtt time.Duration) budget.Credits {
	switch {
	case l.bare:
		return min(l.ceiling, backlog) // others have use for what nobody here waits for
	case l.sizer == nil:
		return min(l.ceiling, backlog+max(l.demand.unit, l.demand.expect(l.ahead(now))))
	}
	size, _ := l.sizer.Size(now.Mono, l.windowLeft(now), 2*rtt)
	size = min(max(1, size), budget.MaxAmount)
	return min(l.ceiling, backlog+l.lowWater(now, rtt)+size)
}

// lowWater returns the live credits below which the line is refreshed before callers miss: what
// they will spend meanwhile. While they come one more of them is expected, whatever a sizer says.
func (l *line) lowWater(now Reading, rtt time.Duration) budget.Credits {
	d := &l.demand
	if l.sizer == nil {
		soon := d.expect(min(l.ahead(now), max(2*rtt, d.horizon/4)))
		return min(l.ceiling, max(d.unit, soon))
	}
	_, reserve := l.sizer.Size(now.Mono, l.windowLeft(now), 2*rtt)
	return min(l.ceiling, max(d.unit, reserve))
}
