package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// restoredLimiters is how many limiters live on through the restore.
const restoredLimiters = 4

// restoredPatience bounds each wait of the test.
const restoredPatience = 30 * time.Second

// restoring is a fleet that lives on while its cluster is lost and another one takes its place.
type restoring struct {
	t        *testing.T
	client   *client.Client
	admitted chan struct{} // one for each admission
	tasks    sync.WaitGroup
}

// begin starts n limiters that ask for one credit after the other, all the time.
func (r *restoring) begin(ctx context.Context, n int) []*client.Limiter {
	r.t.Helper()
	var limiters []*client.Limiter
	for range n {
		l, err := r.client.Limiter(ctx, "team")
		if err != nil {
			r.t.Fatal(err)
		}
		limiters = append(limiters, l)
		r.tasks.Go(func() { r.spend(ctx, l) })
	}
	return limiters
}

// spend admits until ctx ends. While the budget is lost too, Wait says so at once.
func (r *restoring) spend(ctx context.Context, l *client.Limiter) {
	for ctx.Err() == nil {
		patience, cancel := context.WithTimeout(ctx, time.Second)
		err := l.Wait(patience, 1)
		if err != nil {
			<-patience.Done() // at most once a second
		}
		cancel()
		if err != nil {
			continue
		}
		select {
		case r.admitted <- struct{}{}:
		case <-ctx.Done():
		}
	}
}

// await waits for n admissions more.
func (r *restoring) await(n int) {
	r.t.Helper()
	deadline := time.After(restoredPatience)
	for i := range n {
		select {
		case <-r.admitted:
		case <-deadline:
			r.t.Fatalf("%d of %d admissions in %v", i, n, restoredPatience)
		}
	}
}

// restoredRuns are what two clusters recorded, of which one took the other's place, each with
// the file of the fleet that lived through that.
type restoredRuns struct {
	old, fresh *traceRun
	sessions   []uint64 // of the limiters, at the end
	before     []uint64 // the same, of the old cluster
}

// lastRestored is the last recording.
var lastRestored *restoredRuns

// theRestored returns a recording of a restore, which nobody may change.
func theRestored(t *testing.T) *restoredRuns {
	t.Helper()
	if lastRestored == nil {
		lastRestored = recordRestored(t)
	}
	return lastRestored
}

// recordRestored backs a cluster up under traffic, lets it go on, and loses it; another one is
// restored at its address.
func recordRestored(t *testing.T) *restoredRuns {
	t.Helper()
	dir := t.TempDir()
	traces := func(name string) string { return filepath.Join(dir, name, "trace") }
	serveAt := func(name string, args ...string) *served {
		return serveOne(t, filepath.Join(dir, name, "data"),
			append([]string{"--trace-dir", traces(name), "--trace-run", "r"}, args...)...)
	}
	old := serveAt("old")
	t.Setenv(endpointsEnv, old.api)
	wantOut(t, leased(t, "budgets:\n- name: team\n  limits:\n"+
		"  - {metric: requests, amount: 60, per: 1s}\n", "budget", "apply", "-f", "-"), ".*")

	r := &restoring{t: t, admitted: make(chan struct{})}
	fleet := filepath.Join(dir, "fleet.jsonl")
	w, err := trace.Create(fleet,
		trace.Event{Run: "r", Recorder: "fleet", Role: trace.RoleFleet}, trace.SystemClock())
	if err != nil {
		t.Fatal(err)
	}
	if r.client, err = client.New([]string{old.api}, client.WithTrace(w)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	limiters := r.begin(ctx, restoredLimiters)
	r.await(30)
	file := filepath.Join(dir, "cluster.json")
	wantOut(t, leased(t, "", "cluster", "backup", file), ".*")
	limiters = append(limiters, r.begin(ctx, 1)...) // of a session that the backup does not know
	r.await(30)
	runs := &restoredRuns{before: sessionsOf(limiters)}
	old.end(t)

	fresh := serveAt("new", "--listen", old.api)
	wantOut(t, leased(t, "", "cluster", "restore", file), ".*is restored: 1 budget\n.*")
	r.await(40)
	stop()
	r.tasks.Wait()
	runs.sessions = sessionsOf(limiters)
	if err := errors.Join(r.client.Close(t.Context()), w.Close()); err != nil {
		t.Error(err)
	}
	fresh.end(t)
	runs.old, runs.fresh = clusterRun(t, traces("old"), fleet), clusterRun(t, traces("new"), fleet)
	return runs
}

// clusterRun reads what the nodes of a cluster wrote, and a fleet's file.
func clusterRun(t *testing.T, nodes, fleet string) *traceRun {
	t.Helper()
	files, err := trace.Files(nodes)
	if err != nil {
		t.Fatal(err)
	}
	run, err := readRun(0, append(files, fleet)...)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func sessionsOf(limiters []*client.Limiter) []uint64 {
	sessions := make([]uint64, len(limiters))
	for i, l := range limiters {
		sessions[i] = uint64(l.Status().Session)
	}
	return sessions
}

// TestAFleetLivesThroughARestore: the limiters of a cluster that is lost go on with the one that
// takes its place under new sessions, and what both clusters and the fleet recorded is valid.
func TestAFleetLivesThroughARestore(t *testing.T) {
	runs := recordRestored(t)
	lastRestored = runs
	for _, id := range runs.sessions {
		if id < fsm.SerialJump || slices.Contains(runs.before, id) {
			t.Errorf("session %d is not the new cluster's", id)
		}
	}
	for name, run := range map[string]*traceRun{"old": runs.old, "new": runs.fresh} {
		judgeRestored(t, name, run)
	}
	fleet := runs.fresh.fleet()[0]
	if err := acrossRestore(fleet); err != nil {
		t.Error(err)
	}
	late := runs.fresh.clone().fleet()[0]
	first := slices.IndexFunc(late.lines, func(l *line) bool {
		return l.event.Kind == trace.KindAdmit
	})
	late.lines[first].shift(int64(restoredPatience))
	if err := acrossRestore(late); err == nil {
		t.Error("a lease of the old cluster that is spent late does not show")
	}
}

// judgeRestored holds a cluster's trace against the specification.
func judgeRestored(t *testing.T, name string, run *traceRun) {
	t.Helper()
	dir := t.TempDir()
	run.write(t, dir)
	files, err := trace.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	report, err := twin.Check(files, twin.Options{Slack: twin.DefaultSlack})
	if err != nil {
		t.Fatal(err)
	}
	if report.Verdict != twin.Valid || report.Credits < 39 {
		t.Errorf("the %s cluster is %s: %v %v, %d credits", name, report.Verdict, report.Violation,
			report.Reasons, report.Credits)
	}
	if !slices.ContainsFunc(report.Notes, func(n string) bool {
		return strings.Contains(n, "by a restore from a backup")
	}) {
		t.Errorf("the notes of the %s one do not tell of the other: %q", name, report.Notes)
	}
}

// acrossRestore reads what a fleet admitted: all of the old cluster's leases before the first
// of the new one's.
func acrossRestore(fleet *traceFile) error {
	var last, first int64
	for _, l := range fleet.lines {
		switch e := &l.event; {
		case e.Kind != trace.KindAdmit:
		case e.Session < fsm.SerialJump:
			last = max(last, e.Last)
		case first == 0 || e.First < first:
			first = e.First
		}
	}
	if last == 0 || first == 0 || first <= last {
		return fmt.Errorf("the last admission on an old lease was at %d, the first on a new one at %d",
			last, first)
	}
	return nil
}
