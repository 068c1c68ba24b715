package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// graceTimeout bounds the goodbyes of a Stop, whatever its context allows.
const graceTimeout = 10 * time.Second

// Stop ends the node in order: no new calls, what is queued is committed, leadership is handed
// over, calls in progress are answered, raft stops, gossip says goodbye, stores and trace are
// closed. What ctx does not leave time for is cut short, not skipped: when Stop returns,
// everything has ended. It returns what failed; stopping again, or after Kill, waits for the
// first and returns the same.
func (n *Node) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, graceTimeout)
	defer cancel()
	n.ending.Do(func() {
		// A Kill meanwhile cuts everything short.
		go func() {
			select {
			case <-n.hard:
				cancel()
			case <-ctx.Done():
			}
		}()
		n.log.Info("node stopping")
		n.server.NotServing()
		n.committer.drain()
		select {
		case <-n.committer.done:
			n.handOver()
		case <-ctx.Done():
		}
		n.server.Stop(ctx)
		n.end(true)
	})
	<-n.done
	return n.err
}

// Kill ends the node as a crash would: connections break, nobody is told, nothing is handed
// over. Only the trace is written out, so that a checker sees all that was recorded. Kill waits
// until everything has ended; killing again, or after Stop, does nothing more.
func (n *Node) Kill() {
	n.kill.Do(func() { close(n.hard) })
	n.ending.Do(func() {
		n.log.Info("node killed")
		n.server.Kill()
		n.committer.drain()
		n.end(false)
	})
	<-n.done
}

// handOver gives leadership to another server, so that the cluster need not find out that the
// leader is gone. If none takes it within an election timeout, an election will do.
func (n *Node) handOver() {
	servers := n.members.configuration()
	to, ok := n.members.successor(servers)
	if n.raft.State() != raft.Leader || !ok {
		return
	}
	if err := n.raft.LeadershipTransferToServer(to.ID, to.Address).Error(); err != nil {
		n.log.Warn("leadership not handed over", "error", err)
	}
}

// end joins everything. Whoever waits for raft is joined before raft is shut down, because raft
// abandons what it has not answered then: an entry in flight commits, or its leader loses its
// lease and raft says so.
func (n *Node) end(polite bool) {
	var problems []error
	n.leadership.close()
	<-n.committer.done
	if !polite {
		// What this node proposed is recorded; what raft goes on to do is not, as in a crash.
		problems = append(problems, n.recorder.close())
	}
	n.reader.close()
	<-n.reader.done
	n.stopLook()
	n.reconcile.Wait()
	n.members.changes.Wait()
	if err := n.stopRaft().Error(); err != nil {
		problems = append(problems, fmt.Errorf("raft: %w", err))
	}
	close(n.stopFollow)
	n.following.Wait()
	if n.finder != nil { // the start came as far
		if polite {
			if err := n.finder.leave(); err != nil {
				n.log.Warn("gossip not told", "error", err)
			}
		}
		problems = append(problems, n.finder.stop())
	}
	problems = append(problems, n.store.close(), n.recorder.close())
	n.serving.Wait()
	n.mu.Lock()
	n.err = errors.Join(append(problems, n.failures...)...)
	n.mu.Unlock()
	n.log.Info("node stopped")
	close(n.done)
}

// unwind ends a node whose start failed, as far as it came.
func (n *Node) unwind() {
	if n.apiListener != nil {
		_ = n.apiListener.Close() // nothing was ever read from it
	}
	if n.raft != nil {
		n.Kill()
		return
	}
	if n.server != nil {
		n.server.Kill()
	}
	if n.raftNet != nil {
		_ = n.raftNet.Close()
	}
	_ = n.recorder.close()
	if n.store != nil {
		_ = n.store.close()
	}
}
