package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
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

// TestAFleetLivesThroughARestore: a cluster is backed up under traffic, goes on, and is lost;
// another one is restored at its address. The limiters go on with it under new sessions, and
// what both clusters and the fleet recorded is valid.
func TestAFleetLivesThroughARestore(t *testing.T) {
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
	sessions := map[uint64]bool{}
	for _, l := range limiters {
		sessions[uint64(l.Status().Session)] = true
	}
	old.end(t)

	fresh := serveAt("new", "--listen", old.api)
	wantOut(t, leased(t, "", "cluster", "restore", file), ".*is restored: 1 budget\n.*")
	r.await(40)
	stop()
	r.tasks.Wait()
	for _, l := range limiters {
		if id := uint64(l.Status().Session); id < 1<<44 || sessions[id] {
			t.Errorf("session %d is not the new cluster's", id)
		}
	}
	if err := errors.Join(r.client.Close(t.Context()), w.Close()); err != nil {
		t.Error(err)
	}
	fresh.end(t)
	r.judge(traces("old"), traces("new"), fleet)
}

// judge holds both clusters' traces against the specification, and looks across the two.
func (r *restoring) judge(old, fresh, fleet string) {
	t := r.t
	t.Helper()
	for _, nodes := range []string{old, fresh} {
		files, err := trace.Files(nodes)
		if err != nil {
			t.Fatal(err)
		}
		report, err := twin.Check(append(files, fleet), twin.Options{Slack: twin.DefaultSlack})
		if err != nil {
			t.Fatal(err)
		}
		if report.Verdict != twin.Valid || report.Credits < 39 {
			t.Errorf("%s is %s: %v %v, %d credits", nodes, report.Verdict, report.Violation,
				report.Reasons, report.Credits)
		}
		if !slices.ContainsFunc(report.Notes, func(n string) bool {
			return strings.Contains(n, "by a restore from a backup")
		}) {
			t.Errorf("the notes of %s do not tell of the other cluster: %q", nodes, report.Notes)
		}
	}
	if err := acrossRestore(fleet); err != nil {
		t.Error(err)
	}
}

// acrossRestore reads what a fleet admitted: all of the old cluster's leases before the first
// of the new one's.
func acrossRestore(fleet string) error {
	in, err := trace.Open(fleet)
	if err != nil {
		return err
	}
	defer in.Close()
	var last, first int64
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
			return err
		case e.Kind != trace.KindAdmit:
		case e.Session < 1<<44:
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
