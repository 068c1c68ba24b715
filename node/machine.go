package node

import (
	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
)

// machine is the state machine as raft sees it: it says when it begins to apply an entry, which a
// majority has then.
type machine struct {
	*fsm.FSM
	committed chan<- struct{}
}

// Apply applies an entry.
func (m machine) Apply(log *raft.Log) any {
	select {
	case m.committed <- struct{}{}:
	default:
	}
	return m.FSM.Apply(log)
}
