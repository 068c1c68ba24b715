package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

const (
	// kindsLimiters are how many share each of the budgets that are no window limits.
	kindsLimiters = 3
	// kindsAdmitted is what they admit of each: twice the amount, and the burst and as much again.
	kindsAdmitted = 120
	kindsPatience = 30 * time.Second
)

// kindsBudgets has a sliding limit and a bucket, which are both used up all the time.
const kindsBudgets = `budgets:
- name: slides
  limits:
  - {metric: requests, kind: sliding, amount: 60, per: 1500ms, slots: 5}
- name: runs
  limits:
  - {metric: requests, kind: bucket, amount: 60, per: 3s, burst: 60}
- name: set
  limits:
  - {metric: requests, amount: 60, per: 3s}
`

// recordedKinds is the recording that the tests share.
var recordedKinds *traceRun

// theKinds returns the trace of a node and of limiters on a sliding limit and on a bucket, which
// nobody may change.
func theKinds(t *testing.T) *traceRun {
	t.Helper()
	if recordedKinds == nil {
		recordedKinds = recordKinds(t)
	}
	return recordedKinds
}

func recordKinds(t *testing.T) *traceRun {
	t.Helper()
	dir := t.TempDir()
	node := serveOne(t, filepath.Join(dir, "data"), "--trace-dir", dir+"/trace", "--trace-run", "r")
	t.Setenv(endpointsEnv, node.api)
	wantOut(t, leased(t, kindsBudgets, "budget", "apply", "-f", "-"), ".*")
	wantOut(t, leased(t, "", "budget", "set-limit", "set", "requests", "30", "--for", "500ms"), ".*")
	fleet := filepath.Join(dir, "fleet.jsonl")
	w, err := trace.Create(fleet,
		trace.Event{Run: "r", Recorder: "fleet", Role: trace.RoleFleet}, trace.SystemClock())
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New([]string{node.api}, client.WithTrace(w))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), kindsPatience)
	defer cancel()
	var spending sync.WaitGroup
	errs := make([]error, 2*kindsLimiters)
	for i := range errs {
		spending.Go(func() {
			errs[i] = spendKind(ctx, c, []string{"slides", "runs"}[i%2])
		})
	}
	spending.Wait()
	if err := errors.Join(append(errs, c.Close(t.Context()), w.Close())...); err != nil {
		t.Fatal(err)
	}
	node.end(t)
	return clusterRun(t, dir+"/trace", fleet)
}

// spendKind admits one limiter's part, one credit after the other.
func spendKind(ctx context.Context, c *client.Client, budget string) error {
	l, err := c.Limiter(ctx, budget)
	if err != nil {
		return err
	}
	for i := range kindsAdmitted / kindsLimiters {
		if err := l.Wait(ctx, 1); err != nil {
			return fmt.Errorf("admission %d: %w", i, err)
		}
	}
	return nil
}

// TestKindsAreRecorded: what a sliding limit and a bucket did in real time is valid, and used all
// that an interval may have, or nearly.
func TestKindsAreRecorded(t *testing.T) {
	dir := t.TempDir()
	theKinds(t).write(t, dir)
	r := leased(t, "", "trace", "check", dir)
	wantOut(t, r, `VALID: run r,.*any time .*: \d+ of 60 \((9\d|100)\.\d%\).*`)
}
