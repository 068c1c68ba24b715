package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/transport"
)

// contactPoll is how often a leader looks whether it has heard from a voter meanwhile, before it
// refuses to remove another, and whether the configuration is committed.
const contactPoll = 20 * time.Millisecond

// remove takes a server out of the configuration, if this one leads, and reports whether it was
// in it. It returns once that is committed. The errors are those of transport.Cluster.
//
// A leader that is to be removed hands leadership over and answers ErrNotLeader, so that the
// caller asks again and the next leader decides: what a leader appends must not be counted on its
// own vote once it is no member.
func (m *membership) remove(ctx context.Context, id raft.ServerID) (bool, error) {
	if m.leadership.current.Load() == nil {
		return false, transport.ErrNotLeader
	}
	if !inConfiguration(m.configuration(), id) {
		// It may have left by an entry that is not committed yet.
		return false, m.awaitCommitted(ctx)
	}
	select {
	case m.changing <- struct{}{}:
	case <-ctx.Done():
		return false, fmt.Errorf("%w: another change of the members is under way: %w",
			transport.ErrOverloaded, ctx.Err())
	}
	changed := func() { <-m.changing }
	servers := m.configuration()
	if !inConfiguration(servers, id) { // it has left meanwhile
		changed()
		return false, m.awaitCommitted(ctx)
	}
	if err := m.awaitQuorum(ctx, servers, id); err != nil {
		changed()
		return false, err
	}
	if string(id) == m.id {
		changed()
		return false, m.yield(ctx, servers)
	}
	m.noteRemoved(string(id))
	err := m.await(ctx, then{m.raft.RemoveServer(id, 0, enqueueTimeout), changed})
	if err != nil {
		return false, err
	}
	m.log.Info("server removed", "server", id)
	return true, nil
}

// then is a future that calls something as soon as it is decided.
type then struct {
	raft.Future
	call func()
}

func (t then) Error() error {
	defer t.call()
	return t.Future.Error()
}

// await waits for a future as long as ctx allows. Raft answers it, or loses its leadership, soon
// after.
func (m *membership) await(ctx context.Context, future raft.Future) error {
	done := make(chan error, 1) // size 1: whoever waits may have left
	m.changes.Go(func() { done <- future.Error() })
	select {
	case err := <-done:
		if err != nil {
			return sure(err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitCommitted waits until the configuration is committed and this server is known to lead. It
// leaves nothing in the log, unlike raft's barrier, of which no trace would tell.
func (m *membership) awaitCommitted(ctx context.Context) error {
	poll := time.NewTicker(contactPoll)
	defer poll.Stop()
	last := m.raft.LastIndex()
	for m.raft.CommitIndex() < last {
		if m.leadership.current.Load() == nil {
			return transport.ErrNotLeader
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return m.await(ctx, m.raft.VerifyLeader())
}

// noteRemoved remembers the life that a server is in, which must not join again. It has no effect
// while the server is in the configuration, so that it does not matter what becomes of the removal.
// A server with state is refused for that already; this is for one that has none yet.
func (m *membership) noteRemoved(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.alive[id] {
		m.removed[id] = m.known[id].Life
	}
}

// awaitQuorum waits until the voters that are left without id, and were just heard from, are a
// majority. It fails with ErrQuorum if they are none for as long as a follower may keep silent.
func (m *membership) awaitQuorum(
	ctx context.Context, servers []raft.Server, id raft.ServerID,
) error {
	patience := time.NewTimer(m.heartbeat)
	defer patience.Stop()
	poll := time.NewTicker(contactPoll)
	defer poll.Stop()
	for {
		err := checkRemoval(servers, id, m.heardFrom)
		if err == nil {
			return nil
		}
		select {
		case <-poll.C:
		case <-patience.C:
			return err
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", transport.ErrOverloaded, ctx.Err())
		}
	}
}

// heardFrom reports whether a server is this one, or has answered it within a heartbeat timeout.
func (m *membership) heardFrom(id raft.ServerID) bool {
	_, ok := m.contacts.within(id, m.heartbeat)
	return ok || string(id) == m.id
}

// checkRemoval returns ErrQuorum, with the reason, if the cluster could not decide anything
// without server id, as far as is known of who is alive.
func checkRemoval(
	servers []raft.Server, id raft.ServerID, alive func(raft.ServerID) bool,
) error {
	server, _ := serverOf(servers, id)
	if server.Suffrage != raft.Voter {
		return nil
	}
	var left, up []string
	for _, s := range servers {
		if s.Suffrage != raft.Voter || s.ID == id {
			continue
		}
		left = append(left, string(s.ID))
		if alive(s.ID) {
			up = append(up, string(s.ID))
		}
	}
	switch {
	case len(left) == 0:
		return fmt.Errorf("%w: server %s is the last voter", transport.ErrQuorum, id)
	case len(up) <= len(left)/2:
		slices.Sort(left)
		slices.Sort(up)
		return fmt.Errorf("%w: without server %s the voters are %s (answering: %s), which is no "+
			"majority: start the others, or remove one of them first", transport.ErrQuorum, id,
			strings.Join(left, ", "), cmp.Or(strings.Join(up, ", "), "none"))
	}
	return nil
}

// yield hands leadership over for this server to be removed. It always returns an error.
func (m *membership) yield(ctx context.Context, servers []raft.Server) error {
	to, ok := m.successor(servers)
	if !ok {
		return fmt.Errorf("%w: no voter answers that could lead instead", transport.ErrNotLeader)
	}
	err := m.await(ctx, m.raft.LeadershipTransferToServer(to.ID, to.Address))
	if err != nil && !errors.Is(err, transport.ErrNotLeader) {
		// Whatever became of the handover, nobody was removed.
		return fmt.Errorf("%w: leadership was not handed over to server %s: %w",
			transport.ErrNotLeader, to.ID, err)
	}
	return fmt.Errorf("%w: leadership goes to server %s, which is to remove this one: ask again",
		transport.ErrNotLeader, to.ID)
}

// successor returns the voter, of those just heard from, whose log is the longest.
func (m *membership) successor(servers []raft.Server) (to raft.Server, ok bool) {
	var last uint64
	for _, s := range servers {
		if s.Suffrage != raft.Voter || string(s.ID) == m.id {
			continue
		}
		if heard, up := m.contacts.within(s.ID, m.heartbeat); up && (!ok || heard.last > last) {
			to, last, ok = s, heard.last, true
		}
	}
	return to, ok
}
