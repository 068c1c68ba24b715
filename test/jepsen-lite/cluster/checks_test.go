package cluster

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// short is a run that is over soon, with one budget and a few holders.
func short() Options {
	return Options{
		Seed: 1, Nodes: 3, Holders: 3,
		Loads:    []Load{{Budget: requests("b", 60, 2*time.Second), Cost: 2, Demand: 50}},
		DriftPPM: 5_000, Length: 10 * time.Second, Silence: time.Second,
		Failover: 20 * time.Second, Threshold: 20, Trailing: leastTrailing,
		Latency: time.Millisecond,
	}
}

// TestUnhealed: where nothing is mended, the run fails for those who are not served.
func TestUnhealed(t *testing.T) {
	o := short()
	o.Unhealed = true
	_, judged := Judge(t, o, t.TempDir())
	err := judged.Err
	if err == nil || !strings.Contains(err.Error(), "was not served within") {
		t.Errorf("got %v, want limiters that were not served", err)
	}
	o.Unhealed = false
	if _, judged := Judge(t, o, t.TempDir()); judged.Err != nil {
		t.Errorf("healed: got %v, want nil", err)
	}
}

// TestAudit: a trace that does not have what a process was told is noticed, either way, and so is
// one with more than that of a process that died.
func TestAudit(t *testing.T) {
	told := map[string]ledger{"p0": {credits: 5}, "p1": {credits: 3, open: 2, died: true}}
	for _, test := range []struct {
		name   string
		traced map[string]ledger
		want   string
	}{
		{"same", map[string]ledger{"p0": {credits: 5}, "p1": {credits: 3, open: 2}}, ""},
		{"a dead process's end is missing", map[string]ledger{"p0": {credits: 5}}, ""},
		{"less", map[string]ledger{"p0": {credits: 4}}, "p0 was told 5"},
		{"more", map[string]ledger{"p0": {credits: 6}}, "p0 was told 5"},
		{"more of the dead", map[string]ledger{"p0": {credits: 5}, "p1": {credits: 4}}, "p1 was told 3"},
		{"open", map[string]ledger{"p0": {credits: 5, open: 1}}, "p0 was told 5"},
	} {
		err := audit(told, test.traced)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// inCluster runs f with a quiet cluster and its admin, in a bubble.
func inCluster(t *testing.T, f func(ctx context.Context, c *nodes, a *admin)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		clock := trace.Clock{Name: "virtual", Now: func() int64 {
			return int64(time.Since(begin)) + runBegins
		}}
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		c, err := startNodes(ctx, short(), clock, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := c.stop(ctx); err != nil {
				t.Error(err)
			}
			pause(context.Background(), patience)
		}()
		a, err := newAdmin(c)
		if err != nil {
			t.Fatal(err)
		}
		defer a.client.Close(ctx) //nolint:errcheck // nothing is held
		if err := a.ensure(ctx); err != nil {
			t.Fatal(err)
		}
		f(ctx, c, a)
	})
}

// TestVerify: a budget that is not as it was acknowledged is noticed, also when it is gone.
func TestVerify(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, a *admin) {
		if err := settled(ctx, c, a); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		other, err := c.connect("other")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close(ctx) //nolint:errcheck // nothing is held
		if _, err := other.PutBudget(ctx, requests("b", 7, time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := a.verify(ctx); err == nil || !strings.Contains(err.Error(), "acknowledged was") {
			t.Errorf("changed by another: got %v", err)
		}
		if err := other.DeleteBudget(ctx, "b"); err != nil {
			t.Fatal(err)
		}
		if err := a.verify(ctx); err == nil || !strings.Contains(err.Error(),
			client.ErrUnknownBudget.Error()) {
			t.Errorf("deleted by another: got %v", err)
		}
		a.state[0].unsure = []budget.Budget{requests("b", 7, time.Second)}
		if _, err := other.PutBudget(ctx, a.state[0].unsure[0]); err != nil {
			t.Fatal(err)
		}
		if err := a.verify(ctx); err != nil {
			t.Errorf("as it may be: got %v, want nil", err)
		}
	})
}

// TestAgree: a disk that holds another entry than the others is noticed.
func TestAgree(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, _ *admin) {
		upTo, err := c.converge(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.agree(upTo); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		var entry raft.Log
		if err := c.disk("n3").store.GetLog(upTo, &entry); err != nil {
			t.Fatal(err)
		}
		real := entry
		entry.Data, err = fsm.EncodeEntry(fsm.Entry{Open: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.disk("n3").store.StoreLog(&entry); err != nil {
			t.Fatal(err)
		}
		if err := c.agree(upTo); err == nil || !strings.Contains(err.Error(), "different states") {
			t.Errorf("another entry: got %v", err)
		}
		if err := c.disk("n3").store.StoreLog(&real); err != nil {
			t.Fatal(err)
		}
	})
}

// TestConverge: a replica that lags for good is noticed.
func TestConverge(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, a *admin) {
		if _, err := c.converge(ctx); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		follower := "n1"
		if c.leader() == follower {
			follower = "n2"
		}
		c.cut(follower)
		if err := a.put(ctx, 0, requests("b", 9, time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.converge(ctx); err == nil {
			t.Error("a follower that was cut off: got nil")
		}
	})
}

// TestDeath: the trace of a process that died has no end, and what it held stays charged.
func TestDeath(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, _ *admin) {
		p, err := newProcess(c, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		p.start(ctx)
		for ; ctx.Err() == nil; pause(ctx, look) {
			if l := p.held(); l != nil && l.Status().Counters.Admitted > 2 {
				break
			}
		}
		if err := p.die(c.wires); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(c.run.dir, "p0.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if !strings.Contains(text, `"kind":"send"`) || strings.Contains(text, `"kind":"end"`) {
			t.Errorf("got a trace that ends in order, or has nothing:\n%s", data)
		}
	})
}

// TestPowerLoss: all nodes lose power at once, again and again. Where disks do not sync, replicas
// apply others entries than they had, and clients are told what contradicts what they were told;
// the judges of both say so. Disks that sync lose nothing.
func TestPowerLoss(t *testing.T) {
	o := short()
	o.Every, o.Length, o.Holders = 2*time.Second, 20*time.Second, 6
	o.Majority, o.Strikes = true, []string{"blackout"}
	for _, test := range []struct {
		plant  Plant
		trace  twin.Verdict
		linear linear.Result
	}{
		{"", twin.Valid, linear.Valid},
		{PlantNoSync, twin.Invalid, linear.Invalid},
	} {
		o.Plant = test.plant
		out, j := Judge(t, o, t.TempDir())
		if j.Trace == nil || j.Trace.Verdict != test.trace || j.Linear.Result != test.linear ||
			j.OK() != (test.plant == "") || out.Faults["blackout"] == 0 {
			t.Errorf("plant %q: %v; %+v", test.plant, out.Faults, j.verdicts())
		}
		t.Logf("plant %q: %v; %+v", test.plant, out.Faults, j.verdicts())
	}
}

// TestPlants: a plant that nobody knows is refused.
func TestPlants(t *testing.T) {
	for p, ok := range map[Plant]bool{"": true, PlantNoSync: true, "sync": false} {
		if err := p.check(); (err == nil) != ok {
			t.Errorf("%q: got %v", p, err)
		}
	}
}
