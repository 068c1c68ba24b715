//go:build linux

package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
)

// TestPlants breaks the harness itself: the judge of each must say so, by name.
func TestPlants(t *testing.T) {
	t.Parallel()
	for _, plant := range []struct {
		name string
		// judges must all fail; and may, if the moment suits; and no other.
		judges, may []string
		// names are the checker's invariants that may come first; empty: the trace is valid.
		names []string
	}{
		{PlantSlowFleet, []string{judgeTrace}, []string{judgeRealTime},
			[]string{twin.LeaseCover, twin.NoCarryOver, twin.Books}},
		{PlantNodeJumps, []string{judgeTrace}, []string{judgeRealTime}, []string{twin.NeverFast}},
		{PlantUnhealed, []string{judgeLiveness}, nil, nil},
		{PlantDeath, []string{judgeProcesses}, nil, nil},
		{PlantLedger, []string{judgeLedger}, nil, nil},
	} {
		t.Run(plant.name, func(t *testing.T) {
			t.Parallel()
			o := Draw(*seed, 2*time.Second)
			o.Nodes, o.Fleets, o.Workload, o.Plant = 3, 2, Ample, plant.name
			if plant.name == PlantUnhealed {
				o.Elect = time.Second
			}
			o.Only = []string{"stop-fleet"}
			r := play(t, o, t.TempDir())
			for _, name := range judges {
				got, want := r.Failed(name), slices.Contains(plant.judges, name)
				if got != want && !slices.Contains(plant.may, name) {
					t.Errorf("judge %s: failed %t, want %t: %+v", name, got, want, r.Failures)
				}
			}
			if v := r.Check.Violation; v != nil {
				if !slices.Contains(plant.names, v.Invariant) {
					t.Errorf("the checker names %s: %v; want one of %q", v.Invariant, v, plant.names)
				}
			} else if len(plant.names) > 0 {
				t.Errorf("the checker says %s; want one of %q", r.Check.Verdict, plant.names)
			}
		})
	}
}

// TestWithout plays short campaigns as where the system forbids what a campaign uses: they say
// so, and judge all the rest.
func TestWithout(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		avoid []string
		want  []string // what the report says that it is without
	}{
		{"namespaces", []string{AvoidNamespaces},
			[]string{"network faults and full disks"}},
		{"devices", []string{AvoidTun, AvoidSeccomp},
			[]string{"network faults", "failing and stalling disks"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := Draw(*seed, 2*time.Second)
			o.Nodes, o.Fleets, o.Workload, o.Avoid = 3, 2, "hot", test.avoid
			r := play(t, o, t.TempDir())
			if !r.OK() || r.Admitted == 0 || len(r.Faults) == 0 {
				t.Errorf("%d faults, %d credits, %+v", len(r.Faults), r.Admitted, r.Failures)
			}
			if len(r.Without) != len(test.want) {
				t.Fatalf("without %q, want %q", r.Without, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(r.Without[i], want) || !strings.Contains(r.Table(), want) {
					t.Errorf("without %q, want %q, and in the table too", r.Without[i], want)
				}
			}
			if r.Dropped != 0 {
				t.Errorf("%d packets dropped by no wire", r.Dropped)
			}
		})
	}
}

// TestNothingIsLeft kills a campaign in its middle: all its processes die with it.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, avoid := range [][]string{nil, {AvoidNamespaces}} {
		t.Run(fmt.Sprintf("avoid=%q", avoid), func(t *testing.T) {
			t.Parallel()
			o := Draw(*seed, time.Minute)
			o.Nodes, o.Avoid = 3, avoid
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dir, done := t.TempDir(), make(chan error)
			go func() {
				_, err := tryPlay(ctx, o, dir, dir)
				done <- err
			}()
			// Each of them has the directory among its arguments.
			await(t, func() bool { return len(processesOf(t, dir)) >= 3+o.Fleets })
			cancel()
			if err := <-done; err == nil {
				t.Error("a campaign that was killed has a report")
			}
			await(t, func() bool { return len(processesOf(t, dir)) == 0 })
		})
	}
}

// await waits until ok, and fails the test if that takes too long.
func await(t *testing.T, ok func() bool) {
	t.Helper()
	late := time.After(foundBound)
	tick := time.NewTicker(settle)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not within %s", foundBound)
		}
	}
}

// processesOf returns the processes of this machine with dir in their command lines.
func processesOf(t *testing.T, dir string) (found []string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lines {
		// One that ends meanwhile is not found.
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), dir) {
			found = append(found, path)
		}
	}
	return found
}
