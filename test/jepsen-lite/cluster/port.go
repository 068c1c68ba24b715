package cluster

import (
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// inbox bounds the requests that wait for a node's raft.
const inbox = 16

var (
	errSilence = errors.New("cluster: no answer in time")
	errOver    = errors.New("cluster: the node's life is over")
)

// raftAddress is where a node's raft is reached.
func raftAddress(id string) raft.ServerAddress { return raft.ServerAddress(id + ":raft") }

// port is one life of a node in the raft network.
type port struct {
	net     *network
	id      string
	consume chan raft.RPC
	closed  chan struct{}
	close   sync.Once

	mu        sync.Mutex
	heartbeat func(raft.RPC)
}

var (
	_ raft.Transport   = (*port)(nil)
	_ raft.WithClose   = (*port)(nil)
	_ raft.WithPreVote = (*port)(nil)
)

func newPort(n *network, id string) *port {
	return &port{net: n, id: id, consume: make(chan raft.RPC, inbox), closed: make(chan struct{})}
}

// Close ends the life.
func (p *port) Close() error {
	p.close.Do(func() { close(p.closed) })
	return nil
}

// Consumer is where raft takes requests from.
func (p *port) Consumer() <-chan raft.RPC { return p.consume }

// LocalAddr is the node's address.
func (p *port) LocalAddr() raft.ServerAddress { return raftAddress(p.id) }

// EncodePeer writes an address as it is.
func (p *port) EncodePeer(_ raft.ServerID, a raft.ServerAddress) []byte { return []byte(a) }

// DecodePeer reads what EncodePeer wrote.
func (p *port) DecodePeer(b []byte) raft.ServerAddress { return raft.ServerAddress(b) }

// SetHeartbeatHandler takes the way past raft's main loop, for heartbeats.
func (p *port) SetHeartbeatHandler(handle func(raft.RPC)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heartbeat = handle
}

// receive has raft answer a request. It reports false if the life ends first.
func (p *port) receive(rpc raft.RPC) (raft.RPCResponse, bool) {
	answer := make(chan raft.RPCResponse, 1)
	rpc.RespChan = answer
	p.mu.Lock()
	heartbeat := p.heartbeat
	p.mu.Unlock()
	if a, ok := rpc.Command.(*raft.AppendEntriesRequest); ok && heartbeat != nil && isHeartbeat(a) {
		select {
		case <-p.closed:
			return raft.RPCResponse{}, false
		default:
			heartbeat(rpc)
		}
	} else {
		select {
		case p.consume <- rpc:
		case <-p.closed:
			return raft.RPCResponse{}, false
		}
	}
	select {
	case a := <-answer:
		return a, true
	case <-p.closed:
		return raft.RPCResponse{}, false
	}
}

// isHeartbeat is raft's own test.
func isHeartbeat(a *raft.AppendEntriesRequest) bool {
	return a.Term != 0 && a.PrevLogEntry == 0 && a.PrevLogTerm == 0 &&
		len(a.Entries) == 0 && a.LeaderCommitIndex == 0
}

// call sends a request and waits for its answer.
func (p *port) call(to raft.ServerAddress, rpc raft.RPC, patience time.Duration) (any, error) {
	answer := make(chan raft.RPCResponse, 1)
	unwanted := make(chan struct{})
	defer close(unwanted)
	// Ends by the network's own bounds, at the latest with either port.
	go p.net.deliver(p, strings.TrimSuffix(string(to), ":raft"), rpc, answer, unwanted)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-answer:
		return a.Response, a.Error
	case <-timer.C:
		return nil, errSilence
	case <-p.closed:
		return nil, errOver
	}
}

// ask is call, with an answer of a known type.
func ask[T any](
	p *port, to raft.ServerAddress, rpc raft.RPC, patience time.Duration, into *T,
) error {
	answer, err := p.call(to, rpc, patience)
	if err == nil {
		*into = *answer.(*T)
	}
	return err
}

// AppendEntries sends entries.
func (p *port) AppendEntries(_ raft.ServerID, to raft.ServerAddress,
	args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse,
) error {
	return ask(p, to, raft.RPC{Command: args}, rpcTimeout, resp)
}

// RequestVote asks for a vote.
func (p *port) RequestVote(_ raft.ServerID, to raft.ServerAddress,
	args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse,
) error {
	return ask(p, to, raft.RPC{Command: args}, rpcTimeout, resp)
}

// RequestPreVote asks whether a vote would be given.
func (p *port) RequestPreVote(_ raft.ServerID, to raft.ServerAddress,
	args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse,
) error {
	return ask(p, to, raft.RPC{Command: args}, rpcTimeout, resp)
}

// InstallSnapshot sends a snapshot.
func (p *port) InstallSnapshot(_ raft.ServerID, to raft.ServerAddress,
	args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader,
) error {
	return ask(p, to, raft.RPC{Command: args, Reader: data}, 10*rpcTimeout, resp)
}

// TimeoutNow hands leadership over.
func (p *port) TimeoutNow(_ raft.ServerID, to raft.ServerAddress,
	args *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse,
) error {
	return ask(p, to, raft.RPC{Command: args}, 10*rpcTimeout, resp)
}
