package node

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport"
)

// Node is one running member of a cluster.
type Node struct {
	cfg Config
	id  string
	log *slog.Logger

	store       *store
	durable     *durable
	recorder    recorder
	fsm         *fsm.FSM
	apiListener net.Listener
	apiAddress  string
	raftNet     *contacts
	raft        *raft.Raft
	stopRaft    func() raft.Future // once; what it returns waits for raft's end
	leadership  *leadership
	committer   *committer
	news        news
	founded     atomic.Bool // a leader was known since the start
	reader      *reader
	finder      finder
	members     *membership
	calendar    *calendarKeeper
	server      *transport.Server

	following  sync.WaitGroup // leadership.run
	stopFollow chan struct{}  // closed after raft was shut down
	reconcile  sync.WaitGroup // membership.run and runJoin
	stopLook   context.CancelFunc
	serving    sync.WaitGroup // Server.Serve

	ending sync.Once
	hard   chan struct{} // closed by Kill
	kill   sync.Once
	done   chan struct{} // closed when everything has ended
	err    error         // read after done

	mu       sync.Mutex
	failures []error // that end the node by themselves
}

// Start runs a node until Stop or Kill. It returns once the node listens, which is before a
// leader is known; ctx bounds the start only. An error says what to change, and leaves nothing
// running.
func Start(ctx context.Context, cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = processClock()
	}
	n := &Node{
		cfg:        cfg,
		stopFollow: make(chan struct{}),
		stopLook:   func() {},
		hard:       make(chan struct{}),
		done:       make(chan struct{}),
	}
	n.log = cmp.Or(cfg.Logger, slog.Default())
	// In the order of the data's way down: what is built first is needed by what follows.
	for _, step := range []func(context.Context) error{
		n.openStore, n.listen, n.startRaft, n.startFinder, n.found, n.startMembership,
	} {
		err := ctx.Err()
		if err == nil {
			err = step(ctx)
		}
		if err != nil {
			n.unwind()
			return nil, err
		}
	}
	n.serve()
	n.log.Info("node started", "api", n.APIAddr(), "raft", n.RaftAddr(), "gossip", n.GossipAddr())
	return n, nil
}

// openStore opens what the node keeps, and with its id known, its trace.
func (n *Node) openStore(context.Context) (err error) {
	if n.cfg.Stores != nil {
		n.store = &store{Stores: *n.cfg.Stores, id: n.cfg.ID, close: func() error { return nil }}
	} else if n.store, err = openStore(n.cfg.DataDir, n.cfg.ID, n.cfg.LogStore,
		newRaftLogger(n.log)); err != nil {
		return err
	}
	n.durable = n.store.stopOnFailure()
	if err := n.store.joinSnapshots(); err != nil {
		return err
	}
	n.id = n.store.id
	n.log = n.log.With("node", n.id)
	n.recorder, err = newRecorder(n.cfg, n.id)
	return err
}

// listen takes the API's and raft's addresses.
func (n *Node) listen(ctx context.Context) (err error) {
	if n.apiListener = n.cfg.APIListener; n.apiListener == nil {
		if n.apiListener, err = listen(ctx, "API", flagAPI, n.cfg.ListenAPI); err != nil {
			return err
		}
	}
	n.apiAddress = advertised(n.apiListener, n.cfg.AdvertiseHost)
	for _, p := range n.cfg.Peers {
		if p.ID == n.id && p.API != "" {
			n.apiAddress = p.API
		}
	}
	if n.cfg.RaftTransport != nil {
		n.raftNet = watchContacts(n.cfg.RaftTransport.(raftTransport)) // as Validate has found
		return nil
	}
	lis, err := listen(ctx, "raft", flagRaft, n.cfg.ListenRaft)
	if err != nil {
		return err
	}
	layer := newStreamLayer(lis, n.store.disk, advertised(lis, n.cfg.AdvertiseHost))
	n.raftNet = watchContacts(newRaftTransport(layer, newRaftLogger(n.log)))
	n.store.Snapshots = &wrappedSnapshots{n.store.Snapshots,
		func(sink raft.SnapshotSink, _ snapshotEnd) raft.SnapshotSink {
			return &patientSink{sink, silentFor * n.cfg.HeartbeatTimeout, layer.hangUp}
		}}
	return nil
}

// startRaft restores the state machine and joins raft, with everything that hangs on it.
func (n *Node) startRaft(context.Context) (err error) {
	n.fsm = fsm.NewFSM(n.recorder.sink())
	n.leadership = newLeadership(n.cfg.Clock, n.log, n.recorder.record, n.leaderChanged)
	n.server, err = transport.New(transport.Config{
		Coordinator: service{n},
		Cluster:     service{n},
		DriftPPM:    n.cfg.DriftPPM,
		Watch:       n.watch,
		Dial:        n.cfg.DialAPI,
	})
	if err != nil {
		return err
	}
	n.committer = newCommitter(n.leadership, n.recorder)
	n.raft, err = raft.NewRaft(n.raftConfig(), machine{n.fsm, n.committer.committed},
		n.store.Logs, n.store.Stable, n.store.Snapshots, n.raftNet)
	if err != nil {
		return fmt.Errorf("raft: %w", err)
	}
	n.stopRaft = sync.OnceValue(n.raft.Shutdown)
	stop := func() { n.stopRaft() }
	n.durable.stop.Store(&stop)
	n.leadership.raft = n.raft
	n.raft.RegisterObserver(raft.NewObserver(n.leadership.observed, false, ofLeader))
	n.committer.raft = n.raft
	n.reader = newReader(n.leadership)
	n.calendar = newCalendarKeeper(n)
	n.members = newMembership(n.id, n.cfg, n.leadership, n.raftNet, n.log)
	n.members.looked = n.news.tell
	n.following.Go(func() { n.leadership.run(n.stopFollow) })
	go n.committer.run() // joined by its done
	go n.reader.run()    // joined by its done
	return nil
}

func (n *Node) raftConfig() *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(n.id)
	c.NotifyCh = n.leadership.notify
	c.HeartbeatTimeout = n.cfg.HeartbeatTimeout
	c.ElectionTimeout = n.cfg.HeartbeatTimeout
	c.LeaderLeaseTimeout = n.cfg.LeaderLeaseTimeout
	c.CommitTimeout = n.cfg.CommitTimeout
	c.SnapshotInterval = n.cfg.SnapshotInterval
	c.SnapshotThreshold = n.cfg.SnapshotThreshold
	c.TrailingLogs = n.cfg.TrailingLogs
	c.ShutdownOnRemove = false
	c.Logger = newRaftLogger(n.log)
	return c
}

func ofLeader(o *raft.Observation) bool {
	_, ok := o.Data.(raft.LeaderObservation)
	return ok
}

// serve accepts calls. If the listener or the disk fails, the node is of no use: it ends.
func (n *Node) serve() {
	n.serving.Go(func() {
		if err := n.server.Serve(n.apiListener); err != nil {
			n.fail(fmt.Errorf("API on %s: %w", n.apiAddress, err))
		}
	})
	n.serving.Go(func() {
		select {
		case err := <-n.durable.failed:
			n.fail(err)
		case <-n.stopFollow: // the node ends anyway
		}
	})
}

// fail ends the node by itself. The caller is one of those that serving counts.
func (n *Node) fail(err error) {
	n.log.Error("node failed", "error", err)
	n.mu.Lock()
	n.failures = append(n.failures, err)
	n.mu.Unlock()
	go n.Kill() // joined by done; it waits for the caller
}

// leaderChanged tells who wants to know that the leader may be another, or may decide now.
func (n *Node) leaderChanged() {
	if _, leader := n.raft.LeaderWithID(); leader != "" {
		n.founded.Store(true)
	}
	n.refreshHealth()
	n.news.tell()
}

// refreshHealth tells balancers whether a leader is known.
func (n *Node) refreshHealth() {
	_, leader := n.raft.LeaderWithID()
	n.server.SetServing(leader != "")
}

// ID returns the node's id.
func (n *Node) ID() string { return n.id }

// APIAddr returns the host:port that others reach the API on.
func (n *Node) APIAddr() string { return n.apiAddress }

// RaftAddr returns the host:port that other servers reach raft on.
func (n *Node) RaftAddr() string {
	_, hostPort := splitPlace(string(n.raftNet.LocalAddr()))
	return hostPort
}

// GossipAddr returns the host:port that others join; empty without gossip.
func (n *Node) GossipAddr() string {
	return n.finder.address()
}

// Leader returns the id and API address of the leader, as far as they are known.
func (n *Node) Leader() (id, api string) {
	l := service{n}.Leader()
	return l.ID, l.API
}

// IsLeader reports whether this node leads and its epoch is open: it decides requests.
func (n *Node) IsLeader() bool { return n.leadership.current.Load() != nil }

// Done is closed when the node has ended, by Stop, by Kill or by itself.
func (n *Node) Done() <-chan struct{} { return n.done }

// Err returns why the node ended by itself, or what failed while it was stopped; nil if nothing
// did. It is meaningful once Done is closed.
func (n *Node) Err() error {
	select {
	case <-n.done:
		return n.err
	default:
		return nil
	}
}
