package node

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport"
	"github.com/leased-io/leased/transport/leasedv1"
)

const (
	// patience is longer than a newcomer takes to become a voter.
	patience = 30 * time.Second
	// pauseOfService bounds how long nothing is decided while members change: an election.
	pauseOfService = 3 * time.Second
)

// pass lets virtual time pass.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // virtual time: a synctest bubble

// member returns what the leader says of a server.
func (c *virtualCluster) member(id string) transport.Member {
	c.t.Helper()
	for _, m := range c.leader("").Status().Members {
		if m.ID == id {
			return m
		}
	}
	return transport.Member{}
}

// voters waits until exactly the servers named vote, by the leader's word.
func (c *virtualCluster) voters(ids ...string) {
	c.t.Helper()
	eventually(c.t, patience, "the voters to be "+fmtIDs(ids), func() bool {
		var got []string
		for _, m := range c.leader("").Status().Members {
			if m.Voter {
				got = append(got, m.ID)
			}
		}
		return slices.Equal(got, ids)
	})
}

func fmtIDs(ids []string) (s string) {
	for _, id := range ids {
		s += " " + id
	}
	return s
}

// join starts a newcomer on an empty disk.
func (c *virtualCluster) join(id string) *Node {
	c.t.Helper()
	c.add(id)
	return c.start(id)
}

// ask has the node named remove a server, once.
func (c *virtualCluster) ask(from, id string) (bool, error) {
	c.t.Helper()
	resp, err := leasedv1.NewClusterClient(c.api(from)).
		RemoveMember(c.t.Context(), &leasedv1.RemoveMemberRequest{Id: id})
	return resp.GetRemoved(), err
}

// remove asks one node after the other until it is decided, as a client does.
func (c *virtualCluster) remove(id string) {
	c.t.Helper()
	for began := time.Now(); time.Since(began) < patience; pass(20 * time.Millisecond) {
		for _, p := range c.peers {
			if c.nodes[p.ID] == nil {
				continue
			}
			_, err := c.ask(p.ID, id)
			if err == nil {
				return
			}
			if status.Code(err) != codes.Unavailable {
				c.t.Fatalf("remove %s: %v", id, err)
			}
		}
	}
	c.t.Fatalf("remove %s: not decided", id)
}

// retire removes a server and then ends it.
func (c *virtualCluster) retire(id string) {
	c.t.Helper()
	c.remove(id)
	c.kill(id)
}

// traffic proposes one ask after the other, each until it is decided, until it is stopped.
type traffic struct {
	c       *virtualCluster
	h       *holder
	cancel  context.CancelFunc
	running sync.WaitGroup
	done    budget.Credits
	longest time.Duration // between two decisions
}

// offer starts traffic on budget "b", whose window outlasts the test.
func (c *virtualCluster) offer() *traffic {
	c.t.Helper()
	leader := c.leader("")
	put := fsm.PutBudget{Budget: budget.Budget{Name: "b", Limits: []budget.Limit{
		{Metric: "requests", Kind: budget.KindWindow, Amount: 1e6, Per: 24 * time.Hour},
	}}}
	if r := propose(c.t, leader, fsm.Command{PutBudget: &put}); r.Code != fsm.CodeDone {
		c.t.Fatalf("put: got %+v", r)
	}
	open := propose(c.t, leader, fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b"}})
	ctx, cancel := context.WithCancel(c.t.Context())
	f := &traffic{c: c, cancel: cancel}
	f.h = &holder{t: c.t, session: open.Session, revision: open.Revision}
	f.running.Go(func() { f.run(ctx) })
	return f
}

func (f *traffic) run(ctx context.Context) {
	last, ask := time.Now(), f.h.ask(1)
	for ctx.Err() == nil {
		f.c.mu.Lock()
		var leader *Node
		for _, n := range f.c.nodes {
			if n.IsLeader() {
				leader = n
			}
		}
		f.c.mu.Unlock()
		if leader != nil {
			r, err := service{leader}.Propose(context.Background(), ask)
			if err == nil && r.Code == fsm.CodeDone {
				f.done++
				f.longest = max(f.longest, time.Since(last))
				last, ask = time.Now(), f.h.ask(1)
			}
		}
		pass(10 * time.Millisecond)
	}
}

// end stops the traffic. Every ask that was decided is charged once, and service never paused
// for longer than an election takes.
func (f *traffic) end() {
	f.c.t.Helper()
	f.cancel()
	f.running.Wait()
	f.c.t.Logf("%d asks, the longest pause took %s", f.done, f.longest)
	// The last ask may have been charged without an answer.
	if got := used(f.c.t, f.c.leader("")); got != f.done && got != f.done+1 {
		f.c.t.Errorf("used: got %d, want %d", got, f.done)
	}
	if f.longest > pauseOfService {
		f.c.t.Errorf("nothing was decided for %s, want at most %s", f.longest, pauseOfService)
	}
}
