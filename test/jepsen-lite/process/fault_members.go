//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The faults that change who the servers are. Each takes its time, and others begin and end
// meanwhile, so that any step may fail. What is left undone is done when all is healed.

// changeable reports whether a change of members may begin: none is left undone.
func (s *stage) changeable() bool {
	undone := func(m *member) bool { return m.leaving || !m.voter }
	return len(s.nodes) == s.o.Nodes && !slices.ContainsFunc(s.nodes, undone)
}

// changed is the outcome of a change of members that went as far as err lets it.
func (s *stage) changed(what string, before string, err error) (string, *active) {
	a := &active{over: true, outcome: before + " became " + names(s.nodes)}
	if err != nil {
		a.outcome += ": " + err.Error()
	}
	return what, a
}

// replaceRolling has a new server take the place of each one, one after the other.
func (s *stage) replaceRolling(time.Duration) (string, *active) {
	if !s.changeable() {
		return "", nil
	}
	before := names(s.nodes)
	for _, old := range slices.Clone(s.nodes) {
		if err := s.join(); err != nil {
			return s.changed("all nodes", before, err)
		}
		if err := s.remove(old); err != nil {
			return s.changed("all nodes", before, err)
		}
	}
	return s.changed("all nodes", before, nil)
}

// growShrink has two servers more for a while, and then two less of any.
func (s *stage) growShrink(time.Duration) (string, *active) {
	if !s.changeable() {
		return "", nil
	}
	before := names(s.nodes)
	for range maxJoins {
		if err := s.join(); err != nil {
			return s.changed("two more", before, err)
		}
	}
	for range maxJoins {
		if err := s.remove(s.nodes[s.rng.IntN(len(s.nodes))]); err != nil {
			return s.changed("two more", before, err)
		}
	}
	return s.changed("two more", before, nil)
}

// removeLeader has a new server join, and removes the one that leads.
func (s *stage) removeLeader(time.Duration) (string, *active) {
	if !s.changeable() {
		return "", nil
	}
	before := names(s.nodes)
	err := s.join()
	target := "none"
	if m := s.leader(); err == nil && m != nil {
		target = m.id
		err = s.remove(m)
	}
	return s.changed(target, before, err)
}

// removeCrashed removes a server whose machine is gone for good, and has another one join.
func (s *stage) removeCrashed(time.Duration) (string, *active) {
	m := s.someNode()
	if !s.changeable() || !s.mayHurt(m) {
		return "", nil
	}
	before := names(s.nodes)
	m.proc.kill()
	m.forget()
	m.gone = true
	m.impaired++ // for good
	err := s.remove(m)
	if err == nil {
		err = s.join()
	}
	return s.changed(m.id, before, err)
}

const (
	// joinBound is how long a new server may take to vote while other things are broken.
	joinBound = 15 * time.Second
	// removeBound is how long a removal is tried for.
	removeBound = 10 * time.Second
)

// join has a new server join the cluster, and waits until it votes.
func (s *stage) join() error {
	p := s.vacant()
	if p == nil {
		return errors.New("process: there is no site for another server")
	}
	m, err := s.newMember(p, false)
	if err == nil {
		err = m.start(s.o, s.logs())
	}
	if err != nil {
		s.fail(judgeHarness, "a server that joins: %v", err)
		return err
	}
	s.nodes = append(s.nodes, m)
	s.watch(m)
	return s.tend(joinBound, m.id+" to vote", func() (bool, string) {
		s.noteVoters()
		return m.voter, m.id + " does not vote"
	})
}

// noteVoters takes note of the servers that vote, by what the leader says.
func (s *stage) noteVoters() {
	leader := s.leader()
	if leader == nil {
		return
	}
	status, _ := leader.look()
	for _, is := range status.Members {
		for _, m := range s.nodes {
			m.voter = m.voter || m.id == is.ID && is.Voter
		}
	}
}

// remove takes a server out of the cluster. It goes on running for a while, since that must
// disturb nobody.
func (s *stage) remove(m *member) error {
	m.leaving = true
	ctx, cancel := context.WithTimeout(s.ctx, removeBound)
	defer cancel()
	done := make(chan error, 1) // size 1: the answer may come when nobody waits any more
	go func() {
		_, err := s.admin.RemoveMember(ctx, m.id)
		done <- err
	}()
	var err error
	late := s.tend(removeBound+callTimeout, "the removal of "+m.id, func() (bool, string) {
		select {
		case err = <-done:
			return true, ""
		default:
			return false, "no answer"
		}
	})
	if late != nil {
		err = late
	}
	if err != nil {
		return err
	}
	s.left(m)
	return nil
}

// left notes that a server is no member any more.
func (s *stage) left(m *member) {
	m.leaving = false
	s.nodes = slices.DeleteFunc(s.nodes, func(other *member) bool { return other == m })
	s.former = append(s.former, m)
}

// retire ends a server that is no member any more, and clears its site.
func (s *stage) retire(m *member) {
	s.former = slices.DeleteFunc(s.former, func(other *member) bool { return other == m })
	m.unwatch()
	m.gone = true
	if !m.proc.ended() {
		if err := m.proc.end(stopBound); err != nil {
			s.fail(judgeStop, "a server that was removed: %v", err)
		}
	}
	if err := m.erase(); err != nil {
		s.fail(judgeHarness, "%v", err)
	}
}

// tend waits until ok, but no longer than bound, and goes on breaking things meanwhile, unless
// all is being healed.
func (s *stage) tend(bound time.Duration, what string, ok func() (bool, string)) error {
	return s.await(s.ctx, bound, what, func() (bool, string) {
		if s.busy {
			s.stir(s.ctx)
		}
		return ok()
	})
}

// complete finishes what faults have left undone, when all is healed: as many servers as founded
// the cluster, all of which vote and follow one leader.
func (s *stage) complete(ctx context.Context) error {
	for _, m := range slices.Clone(s.nodes) {
		if m.leaving {
			if err := s.remove(m); err != nil {
				return fmt.Errorf("process: remove %s: %w", m.id, err)
			}
		}
	}
	for len(s.nodes) > s.o.Nodes {
		if err := s.remove(s.nodes[len(s.nodes)-1]); err != nil {
			return fmt.Errorf("process: one too many: %w", err)
		}
	}
	for len(s.nodes) < s.o.Nodes {
		if err := s.join(); err != nil {
			return fmt.Errorf("process: one too few: %w", err)
		}
	}
	err := s.await(ctx, s.o.elect(), "all nodes to vote and to follow one leader",
		func() (bool, string) {
			s.bury()
			return s.wholeVoters()
		})
	for len(s.former) > 0 {
		s.retire(s.former[0])
	}
	return err
}

// wholeVoters reports whether the cluster is whole, and all its servers vote.
func (s *stage) wholeVoters() (bool, string) {
	s.noteVoters()
	for _, m := range s.nodes {
		if !m.voter {
			return false, m.id + " does not vote"
		}
	}
	return s.whole()
}
