package main

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

const (
	// slotsLimiters share three slots for so many jobs each.
	slotsLimiters = 4
	slotsJobs     = 4
	slotsPer      = 600 * time.Millisecond
)

const slotsBudget = `budgets:
- {name: work, limits: [{metric: jobs, kind: slots, amount: 3, per: 600ms}]}
`

// recordedSlots is the recording that the tests share.
var recordedSlots *traceRun

// theSlots returns the trace of a node and of limiters on slots, which nobody may change.
func theSlots(t *testing.T) *traceRun {
	t.Helper()
	if recordedSlots == nil {
		recordedSlots = recordSlots(t)
	}
	return recordedSlots
}

func recordSlots(t *testing.T) *traceRun {
	t.Helper()
	dir := t.TempDir()
	node := serveOne(t, filepath.Join(dir, "data"), "--trace-dir", dir+"/trace", "--trace-run", "r")
	t.Setenv(endpointsEnv, node.api)
	wantOut(t, leased(t, slotsBudget, "budget", "apply", "-f", "-"), ".*")
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
	var working sync.WaitGroup
	errs := make([]error, slotsLimiters)
	for i := range errs {
		working.Go(func() { errs[i] = jobs(ctx, c) })
	}
	working.Wait()
	errs = append(errs, hog(ctx, c))
	if err := errors.Join(append(errs, c.Close(t.Context()), w.Close())...); err != nil {
		t.Fatal(err)
	}
	node.end(t)
	return clusterRun(t, dir+"/trace", fleet)
}

// jobs does one limiter's part, one after the other, and gives all of it back.
func jobs(ctx context.Context, c *client.Client) error {
	l, err := c.Limiter(ctx, "work")
	if err != nil {
		return err
	}
	for range slotsJobs {
		s, err := l.AcquireSlot(ctx)
		if err != nil {
			return err
		}
		if err := passes(ctx, slotsPer/20); err != nil {
			return err
		}
		if err := s.Err(); err != nil {
			return err
		}
		s.Release()
	}
	return l.Close(ctx)
}

// hog has all slots for several heartbeats, then all but one, and ends with them in use.
func hog(ctx context.Context, c *client.Client) error {
	l, err := c.Limiter(ctx, "work")
	if err != nil {
		return err
	}
	three, err := l.AcquireSlotCost(ctx, client.Cost{"jobs": 2})
	if err != nil {
		return err
	}
	one, err := l.AcquireSlot(ctx)
	if err != nil {
		return err
	}
	if err := passes(ctx, 2*slotsPer); err != nil {
		return err
	}
	one.Release()
	return errors.Join(passes(ctx, slotsPer), three.Err())
}

// passes waits for so much of real time, which the coordinator's clock needs.
func passes(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestSlotsAreRecorded: what limiters did with slots in real time is valid, and had all of them.
func TestSlotsAreRecorded(t *testing.T) {
	dir := t.TempDir()
	theSlots(t).write(t, dir)
	r := leased(t, "", "trace", "check", dir)
	wantOut(t, r, `VALID: run r,.*any time .*: 3 of 3 \(100\.0%\).*`)
}
