package node

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// raftTransport is what a node wants of raft's network. Pre-votes are what keeps a server that
// was removed, and does not know it, from disturbing the others with elections.
type raftTransport interface {
	raft.Transport
	raft.WithPreVote
}

// contact is the last sign of life of a server that this one leads.
type contact struct {
	at   time.Time
	last uint64 // the last index of its log then
}

// contacts is a raft network that takes note of what the other servers answer to heartbeats, a
// few in each heartbeat timeout: raft does not tell its leader's knowledge of them. It is a hint
// for who is to become a voter and who may be removed; whether an entry is committed is for raft
// alone to say.
type contacts struct {
	raftTransport

	mu   sync.Mutex
	byID map[raft.ServerID]contact // of servers of the configuration: see keep
}

var (
	_ raft.Transport   = (*contacts)(nil)
	_ raft.WithPreVote = (*contacts)(nil)
	_ raft.WithClose   = (*contacts)(nil)
)

func watchContacts(network raftTransport) *contacts {
	return &contacts{raftTransport: network, byID: map[raft.ServerID]contact{}}
}

// AppendEntries passes entries or a heartbeat on, and notes the answer. A pipeline's entries pass
// unseen: heartbeats go on beside it.
func (c *contacts) AppendEntries(id raft.ServerID, to raft.ServerAddress,
	args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse,
) error {
	err := c.raftTransport.AppendEntries(id, to, args, resp)
	if err == nil && resp.Success {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.byID[id] = contact{at: time.Now(), last: resp.LastLog}
	}
	return err
}

// Close closes the network, if it can be.
func (c *contacts) Close() error {
	if closer, ok := c.raftTransport.(raft.WithClose); ok {
		return closer.Close()
	}
	return nil
}

// within returns what was heard from a server, if it was heard from in the last d.
func (c *contacts) within(id raft.ServerID, d time.Duration) (contact, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	heard, ok := c.byID[id]
	return heard, ok && time.Since(heard.at) <= d
}

// keep forgets all servers but those of a configuration.
func (c *contacts) keep(servers []raft.Server) {
	in := map[raft.ServerID]bool{}
	for _, s := range servers {
		in[s.ID] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.byID {
		if !in[id] {
			delete(c.byID, id)
		}
	}
}
