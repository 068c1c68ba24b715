package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

func TestPlaces(t *testing.T) {
	for _, tt := range []struct{ disk, hostPort, place string }{
		{"", "h:1", "h:1"}, {"abc", "h:1", "abc@h:1"}, {"abc", "[::1]:7", "abc@[::1]:7"},
	} {
		if got := placeOf(tt.disk, tt.hostPort); got != tt.place {
			t.Errorf("got %q, want %q", got, tt.place)
		}
		if disk, hostPort := splitPlace(tt.place); disk != tt.disk || hostPort != tt.hostPort {
			t.Errorf("%s: got %q and %q", tt.place, disk, hostPort)
		}
	}
	for _, tt := range []struct {
		before, now string
		want        bool
	}{
		{"a@h:1", "a@h:2", false}, // moved
		{"a@h:1", "b@h:1", true},
		{"a@h:1", "h:1", true},
		{"h:1", "a@h:1", false}, // named since
		{"h:1", "h:2", false},
	} {
		if got := replaced(tt.before, tt.now); got != tt.want {
			t.Errorf("%s, then %s: got %t", tt.before, tt.now, got)
		}
	}
}

func TestDiskName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk-id")
	name, err := nameDisk(path)
	if err != nil || len(name) != diskLen {
		t.Fatalf("got %q, %v", name, err)
	}
	if again, err := nameDisk(path); err != nil || again != name {
		t.Errorf("again: got %q, %v, want %q", again, err, name)
	}
	if err := os.WriteFile(path, []byte("a@b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := nameDisk(path); err == nil || !strings.Contains(err.Error(), "names no disk") {
		t.Errorf("damaged: got %v", err)
	}
}

// TestVotesAreForOneDisk: a server answers requests that are meant for its own disk, or for none,
// and no others: not those of a candidate that knows its address from a configuration in which
// another server was there.
func TestVotesAreForOneDisk(t *testing.T) {
	network := func(disk string) (raftTransport, string) {
		lis, err := listen(t.Context(), "raft", flagRaft, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at := lis.Addr().String()
		n := newRaftTransport(newStreamLayer(lis, disk, at), hclog.NewNullLogger())
		t.Cleanup(func() { _ = n.(raft.WithClose).Close() })
		return n, at
	}
	voter, at := network("theirs")
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case rpc := <-voter.Consumer():
				rpc.Respond(&raft.RequestVoteResponse{Granted: true}, nil)
			case <-done:
				return
			}
		}
	}()
	candidate, _ := network("ours")
	for place, want := range map[string]bool{
		"theirs@" + at: true, at: true, "others@" + at: false, "their@" + at: false,
	} {
		var got raft.RequestVoteResponse
		err := candidate.RequestVote("n1", raft.ServerAddress(place), &raft.RequestVoteRequest{}, &got)
		if got.Granted != want || (err == nil) != want {
			t.Errorf("vote asked at %s: got %t, %v", place, got.Granted, err)
		}
	}
}

// TestGreeting: a connection that does not begin as it must is closed, and not waited for.
func TestGreeting(t *testing.T) {
	for said, want := range map[string]error{
		string(greeting("mine")) + "x":      nil,
		string(greeting("")) + "x":          nil,
		string(greeting("yours")):           errWrongPlace,
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n": errWrongPlace,
		"leased":                            io.ErrUnexpectedEOF,
	} {
		here, there := net.Pipe()
		go func() {
			_, _ = io.WriteString(there, said) // it may be closed before the end
			_ = there.Close()
		}()
		conn := &greetedConn{Conn: here, disk: "mine"}
		p := make([]byte, 1)
		n, err := conn.Read(p)
		if !errors.Is(err, want) || want == nil && (n != 1 || p[0] != 'x') {
			t.Errorf("%q: got %d, %v, want %v", said, n, err, want)
		}
		if _, err := here.Write(p); want != nil && err == nil {
			t.Errorf("%q: the connection is open", said)
		}
		_ = here.Close()
	}
}

// TestEmptiedDiskTakesNoPart: a member that comes back on an empty data directory under its id is
// no member: it would vote without knowing what it has acknowledged. Removed, it may join anew.
func TestEmptiedDiskTakesNoPart(t *testing.T) {
	warned := make(chan string, 16)
	configs, nodes := map[string]Config{}, map[string]*Node{}
	var join []string
	for _, id := range []string{"n1", "n2", "n3"} {
		cfg := localConfig(t, id)
		cfg.ListenGossip, cfg.BootstrapExpect, cfg.Join = "127.0.0.1:0", 3, join
		cfg.Logger = slog.New(slog.NewTextHandler(noPartWriter(warned), nil))
		configs[id], nodes[id] = cfg, startLocal(t, cfg)
		join = append(join, nodes[id].GossipAddr())
	}
	var leader *Node
	eventually(t, 15*time.Second, "a leader", func() bool {
		for _, n := range nodes {
			if n.IsLeader() {
				leader = n
			}
		}
		return leader != nil
	})
	for id, n := range nodes {
		if n != leader {
			n.Kill()
			if err := os.RemoveAll(configs[id].DataDir); err != nil {
				t.Fatal(err)
			}
			cfg := configs[id]
			cfg.BootstrapExpect, cfg.Join = 0, join
			nodes[id] = startLocal(t, cfg)
			break
		}
	}
	select {
	case <-warned:
	case <-time.After(15 * time.Second):
		t.Fatal("nobody says that the member lost its disk")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	for id, n := range nodes {
		if n.raft.LastIndex() > 0 {
			continue
		}
		if n.raft.Stats()["num_peers"] != "0" {
			t.Errorf("%s, on an empty disk, has heard of the cluster: %v", id, n.raft.Stats())
		}
		for err := errors.New(""); err != nil && ctx.Err() == nil; {
			_, err = service{leader}.RemoveMember(ctx, id)
		}
	}
	if ctx.Err() != nil {
		t.Error("it cannot be removed")
	}
}

// noPartWriter passes on the warnings of members that lost their disks.
type noPartWriter chan<- string

func (w noPartWriter) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "takes no part") {
		select {
		case w <- string(line):
		default: // one is enough
		}
	}
	return len(line), nil
}
