//go:build linux

package process

import (
	"context"
	"fmt"
	"time"
)

// await waits until ok, but no longer than bound.
func (s *stage) await(ctx context.Context, bound time.Duration, what string,
	ok func() (bool, string),
) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	tick := time.NewTicker(settle)
	defer tick.Stop()
	for {
		good, why := ok()
		if good {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("process: waited %s for %s: %s", bound, what, why)
		}
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// leader returns the node that leads, as far as is known now, or nil.
func (s *stage) leader() (leader *member) {
	var term uint64
	for _, m := range s.nodes {
		if status, fresh := m.look(); fresh && status.State == "leader" && status.Term >= term {
			leader, term = m, status.Term
		}
	}
	return leader
}

// whole reports whether all nodes answer, and follow one leader in one term.
func (s *stage) whole() (bool, string) {
	var leader string
	var term uint64
	for i, m := range s.nodes {
		status, fresh := m.look()
		switch {
		case !fresh:
			return false, m.id + " does not answer"
		case status.Leader == "":
			return false, m.id + " knows no leader"
		case i > 0 && (status.Leader != leader || status.Term != term):
			return false, fmt.Sprintf("%s follows %s in term %d, and not %s in term %d", m.id,
				status.Leader, status.Term, leader, term)
		}
		leader, term = status.Leader, status.Term
	}
	if leads := s.leader(); leads == nil || leads.id != leader {
		return false, leader + " does not know that it leads"
	}
	return true, ""
}
