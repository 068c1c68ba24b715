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
	"github.com/leased-io/leased/test/jepsen-lite/report"
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
		{PlantHistory, []string{judgeLinear}, nil, nil},
	} {
		t.Run(plant.name, func(t *testing.T) {
			t.Parallel()
			o := Draw(*seed, 2*time.Second)
			o.Nodes, o.Fleets, o.Workload, o.Plant = 3, 2, Ample, plant.name
			if plant.name == PlantUnhealed {
				o.Elect = time.Second
			}
			o.Only = []string{"stop-fleet"}
			_, r := play(t, o, t.TempDir())
			for _, v := range r.Verdicts {
				got, want := v.Result != report.Valid, slices.Contains(plant.judges, v.Judge)
				if got != want && !slices.Contains(plant.may, v.Judge) {
					t.Errorf("judge %s: failed %t, want %t: %s", v.Judge, got, want, v.Detail)
				}
				named := slices.ContainsFunc(plant.names, func(name string) bool {
					return strings.Contains(v.Detail, name)
				})
				if v.Judge == judgeTrace && named != (len(plant.names) > 0) {
					t.Errorf("the checker says %s; want one of %q", v.Detail, plant.names)
				}
			}
		})
	}
}

// TestLongFaults: each fault that takes its time begins, and comes to its end.
func TestLongFaults(t *testing.T) {
	t.Parallel()
	for kind, duration := range map[string]time.Duration{
		"replace-rolling": 5 * time.Second,
		"remove-crashed":  5 * time.Second,
		"lose-cluster":    atStake + 5*time.Second, // no cluster is lost before
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			o := Draw(*seed, duration)
			o.Nodes, o.Fleets, o.Workload, o.Only = 3, 2, "hot", []string{kind}
			o.Round = duration
			c, r := play(t, o, t.TempDir())
			if bad := failing(r); len(bad) > 0 {
				t.Errorf("%q: %s", bad, summary(t, c))
			}
			ended := func(f report.Fault) bool {
				return f.Kind == kind && f.To > f.From && !strings.Contains(f.Outcome, ":")
			}
			if !slices.ContainsFunc(r.Faults, ended) {
				t.Errorf("no %s came to its end: %+v", kind, r.Faults)
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
			c, r := play(t, o, t.TempDir())
			if bad := failing(r); len(bad) > 0 || r.Story.Admitted == 0 || len(r.Faults) == 0 {
				t.Errorf("%d faults, %d credits: %s", len(r.Faults), r.Story.Admitted, summary(t, c))
			}
			if len(c.Without) != len(test.want) {
				t.Fatalf("without %q, want %q", c.Without, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(c.Without[i], want) {
					t.Errorf("without %q, want %q", c.Without[i], want)
				}
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
