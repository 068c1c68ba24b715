package client

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
)

// clogged is a connection whose other end stands still, once it is told to: writes wait until it
// is closed.
type clogged struct {
	net.Conn
	still  *atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (c *clogged) Write(b []byte) (int, error) {
	if c.still.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *clogged) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// TestAFormerLeaderThatStandsStillHoldsNobodyUp: the connection to it takes seconds to close, for
// which no call waits, and nobody who closes the client waits more than once.
func TestAFormerLeaderThatStandsStillHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCluster(t, 4)
		f.put("llm", perMinute("requests", 1000))
		f.lead("c:1")
		var still atomic.Bool
		dial := func(ctx context.Context, addr string) (net.Conn, error) {
			conn, err := f.dial(ctx, addr)
			if err != nil || addr == "d:1" {
				return conn, err
			}
			return &clogged{Conn: conn, still: &still, closed: make(chan struct{})}, nil
		}
		c, err := New([]string{"a:1", "b:1"}, WithDialOptions(grpc.WithContextDialer(dial)))
		if err != nil {
			t.Fatal(err)
		}
		c.conns.note("a:1", "c:1")
		if _, err := c.openSession(within(t, time.Second), c.tries(), "llm", account{}); err != nil {
			t.Fatal(err)
		}
		still.Store(true)
		if !c.conns.note("a:1", "d:1") {
			t.Fatal("the next call does not go to the new leader")
		}
		begin := time.Now()
		if addr, _, err := c.conns.choose(); err != nil || addr != "d:1" {
			t.Errorf("chosen %q, %v", addr, err)
		}
		if took := time.Since(begin); took > 0 {
			t.Errorf("the call to another leader waited %v", took)
		}
		begin = time.Now()
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		_ = c.Close(gone) // what was not given back stays charged
		if took := time.Since(begin); took > 6*time.Second {
			t.Errorf("closing took %v", took)
		}
	})
}
