package node

import (
	"time"

	"github.com/hashicorp/raft"
)

// pipelines has entries fail to be sent where hashicorp/raft would wait for ever: a leader that
// learns of a newer term reads no more answers from a pipeline, and whoever goes on to send into it
// waits for room. Raft waits for that in turn, when it is to shut down.
type pipelines struct {
	*raft.NetworkTransport
	patience time.Duration
}

var _ raftTransport = (*pipelines)(nil)

// AppendEntriesPipeline begins a pipeline.
func (p *pipelines) AppendEntriesPipeline(
	id raft.ServerID, to raft.ServerAddress,
) (raft.AppendPipeline, error) {
	all, err := p.NetworkTransport.AppendEntriesPipeline(id, to)
	if err != nil {
		return nil, err
	}
	return &boundPipeline{all, p.patience}, nil
}

type boundPipeline struct {
	raft.AppendPipeline
	patience time.Duration
}

// AppendEntries sends entries. If that takes too long, the pipeline is closed, which ends the wait.
func (p *boundPipeline) AppendEntries(
	args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse,
) (raft.AppendFuture, error) {
	bound := time.AfterFunc(p.patience, func() { _ = p.Close() })
	defer bound.Stop()
	return p.AppendPipeline.AppendEntries(args, resp)
}
