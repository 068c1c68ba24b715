package node

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// address is a server's place: a host's name stays a name, so that raft's configuration holds
// after a restart with another IP address.
type address string

// Network is always TCP.
func (a address) Network() string { return "tcp" }

// String returns the place.
func (a address) String() string { return string(a) }

// streamLayer is raft's view of the network. Closing it closes every connection: raft's own
// transport would leave those that others have opened to them, and wait for them to hang up.
type streamLayer struct {
	listener net.Listener
	disk     string  // this server's: see placeOf
	place    address // this server's

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool // as many as raft keeps, a few per server; true: others opened them
}

var _ raft.StreamLayer = (*streamLayer)(nil)

func newStreamLayer(lis net.Listener, disk, advertise string) *streamLayer {
	return &streamLayer{
		listener: lis,
		disk:     disk,
		place:    address(placeOf(disk, advertise)),
		conns:    map[net.Conn]bool{},
	}
}

// Addr is the advertised place, which raft takes for the server's own.
func (s *streamLayer) Addr() net.Addr { return s.place }

// Accept waits for another server to connect. Whom it means is known when raft reads from it.
func (s *streamLayer) Accept() (net.Conn, error) {
	conn, err := s.listener.Accept()
	if err != nil {
		return nil, err
	}
	return s.keep(&greetedConn{Conn: conn, disk: s.disk}, true)
}

// Dial connects to the server at a place. That another one is there shows when it closes the
// connection.
func (s *streamLayer) Dial(to raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	disk, hostPort := splitPlace(string(to))
	dialer := net.Dialer{Timeout: timeout, KeepAliveConfig: keepAlive}
	conn, err := dialer.DialContext(context.Background(), "tcp", hostPort)
	if err != nil {
		return nil, err
	}
	err = conn.SetWriteDeadline(time.Now().Add(timeout))
	if err == nil {
		_, err = conn.Write(greeting(disk))
	}
	if err == nil {
		err = conn.SetWriteDeadline(time.Time{})
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s.keep(conn, false)
}

// hangUp closes every connection that others have opened.
func (s *streamLayer) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn, accepted := range s.conns {
		if accepted {
			_ = conn.Close() // raft finds out, and forgets it
		}
	}
}

// Close closes the listener and every connection.
func (s *streamLayer) Close() error {
	s.mu.Lock()
	conns := s.conns
	s.closed, s.conns = true, nil
	s.mu.Unlock()
	problems := []error{s.listener.Close()}
	for conn := range conns {
		problems = append(problems, conn.Close())
	}
	return errors.Join(problems...)
}

func (s *streamLayer) keep(conn net.Conn, accepted bool) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	s.conns[conn] = accepted
	return &keptConn{Conn: conn, layer: s}, nil
}

// keptConn is forgotten by its layer when raft closes it.
type keptConn struct {
	net.Conn
	layer *streamLayer
}

// Close closes the connection.
func (c *keptConn) Close() error {
	c.layer.mu.Lock()
	delete(c.layer.conns, c.Conn)
	c.layer.mu.Unlock()
	return c.Conn.Close()
}
