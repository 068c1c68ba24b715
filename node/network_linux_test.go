package node

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// TestPeersOutOfReachAreNoticed: both ends of a connection between servers probe it soon.
func TestPeersOutOfReachAreNoticed(t *testing.T) {
	lis, err := listen(t.Context(), "raft", flagRaft, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newStreamLayer(lis, "disk", lis.Addr().String())
	defer s.Close()
	dialed, err := s.Dial(raft.ServerAddress(s.Addr().String()), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	greeted := accepted.(*keptConn).Conn.(*greetedConn).Conn
	for name, conn := range map[string]net.Conn{
		"dialed": dialed.(*keptConn).Conn, "accepted": greeted,
	} {
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) {
			for option, want := range map[int]int{
				syscall.TCP_KEEPIDLE: 2, syscall.TCP_KEEPINTVL: 1, syscall.TCP_KEEPCNT: 3,
			} {
				got, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, option)
				if err != nil || got != want {
					t.Errorf("%s: option %d is %d, %v, want %d", name, option, got, err, want)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}
