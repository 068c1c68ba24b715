package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

const (
	// raftConns is how many idle connections raft keeps to each other server.
	raftConns = 3
	// raftTimeout bounds one exchange between servers; a snapshot's is longer by its size.
	raftTimeout = 2 * time.Second
)

// keepAlive finds a peer that is out of reach in five seconds, whatever else is sent. Without it
// whoever reads from one waits for as long as TCP does, which is minutes: hashicorp/raft reads a
// snapshot that it is sent with no deadline, and does nothing else until it has it.
var keepAlive = net.KeepAliveConfig{
	Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 3,
}

// The flags of the command that set the addresses, for errors that say what to do.
const (
	flagAPI     = "--listen"
	flagRaft    = "--raft-listen"
	flagGossip  = "--gossip-listen"
	flagDataDir = "--data-dir"
	flagID      = "--id"

	flagLogStore = "--log-store"
)

// listen listens on TCP. Its error names the address and the flag that changes it.
func listen(ctx context.Context, what, flag, address string) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: keepAlive}
	lis, err := config.Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s address %s is in use: choose another with %s",
			what, address, flag)
	case err != nil:
		return nil, fmt.Errorf("%s address %s: choose another with %s: %w",
			what, address, flag, err)
	}
	return lis, nil
}

// advertised returns where others reach lis: host, or its own, and its port.
func advertised(lis net.Listener, host string) string {
	tcp, ok := lis.Addr().(*net.TCPAddr)
	if !ok {
		return lis.Addr().String()
	}
	if host == "" {
		host = tcp.IP.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

// newRaftTransport serves raft on a layer, which it owns from here on.
func newRaftTransport(layer *streamLayer, log hclog.Logger) raftTransport {
	return &pipelines{raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream:  layer,
		MaxPool: raftConns,
		Timeout: raftTimeout,
		Logger:  log,
	}), raftTimeout}
}
