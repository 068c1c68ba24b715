package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// maxPeers bounds the connections kept for forwarding: more leaders than a cluster has
	// members were seen only if addresses change, and then the old ones are of no use.
	maxPeers = 8
	// maxReconnect bounds the pause before a leader that came back is dialled again.
	maxReconnect = time.Second
	// maxAnswer bounds a forwarded answer, in bytes: a list of fsm.MaxBudgets large budgets.
	maxAnswer = 64 << 20
)

// peers keeps one connection per leader that requests were forwarded to.
type peers struct {
	dial func(context.Context, string) (net.Conn, error) // nil: TCP

	mu     sync.Mutex
	closed bool
	conns  map[string]*grpc.ClientConn // at most maxPeers
}

func newPeers(dial func(context.Context, string) (net.Conn, error)) *peers {
	return &peers{dial: dial, conns: map[string]*grpc.ClientConn{}}
}

// conn returns a connection to address, which connects when it is first used.
func (p *peers) conn(address string) (*grpc.ClientConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("transport: server is stopped")
	}
	if c, ok := p.conns[address]; ok {
		return c, nil
	}
	if len(p.conns) >= maxPeers {
		p.dropLocked()
	}
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: maxReconnect,
			},
			MinConnectTimeout: maxReconnect,
		}),
	}
	if p.dial != nil {
		opts = append(opts, grpc.WithContextDialer(p.dial))
	}
	c, err := grpc.NewClient("passthrough:///"+address, opts...)
	if err != nil {
		return nil, fmt.Errorf("transport: leader's API address %q: %w", address, err)
	}
	p.conns[address] = c
	return c, nil
}

// close closes every connection; calls in progress on them fail.
func (p *peers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.dropLocked()
}

func (p *peers) dropLocked() {
	for address, c := range p.conns {
		// A connection that is closed twice is all that can fail here.
		_ = c.Close()
		delete(p.conns, address)
	}
}
