package node

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// TestSilentSender: a server that is sent the beginning of a snapshot and no more hangs up, and
// answers to others. It would wait for ever, and not even stop.
func TestSilentSender(t *testing.T) {
	cfg := localConfig(t, "n1")
	cfg.BootstrapExpect, cfg.ListenGossip = 3, "127.0.0.1:0" // it follows, in an empty cluster
	cfg.HeartbeatTimeout, cfg.LeaderLeaseTimeout = 50*time.Millisecond, 50*time.Millisecond
	n := startLocal(t, cfg)
	sender := func() raftTransport {
		lis, err := listen(t.Context(), "raft", flagRaft, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		network := newRaftTransport(newStreamLayer(lis, "theirs", lis.Addr().String()),
			hclog.NewNullLogger())
		t.Cleanup(func() { _ = network.(raft.WithClose).Close() })
		return network
	}
	leader, other := sender(), sender()
	silent, silence := io.Pipe()
	t.Cleanup(func() { _ = silence.Close() })
	head := raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte("n2"),
		Addr: []byte(leader.LocalAddr())}
	sent := make(chan error, 1) // size 1: the test may have ended
	go func() {
		var got raft.InstallSnapshotResponse
		sent <- leader.InstallSnapshot("n1", n.raftNet.LocalAddr(), &raft.InstallSnapshotRequest{
			RPCHeader: head, SnapshotVersion: raft.SnapshotVersionMax, Term: 7,
			LastLogIndex: 9, LastLogTerm: 7, Size: 1 << 20,
			Configuration: raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{
				{ID: "n2", Address: leader.LocalAddr()}}}),
		}, &got, io.MultiReader(bytes.NewReader(make([]byte, 1<<10)), silent))
	}()
	retry(t, func() (bool, error) { // once the main loop reads, its term is the sender's
		if term := n.raft.CurrentTerm(); term != 7 {
			return false, errors.New("the snapshot has not begun")
		}
		return true, nil
	})
	retry(t, func() (bool, error) { // its connection may be one of those that are broken
		var got raft.RequestVoteResponse
		return got.Granted, other.RequestVote("n1", n.raftNet.LocalAddr(),
			&raft.RequestVoteRequest{RPCHeader: head, Term: 8}, &got)
	})
	_ = silence.CloseWithError(errors.New("the sender is killed"))
	if err := <-sent; err == nil {
		t.Error("half a snapshot was taken")
	}
}

// slowSink takes a while for each write.
type slowSink struct {
	raft.SnapshotSink
	write time.Duration
}

func (s slowSink) Write(b []byte) (int, error) {
	pass(s.write)
	return s.SnapshotSink.Write(b)
}

// TestSlowSender: as long as something comes, a snapshot may take its time, and so may the disk
// that it is written to.
func TestSlowSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			every, write time.Duration
			whole        bool
		}{
			{4 * time.Second, 0, true}, {6 * time.Second, 0, false},
			{time.Second, 8 * time.Second, true},
		} {
			from, to := io.Pipe()
			disk, err := raft.NewInmemSnapshotStore().Create(raft.SnapshotVersionMax, 1, 1,
				raft.Configuration{}, 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			sink := &patientSink{slowSink{disk, test.write}, 5 * time.Second,
				func() { _ = from.CloseWithError(io.ErrClosedPipe) }}
			var sending sync.WaitGroup
			sending.Go(func() {
				for range 5 {
					pass(test.every)
					if _, err := to.Write([]byte("part")); err != nil {
						return
					}
				}
				_ = to.Close()
			})
			n, err := io.Copy(sink, from)
			sending.Wait()
			if (err == nil) != test.whole || test.whole && n != 20 {
				t.Errorf("a part every %s, each written in %s: %d bytes, %v", test.every, test.write, n,
					err)
			}
		}
	})
}
