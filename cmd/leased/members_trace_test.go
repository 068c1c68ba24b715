package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/node"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// changePatience bounds each wait for a change of members.
const changePatience = 30 * time.Second

// changing is a cluster whose members change under traffic, and its trace.
type changing struct {
	t     *testing.T
	dir   string // of the trace
	nodes []*node.Node
}

// join starts a node, which founds a cluster if there is none.
func (c *changing) join(id string) *node.Node {
	c.t.Helper()
	cfg := node.DefaultConfig()
	cfg.ID, cfg.DataDir, cfg.TraceDir = id, filepath.Join(c.t.TempDir(), id), c.dir
	cfg.ListenAPI, cfg.ListenRaft, cfg.ListenGossip = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Logger = slog.New(slog.DiscardHandler)
	if cfg.BootstrapExpect = 1; len(c.nodes) > 0 {
		cfg.BootstrapExpect, cfg.Join = 0, []string{c.nodes[0].GossipAddr()}
	}
	n, err := node.Start(c.t.Context(), cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(n.Kill)
	c.nodes = append(c.nodes, n)
	return n
}

// await polls until ok says so.
func (c *changing) await(what string, ok func() bool) {
	c.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(changePatience); !ok(); {
		select {
		case <-tick.C:
		case <-deadline:
			c.t.Fatalf("waited %v for %s", changePatience, what)
		}
	}
}

// votes reports whether a node votes, as seen by who leads.
func (c *changing) votes(id string) bool {
	for _, n := range c.nodes {
		if n.IsLeader() {
			for _, m := range n.Status().Members {
				if m.ID == id {
					return m.Voter
				}
			}
		}
	}
	return false
}

// recordChanges has another node join the one that founded a cluster, and take its place.
func recordChanges(t *testing.T) *traceRun {
	t.Helper()
	c := &changing{t: t, dir: t.TempDir()}
	founder := c.join("n1")
	w, err := trace.Create(filepath.Join(c.dir, "fleet.jsonl"),
		trace.Event{Run: "default", Recorder: "fleet", Role: trace.RoleFleet}, trace.SystemClock())
	if err != nil {
		t.Fatal(err)
	}
	joins := c.join("n2") // the client needs an endpoint that stays
	fleet, err := client.New([]string{founder.APIAddr(), joins.APIAddr()}, client.WithTrace(w))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	team := budget.Budget{Name: "team", Limits: []budget.Limit{
		{Metric: "requests", Amount: 60, Per: time.Second}}}
	if _, err := fleet.PutBudget(ctx, team); err != nil {
		t.Fatal(err)
	}
	limiter, err := fleet.Limiter(ctx, "team")
	if err != nil {
		t.Fatal(err)
	}
	var spending sync.WaitGroup
	spending.Go(func() {
		for ctx.Err() == nil {
			_ = limiter.Wait(ctx, 1) // what it admits is in the trace
		}
	})
	c.await("n2 to vote", func() bool { return c.votes("n2") })
	c.await("n1 to be removed", func() bool {
		_, err := fleet.RemoveMember(ctx, "n1")
		return err == nil
	})
	if _, err := fleet.PutBudget(ctx, team); err != nil { // an entry after it
		t.Errorf("after the removal: %v", err)
	}
	stop()
	spending.Wait()
	if err := errors.Join(fleet.Close(t.Context()), w.Close()); err != nil {
		t.Error(err)
	}
	for _, n := range c.nodes {
		if err := n.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	files, err := trace.Files(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	run, err := readRun(0, files...)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// loseProposals has leaders lose a proposal right before each change of members that an entry
// follows, and returns how many.
func loseProposals(r *traceRun) (n int) {
	for _, f := range r.nodes() {
		for i, l := range slices.Clone(f.lines) {
			if l.event.Kind != trace.KindMembers {
				continue
			}
			next := slices.IndexFunc(f.lines[i:], func(l *line) bool {
				return l.event.Kind == trace.KindEntry
			})
			if next < 0 {
				continue
			}
			entry := &f.lines[i+next].event
			at := slices.IndexFunc(f.lines, func(l *line) bool {
				return l.event.Kind == trace.KindPropose && l.event.Epoch == entry.Epoch &&
					l.event.Stamp == entry.Stamp
			})
			if at < 0 {
				continue // another node leads
			}
			lost := f.lines[at].event
			lost.Stamp--
			f.insert(f.lines[at], lost)
			n++
		}
	}
	return n
}

// TestAChangeOfMembersIsTold: nodes that come and go are in the trace, so that it is valid even
// where a proposal was lost at the same time, which else might be an entry that all left out.
func TestAChangeOfMembersIsTold(t *testing.T) {
	run := recordChanges(t)
	voters := map[uint64]string{}
	for _, f := range run.nodes() {
		for _, l := range f.lines {
			if l.event.Kind == trace.KindMembers {
				voters[l.event.Index] = l.event.Voters
			}
		}
	}
	told := fmt.Sprint(voters)
	for _, want := range []string{":n1 ", ":n1,n2 ", ":n2]"} {
		if !strings.Contains(told, want) {
			t.Errorf("the trace tells of %s, and not of %q", told, want)
		}
	}
	if got, text := verdictOn(t, run); got != string(twin.Valid) {
		t.Errorf("got %s: %s", got, text)
	}
	lost := loseProposals(run)
	if got, text := verdictOn(t, run); got != string(twin.Valid) || lost == 0 {
		t.Errorf("with %d lost proposals: got %s: %s", lost, got, text)
	}
	for _, f := range run.nodes() {
		f.lines = slices.DeleteFunc(f.lines, func(l *line) bool {
			return l.event.Kind == trace.KindMembers
		})
	}
	if got, text := verdictOn(t, run); got != string(twin.Unknown) {
		t.Errorf("untold, with %d lost proposals: got %s: %s", lost, got, text)
	}
	t.Logf("changes of members: %s; %d lost proposals", told, lost)
}
