package linear

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport"
)

// faulty is a coordinator of one node that answers at once, from the product's state machine,
// but for its fault.
type faulty struct {
	fault fault

	mu    sync.Mutex
	begin time.Time
	main  *replica
	other *replica // another leader, or a follower that lags behind
	lag   []fsm.Command
	n     uint64 // commands
	seqs  map[lease.SessionID]uint64
	taken map[lease.ID]budget.Credits
}

// fault breaks a command or a read: it returns false to have it done as it should be.
type fault struct {
	name    string
	propose func(*faulty, fsm.Command) (fsm.Result, bool)
	read    func(*faulty) *replica
}

// replica is a state with its log's position.
type replica struct {
	state *fsm.State
	index uint64
}

func newReplica() *replica {
	r := &replica{state: fsm.New(nil), index: 1}
	r.state.Apply(1, 1, fsm.Entry{Open: true})
	return r
}

func (r *replica) do(now budget.Instant, cmd fsm.Command) fsm.Result {
	r.index++
	return r.state.Apply(r.index, 1,
		fsm.Entry{Epoch: 1, Stamp: now, Commands: []fsm.Command{cmd}})[0]
}

func (f *faulty) now() budget.Instant { return budget.Instant(time.Since(f.begin)) }

// Propose decides cmd.
func (f *faulty) Propose(_ context.Context, cmd fsm.Command) (fsm.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if f.fault.propose != nil {
		if r, broken := f.fault.propose(f, cmd); broken {
			return r, nil
		}
	}
	return f.main.do(f.now(), cmd), nil
}

// ProposeAll decides cmds, one after the other.
func (f *faulty) ProposeAll(ctx context.Context, cmds []fsm.Command) []transport.Proposed {
	all := make([]transport.Proposed, len(cmds))
	for i, cmd := range cmds {
		all[i].Result, all[i].Err = f.Propose(ctx, cmd)
	}
	return all
}

// Read calls read with the state.
func (f *faulty) Read(_ context.Context, read func(*fsm.State, budget.Instant)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.main
	if f.fault.read != nil {
		r = f.fault.read(f)
	}
	read(r.state, max(f.now(), r.state.T()))
	return nil
}

func (f *faulty) Leader() transport.Leader { return transport.Leader{ID: "n1", Self: true} }
func (f *faulty) News() <-chan struct{}    { return nil }
func (f *faulty) Status() transport.Status { return transport.Status{Node: "n1"} }

// RemoveMember has nobody to remove.
func (f *faulty) RemoveMember(context.Context, string) (bool, error) { return false, nil }

// faults are what a coordinator may get wrong.
var faults = []fault{
	{name: "a grant is told twice under different sizes",
		propose: func(f *faulty, cmd fsm.Command) (fsm.Result, bool) {
			r := f.main.do(f.now(), cmd)
			if a := cmd.Acquire; a != nil && r.Code == fsm.CodeDone && len(r.Grants) > 0 {
				if f.seqs[a.Session] == a.Seq {
					r.Grants[0].Amount++
				}
				f.seqs[a.Session] = a.Seq
			}
			return r, true
		}},
	{name: "a retry is decided again",
		propose: func(f *faulty, cmd fsm.Command) (fsm.Result, bool) {
			if cmd.Acquire == nil {
				return fsm.Result{}, false
			}
			again := *cmd.Acquire
			f.seqs[again.Session]++
			again.Seq = f.seqs[again.Session]
			return f.main.do(f.now(), fsm.Command{Acquire: &again}), true
		}},
	{name: "an acknowledged grant is lost",
		propose: func(f *faulty, cmd fsm.Command) (fsm.Result, bool) {
			if cmd.Acquire == nil || f.n%10 > 0 {
				f.other.do(f.now(), cmd)
				return fsm.Result{}, false
			}
			return f.other.do(f.now(), cmd), true
		}},
	{name: "two leaders grant the same credits",
		propose: func(f *faulty, cmd fsm.Command) (fsm.Result, bool) {
			if cmd.Acquire != nil && cmd.Acquire.Session%2 == 0 {
				return f.other.do(f.now(), cmd), true
			}
			if cmd.Acquire == nil {
				f.other.do(f.now(), cmd)
			}
			return fsm.Result{}, false
		}},
	{name: "a read is stale",
		propose: func(f *faulty, cmd fsm.Command) (fsm.Result, bool) {
			f.lag = append(f.lag, cmd)
			if len(f.lag) > 20 {
				f.other.do(f.now(), f.lag[0])
				f.lag = f.lag[1:]
			}
			return fsm.Result{}, false
		},
		read: func(f *faulty) *replica { return f.other }},
	{name: "a return is acknowledged twice",
		propose: func(f *faulty, cmd fsm.Command) (fsm.Result, bool) {
			r := f.main.do(f.now(), cmd)
			if cmd.Return != nil && r.Code == fsm.CodeDone {
				for i, give := range cmd.Return.Returns {
					if r.Taken[i] > 0 {
						f.taken[give.Lease] = r.Taken[i]
					}
					r.Taken[i] = f.taken[give.Lease]
				}
			}
			return r, true
		}},
	{name: "an acknowledged change is lost",
		propose: func(f *faulty, cmd fsm.Command) (fsm.Result, bool) {
			if cmd.PutBudget != nil && f.n > 100 {
				b := cmd.PutBudget.Budget
				if st, ok := f.main.state.Budget(b.Name, ""); ok && !st.Budget.Equal(b) {
					return fsm.Result{Code: fsm.CodeDone, Revision: st.Revision + 1, Changed: true}, true
				}
			}
			return fsm.Result{}, false
		}},
}

// tour has clients visit a coordinator with a fault, and returns what they saw.
func tour(t *testing.T, o Options, broken fault) (h History) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{fault: broken, begin: time.Now(), main: newReplica(), other: newReplica(),
			seqs: map[lease.SessionID]uint64{}, taken: map[lease.ID]budget.Credits{}}
		server, err := transport.New(transport.Config{Coordinator: f, Cluster: f, DriftPPM: 5000})
		if err != nil {
			t.Fatal(err)
		}
		listener := bufconn.Listen(apiBuffer)
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		dial := func(ctx context.Context, _ string) (net.Conn, error) {
			return listener.DialContext(ctx)
		}
		h, err = Visit(t.Context(), o, []string{"n1:api"}, dial, func(context.Context) {})
		if err != nil {
			t.Error(err)
		}
		server.Kill()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return h
}

// TestFaultyCoordinator has clients visit coordinators that are broken. Each fault must be found
// and drawn; without one, the same visits must be valid.
func TestFaultyCoordinator(t *testing.T) {
	const tries = 3
	for s := *seed; s < *seed+tries && (s == *seed || !raceEnabled); s++ {
		if v := judged(t, tour(t, Draw(s), fault{})); v.Result != Valid || v.Unanswered == 0 {
			t.Errorf("no fault: seed %d: %s", s, v)
		}
	}
	for _, broken := range faults {
		found := false
		for s := *seed; s < *seed+tries && !found; s++ {
			v := judged(t, tour(t, Draw(s), broken))
			if v.Result != Invalid {
				continue
			}
			found = true
			t.Logf("%s: seed %d: %s", broken.name, s, v)
			picture, err := v.Draw(t.ArtifactDir())
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(picture); err != nil || info.Size() == 0 ||
				filepath.Ext(picture) != ".html" {
				t.Errorf("%s: no picture: %v", broken.name, err)
			}
		}
		if !found {
			t.Errorf("%s: not found with seeds %d to %d", broken.name, *seed, *seed+tries-1)
		}
	}
}

// Wall is not asked for.
func (f *faulty) Wall() time.Time { return time.Time{} }
