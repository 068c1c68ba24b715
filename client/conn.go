package client

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// conns holds the connections of a client, one per endpoint and one to a leader that is not
// among them. Safe for concurrent use.
type conns struct {
	callTimeout time.Duration
	dialOptions []grpc.DialOption
	alone       bool // calls do not share a stream
	closed      chan struct{}
	// closing are connections that are on their way out, and the streams on all. One whose other
	// end takes nothing any more holds whoever closes it for five seconds, grpc's bound.
	closing sync.WaitGroup

	mu        sync.Mutex
	endpoints endpoints
	byAddr    map[string]*grpc.ClientConn // nil once closed
	learned   string                      // the address in byAddr that is no endpoint, or empty
	nowhere   int                         // answers that led nowhere since a call was decided
}

// newConns prepares the connections without dialing.
func newConns(addrs []string, o options) (*conns, error) {
	c := &conns{
		callTimeout: o.callTimeout,
		alone:       o.unaryCalls,
		closed:      make(chan struct{}),
		byAddr:      make(map[string]*grpc.ClientConn),
	}
	// A node that is back after a restart is found within the longest pause of a request.
	redial := grpcbackoff.Config{
		BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: retryMax,
	}
	c.dialOptions = append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: redial, MinConnectTimeout: o.callTimeout,
		}),
	}, o.dialOptions...)

	addrs = slices.Compact(slices.Sorted(slices.Values(addrs)))
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%w: no endpoints", ErrInvalid)
	}
	for _, addr := range addrs {
		cc, err := c.dial(addr)
		if err != nil {
			c.close()
			return nil, err
		}
		c.byAddr[addr] = cc
	}
	c.endpoints = endpoints{
		configured: addrs,
		last:       rand.N(len(addrs)), // spreads a fleet that starts at once
		avoid:      make(map[string]avoidance),
	}
	return c, nil
}

// dial makes a connection to addr, which connects when it is first used.
func (c *conns) dial(addr string) (*grpc.ClientConn, error) {
	target := addr
	switch {
	case strings.Contains(addr, "://"): // the user's choice of resolver
	case validAddr(addr):
		// The dialer resolves names, each time it connects: one address is one node.
		target = "passthrough:///" + addr
	default:
		return nil, fmt.Errorf("%w: endpoint %q: want host:port or a target with a scheme",
			ErrInvalid, addr)
	}
	opts := c.dialOptions
	if !c.alone {
		// Last, so that it is the innermost of all interceptors.
		opts = append(slices.Clip(opts), (&carrier{run: c.run}).dialOption())
	}
	cc, err := grpc.NewClient(target, opts...)
	if err != nil {
		return nil, fmt.Errorf("%w: endpoint %q: %w", ErrInvalid, addr, err)
	}
	return cc, nil
}

// choose returns whom to call now, and the connection there.
func (c *conns) choose() (string, *grpc.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byAddr == nil {
		return "", nil, ErrClosed
	}
	addr := c.endpoints.pick(time.Now())
	cc := c.byAddr[addr]
	if cc == nil { // a leader that is not among the endpoints
		var err error
		if cc, err = c.dial(addr); err != nil {
			c.endpoints.failed(addr, time.Now())
			return "", nil, &callError{endpoint: addr, cause: err}
		}
		c.dropLearnedLocked()
		c.byAddr[addr], c.learned = cc, addr
	}
	return addr, cc, nil
}

// dropLearnedLocked closes the connection to a former leader that is no endpoint. Calls that
// are under way on it have an unknown outcome and are sent again.
func (c *conns) dropLearnedLocked() {
	if cc := c.byAddr[c.learned]; cc != nil {
		c.hangUp(cc)
		delete(c.byAddr, c.learned)
	}
	c.learned = ""
}

// run begins a goroutine that ends with a connection; false: all are closed.
func (c *conns) run(do func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byAddr != nil {
		c.closing.Go(do)
	}
	return c.byAddr != nil
}

// hangUp closes a connection, while calls to others go on.
func (c *conns) hangUp(cc *grpc.ClientConn) {
	c.closing.Go(func() {
		cc.Close() //nolint:errcheck // it fails only when closed already
	})
}

// note records that addr answered and whom it named, and reports whether the next call goes
// to that leader.
func (c *conns) note(addr, leader string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.endpoints.answered(addr, leader, time.Now())
}

// served records that a call was decided.
func (c *conns) served() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endpoints.idle, c.nowhere = 0, 0
}

// passOver makes the next call go to another endpoint, though addr is alive, and reports whether
// the one before it was passed over too, so that there seems to be no leader at all.
func (c *conns) passOver(addr string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endpoints.passOver(addr)
	c.nowhere++
	return c.nowhere >= min(2, len(c.endpoints.configured))
}

// fail records that addr did not answer.
func (c *conns) fail(addr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endpoints.failed(addr, time.Now())
}

// leader returns the address that the next call goes to, as far as it is known.
func (c *conns) leader() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.endpoints.current
}

func (c *conns) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// close ends every call that is under way, and waits until all connections are closed. It must
// be called once.
func (c *conns) close() {
	close(c.closed)
	c.mu.Lock()
	for _, cc := range c.byAddr {
		c.hangUp(cc)
	}
	c.byAddr = nil
	c.mu.Unlock()
	c.closing.Wait()
}
