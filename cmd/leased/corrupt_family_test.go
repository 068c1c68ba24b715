package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// recordedFamily is the recording that the corruptions share.
var recordedFamily *traceRun

// theFamily returns the trace of budgets of several levels, which nobody may change.
func theFamily(t *testing.T) *traceRun {
	t.Helper()
	if recordedFamily == nil {
		dir := t.TempDir()
		node := serveOne(t, filepath.Join(dir, "data"), "--trace-dir", dir+"/trace", "--trace-run", "r")
		t.Setenv(endpointsEnv, node.api)
		wantOut(t, leased(t, familyBudgets, "budget", "apply", "-f", "-"), ".*")
		fleet := filepath.Join(dir, "fleet.jsonl")
		spendFamily(t, node.api, fleet)
		node.end(t)
		recordedFamily = clusterRun(t, dir+"/trace", fleet)
	}
	return recordedFamily
}

// familyCorruptions are what budgets of several levels must not do.
var familyCorruptions = []corruption{
	{"an admission draws less on the organisation", twin.EveryLevel, func(r *traceRun) []func() {
		return on(r.lives(r.of("org", "tokens"), spentSome), func(l *leaseLife) {
			l.admits[0].event.N--
			l.expire.event.N++
		})
	}},
	{"a grant is charged to another organisation", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.ofParent(trace.KindGrant), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Key = "other" })
		})
	}},
	{"a grant of the organisation is charged by the team's key", twin.OneHolder,
		func(r *traceRun) []func() {
			return on(r.ofParent(trace.KindGrant), func(l *line) {
				r.change(l, func(e *trace.Event) { e.Key += "/red" })
			})
		}},
	{"a session is opened for another team than its labels say", twin.OneHolder,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindSession), func(l *line) {
				r.change(l, func(e *trace.Event) {
					e.Labels = strings.Replace(e.Labels, "team=", "team=x", 1)
				})
			})
		}},
	{"a budget is drawn on that is not above", twin.OneHolder, func(r *traceRun) []func() {
		return on(r.logged(trace.KindBudget, func(e trace.Event) bool { return e.Budget == "app" }),
			func(l *line) { r.change(l, func(e *trace.Event) { e.Parent = "" }) })
	}},
}

// of is a condition on whose limit a lease is of.
func (r *traceRun) of(budget, metric string) func(*leaseLife) bool {
	serials := map[uint64]bool{}
	for _, l := range r.logged(trace.KindLimit) {
		serials[l.event.Limit] = l.event.Budget == budget && l.event.Metric == metric
	}
	return func(life *leaseLife) bool { return serials[life.grant.event.Limit] }
}

// spentSome is a condition on a lease: something of it was admitted.
func spentSome(life *leaseLife) bool { return len(life.admits) > 0 && life.admits[0].event.N > 1 }

// ofParent returns the events of a kind on limits of the organisation.
func (r *traceRun) ofParent(kind trace.Kind) []*line {
	parents := map[uint64]bool{}
	for _, l := range r.logged(trace.KindLimit) {
		parents[l.event.Limit] = l.event.Budget == "org"
	}
	return r.logged(kind, func(e trace.Event) bool { return parents[e.Limit] })
}
