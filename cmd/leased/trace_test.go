package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/cmd/leased/demo"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// record runs a node and one limiter with a trace, and returns its directory.
func record(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := serveOne(t, t.TempDir(), "--trace-dir", dir)
	r := leased(t, "", "budget", "apply", "-f", "testdata/budgets.yaml", "--endpoints", s.api)
	if r.code != exitOK {
		t.Fatalf("%+v", r)
	}
	w, err := trace.Create(filepath.Join(dir, "fleet.jsonl"),
		trace.Event{Run: "default", Recorder: "fleet", Role: trace.RoleFleet}, trace.SystemClock())
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New([]string{s.api}, client.WithTrace(w))
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.Limiter(t.Context(), "llm")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := l.WaitCost(t.Context(), client.Cost{"requests": 1, "tokens": 1000}); err != nil {
			t.Error(err)
		}
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	s.end(t)
	return dir
}

// edit rewrites a trace file line by line; an empty line is dropped.
func edit(t *testing.T, path string, change func(line string) string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		b.WriteString(change(line))
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTraceCheck(t *testing.T) {
	dir := record(t)
	r := leased(t, "", "trace", "check", dir)
	if r.code != exitOK || r.err != "" || !strings.HasPrefix(r.out, "VALID: run default, 1 node,") {
		t.Errorf("a good trace: %+v", r)
	}
	r = leased(t, "", "trace", "check", dir, "--output", "json")
	var report twin.Report
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.code != exitOK {
		t.Errorf("%v: %+v", err, r)
	}
	if report.Verdict != twin.Valid || report.Credits != 3003 {
		t.Errorf("got %+v", report)
	}

	fleet := filepath.Join(dir, "fleet.jsonl")
	// Events that were lost.
	edit(t, fleet, func(line string) string {
		if strings.Contains(line, `"kind":"end"`) {
			return strings.Replace(line, `"kind":"end"`, `"kind":"gap","n":7`, 1) + line
		}
		return line
	})
	r = leased(t, "", "trace", "check", dir)
	if r.code != exitUnknown || !strings.HasPrefix(r.out, "UNKNOWN: ") ||
		!strings.HasPrefix(r.err, "leased: the trace can neither be refuted nor vouched for") {
		t.Errorf("a trace with a gap: %+v", r)
	}
	// Credits out of nowhere.
	spent := regexp.MustCompile(`("kind":"admit".*"n":)\d+`)
	edit(t, fleet, func(line string) string {
		return spent.ReplaceAllString(line, "${1}9000000")
	})
	r = leased(t, "", "trace", "check", dir)
	if r.code != exitViolation || !strings.HasPrefix(r.out, "INVALID: ") ||
		!strings.HasPrefix(r.err, "leased: the trace violates ") ||
		strings.Count(r.err, "\n") != 1 {
		t.Errorf("a trace with too many admissions: %+v", r)
	}
	// No trace at all.
	edit(t, fleet, func(string) string { return "hello\n" })
	wantError(t, leased(t, "", "trace", "check", dir), exitUsage, `.*fleet.jsonl.*1.*`)
	wantError(t, leased(t, "", "trace", "check", "testdata"), exitUsage, `.*testdata.*`)
	wantError(t, leased(t, "", "trace", "check", "missing"), exitUsage, `.*missing.*`)
}

func TestDemoJSON(t *testing.T) {
	var out, progress bytes.Buffer
	code := run(t.Context(), strings.Fields("demo --nodes 1 --no-kill --limiters 4 "+
		"--duration 4s --output json --input testdata/requests.csv --speedup 40 --trace-dir "+
		t.TempDir()), streams{out: &out, err: &progress})
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, progress.String())
	}
	var report demo.Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if report.Check.Verdict != twin.Valid || report.Requests.Admitted == 0 || report.Failover != nil {
		t.Errorf("got %s", out.String())
	}
	if !strings.HasPrefix(progress.String(), "leased demo: nodes 1, limiters 4, seed 1\n") {
		t.Errorf("progress: %s", progress.String())
	}
}
