package cluster

import (
	"context"
	"errors"
	"net"
	"sync"

	"google.golang.org/grpc/test/bufconn"
)

// apiBuffer is the size of an in-memory connection's buffer, in bytes.
const apiBuffer = 1 << 16

var errRefused = errors.New("cluster: nobody there")

// wires are the connections to the nodes' APIs: of the fleet's processes, and of other nodes. An
// end may stand still, so that what is said to it and by it waits, or be cut off, so that its
// connections break. So may one pair of ends.
type wires struct {
	mu        sync.Mutex
	listeners map[string]*bufconn.Listener // by address
	moved     map[string]string            // from the address of who has ended to who took its place
	ends      map[string]*end
	lines     map[pair]*end
}

// end is one end of connections, or a line between two.
type end struct {
	still gate
	cut   bool
	wires map[*wire]struct{}
}

func newWires() *wires {
	return &wires{
		listeners: map[string]*bufconn.Listener{}, moved: map[string]string{},
		ends: map[string]*end{}, lines: map[pair]*end{},
	}
}

// apiAddress is where a node's API is reached.
func apiAddress(id string) string { return id + ":api" }

// listen takes a node's address for a new life.
func (w *wires) listen(id string) net.Listener {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := bufconn.Listen(apiBuffer)
	w.listeners[apiAddress(id)] = l
	return named{l, address(apiAddress(id))}
}

// named is a listener that tells of another address than it has.
type named struct {
	net.Listener
	address
}

// Addr is the address that others reach it at.
func (n named) Addr() net.Addr { return n.address }

// address is one of the network in memory.
type address string

// Network names it.
func (address) Network() string { return "memory" }

// String is the address.
func (a address) String() string { return string(a) }

// move has whoever looks for one address find another, as a name that is told anew does.
func (w *wires) move(from, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved[from] = to
}

// led returns the address that whoever looks for one finds.
func (w *wires) led(address string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.moved[address] != "" { // no server takes its own place
		address = w.moved[address]
	}
	return address
}

// dialer connects from one end, which is a process or a node.
func (w *wires) dialer(from string) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, address string) (net.Conn, error) {
		address = w.led(address)
		w.mu.Lock()
		l := w.listeners[address]
		through := []*end{w.endLocked(from), w.endLocked(address), w.lineLocked(from, address)}
		refused := l == nil
		for _, e := range through {
			refused = refused || e.cut
		}
		w.mu.Unlock()
		if refused {
			return nil, errRefused
		}
		conn, err := l.DialContext(ctx)
		if err != nil {
			return nil, err
		}
		return w.connect(conn, through), nil
	}
}

func (w *wires) connect(conn net.Conn, through []*end) net.Conn {
	c := &wire{Conn: conn, w: w, through: through, closed: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range through {
		e.wires[c] = struct{}{}
	}
	return c
}

func (w *wires) endLocked(name string) *end {
	if w.ends[name] == nil {
		w.ends[name] = &end{wires: map[*wire]struct{}{}}
	}
	return w.ends[name]
}

func (w *wires) lineLocked(from, to string) *end {
	p := pair{from, to}
	if w.lines[p] == nil {
		w.lines[p] = &end{wires: map[*wire]struct{}{}}
	}
	return w.lines[p]
}

// end returns the end of that name: a process's, or a node's address.
func (w *wires) end(name string) *end {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.endLocked(name)
}

// line returns what joins a process and a node.
func (w *wires) line(from, address string) *end {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lineLocked(from, address)
}

// cut breaks an end's connections and refuses others, until it is joined again.
func (w *wires) cut(e *end, cut bool) {
	w.mu.Lock()
	e.cut = cut
	var broken []*wire
	for c := range e.wires {
		if cut {
			broken = append(broken, c)
		}
	}
	w.mu.Unlock()
	for _, c := range broken {
		_ = c.Close() // both ends find out
	}
}

// heal joins all ends that are not gone for good.
func (w *wires) heal(gone map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, e := range w.ends {
		if !gone[name] {
			e.cut = false
			e.still.open()
		}
	}
	for _, e := range w.lines {
		e.cut = false
		e.still.open()
	}
}

// wire is a connection, as its dialer sees it.
type wire struct {
	net.Conn
	w       *wires
	through []*end
	closed  chan struct{}
	once    sync.Once
}

// Read waits for data, and until it can be heard.
func (c *wire) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.pass() {
		return 0, net.ErrClosed
	}
	return n, err
}

// Write waits until it can be said.
func (c *wire) Write(b []byte) (int, error) {
	if !c.pass() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *wire) pass() bool {
	for _, e := range c.through {
		if !e.still.pass(c.closed) {
			return false
		}
	}
	return true
}

// Close closes the connection.
func (c *wire) Close() error {
	err := error(nil)
	c.once.Do(func() {
		c.w.mu.Lock()
		for _, e := range c.through {
			delete(e.wires, c)
		}
		c.w.mu.Unlock()
		close(c.closed)
		err = c.Conn.Close()
	})
	return err
}
