package node

import (
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// TestPipelineThatNobodyReads: who sends into a pipeline from which nobody takes answers is told so
// in the end.
func TestPipelineThatNobodyReads(t *testing.T) {
	network := func(disk string) *pipelines {
		lis, err := listen(t.Context(), "raft", flagRaft, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p := newRaftTransport(newStreamLayer(lis, disk, lis.Addr().String()),
			hclog.NewNullLogger()).(*pipelines)
		p.patience = 10 * time.Millisecond
		t.Cleanup(func() { _ = p.Close() })
		return p
	}
	follower, leader := network("theirs"), network("ours")
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case rpc := <-follower.Consumer():
				rpc.Respond(&raft.AppendEntriesResponse{Success: true}, nil)
			case <-done:
				return
			}
		}
	}()
	pipeline, err := leader.AppendEntriesPipeline("n1", follower.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for err == nil {
			_, err = pipeline.AppendEntries(&raft.AppendEntriesRequest{Term: 1},
				new(raft.AppendEntriesResponse))
		}
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the sender waits for room in a pipeline that nobody reads")
	}
}
