package main

import (
	"bytes"
	"context"
	"flag"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/leased-io/leased/client"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// result is what a command line came to.
type result struct {
	code     exitCode
	out, err string
}

// leased runs a command line in this process.
func leased(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := run(t.Context(), args, streams{in: strings.NewReader(stdin), out: &out, err: &err})
	return result{code: code, out: out.String(), err: err.String()}
}

// wantError fails the test unless r printed nothing but one line on stderr, as wanted.
func wantError(t *testing.T, r result, code exitCode, pattern string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code: got %d, want %d", r.code, code)
	}
	if r.out != "" {
		t.Errorf("stdout: %s", r.out)
	}
	if !regexp.MustCompile(`^leased: ` + pattern + `\n$`).MatchString(r.err) {
		t.Errorf("stderr: got  %swant leased: %s", r.err, pattern)
	}
}

func TestHelp(t *testing.T) {
	t.Setenv(endpointsEnv, "")
	for name, args := range map[string][]string{
		"root":         {"help"},
		"exit-codes":   {"help", "exit-codes"},
		"serve":        {"serve", "--help"},
		"demo":         {"help", "demo"},
		"bench":        {"help", "bench"},
		"budget":       {"budget", "--help"},
		"budget-apply": {"help", "budget", "apply"},
		"budget-list":  {"help", "budget", "list"},
		"budget-get":   {"help", "budget", "get"},
		"status":       {"help", "status"},
		"members":      {"help", "cluster", "members"},
		"remove":       {"help", "cluster", "remove"},
		"backup":       {"help", "cluster", "backup"},
		"restore":      {"help", "cluster", "restore"},
		"trace-check":  {"help", "trace", "check"},
	} {
		t.Run(name, func(t *testing.T) {
			r := leased(t, "", args...)
			if r.code != exitOK || r.err != "" {
				t.Fatalf("exit code %d, stderr %s", r.code, r.err)
			}
			golden(t, "help-"+name+".txt", r.out)
			for line := range strings.Lines(r.out) {
				if len(line) > 101 {
					t.Errorf("%d columns: %s", len(line)-1, line)
				}
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run the test with -rewrite and read the diff. got\n%s", path, got)
	}
}

func TestExitTable(t *testing.T) {
	seen := map[exitCode]bool{}
	for _, row := range exitTable {
		if seen[row.code] {
			t.Errorf("code %d is there twice", row.code)
		}
		seen[row.code] = true
	}
	for err, want := range map[error]exitCode{
		nil:                       exitOK,
		client.ErrUnknownBudget:   exitNotFound,
		client.ErrInvalid:         exitUsage,
		client.ErrUnavailable:     exitUnavailable,
		context.Canceled:          exitFailed,
		failf(exitViolation, "x"): exitViolation,
	} {
		if got := codeOf(err); got != want {
			t.Errorf("%v: got %d, want %d", err, got, want)
		} else if !seen[got] {
			t.Errorf("%v: code %d is not in the table", err, got)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{"frobnicate", `unknown command "frobnicate" for "leased"; see 'leased --help'`},
		{"serve --frob", `unknown flag: --frob; see 'leased serve --help'`},
		{"serve now", `unknown command "now" for "leased serve"; see 'leased serve --help'`},
		{"budget", `budget needs a command: apply, patch, set-limit, list, get, delete; ` +
			`see 'leased budget --help'`},
		{"budget put", `budget has no command "put": ` +
			`it has apply, patch, set-limit, list, get, delete; ` +
			`see 'leased budget --help'`},
		{"budget get", `accepts 1 arg\(s\), received 0; see 'leased budget get --help'`},
		{"budget apply", `apply needs a budget file: -f FILE, or -f - for stdin`},
		{"trace", `trace needs a command: check; see 'leased trace --help'`},
		{"version --output yaml", `invalid argument "yaml" for "--output" flag: it is text or ` +
			`json; see 'leased version --help'`},
		{"status --timeout 0s", `--timeout is 0s: it must be positive`},
		{"status --endpoints nonsense", `--endpoints: .*nonsense.*`},
		{"serve --log-level loud", `--log-level is "loud": it is debug, info, warn or error`},
		{"serve --log-format xml", `--log-format is "xml": it is text or json`},
		{"serve --max-clock-drift -1", `--max-clock-drift: is "-1": must be 0..200000`},
		{"serve --listen here", `--listen: is "here": must be host:port`},
		{"serve --listen :7101", `--listen: is ":7101": has no host that others can reach: set ` +
			`--advertise-host`},
		{"bench --rate 0", `rate 0 is not allowed: want 1..1000000 a second`},
		{"bench --clients 3 --limiters 2", `clients 3 is not allowed: want 1 at least, and no more ` +
			`than limiters`},
		{"bench --endpoints nonsense", `--endpoints: .*nonsense.*`},
		{"demo --nodes 2", `2 nodes is not allowed: want 1, 3 or 5`},
		{"demo --nodes 1", `1 node with a kill is not allowed: .*--no-kill.*`},
		{"demo --limiters 0 --speedup 0", `0 limiters is not allowed: want 1..2000; ` +
			`a speed-up of 0 is not allowed: want more than 0`},
		{"demo --speedup 0.001", `a speed-up of 0.001 is not allowed: .*`},
		{"demo --speedup 1e9", `a speed-up of 1e\+09 is not allowed: .*`},
		{"demo --input testdata/missing.csv", `--input: open testdata/missing.csv: no such file ` +
			`or directory`},
	} {
		t.Run(tc.line, func(t *testing.T) {
			wantError(t, leased(t, "", strings.Fields(tc.line)...), exitUsage, tc.want)
		})
	}
}

func TestBadBudgets(t *testing.T) {
	for name, tc := range map[string]struct{ file, want string }{
		"malformed": {"budgets: [", `-: nothing was applied: 1:.*`},
		"limit 0": {"budgets:\n- name: a\n  limits:\n  - {metric: tokens, amount: 0, per: 1m}\n",
			`-: nothing was applied: 4:30: budgets\[0\].limits\[0\].amount: 0 is not allowed: ` +
				`1..9007199254740992`},
		"two problems": {"budgets:\n- name: a\n  limits:\n  - {metric: t, amount: 1, per: 60}\n" +
			"- name: a\n  limits: []\n", `-: nothing was applied: 4:.*; 5:.*`},
		"nothing": {"", `-: nothing was applied: .*budgets.*`},
	} {
		t.Run(name, func(t *testing.T) {
			// Nobody listens there: a bad file is refused without asking anyone.
			r := leased(t, tc.file, "budget", "apply", "-f", "-", "--endpoints", "127.0.0.1:1")
			wantError(t, r, exitUsage, tc.want)
		})
	}
	r := leased(t, "", "budget", "apply", "-f", "testdata/missing.yaml")
	wantError(t, r, exitUsage,
		`read budgets: open testdata/missing.yaml: no such file or directory`)
}

// closedPort returns an address that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestUnreachable(t *testing.T) {
	addr := closedPort(t)
	for _, line := range []string{
		"budget list", "budget get llm", "budget delete llm", "status",
		"budget apply -f testdata/budgets.yaml",
	} {
		args := append(strings.Fields(line), "--endpoints", addr, "--timeout", "200ms")
		wantError(t, leased(t, "", args...), exitUnavailable,
			`no answer from `+addr+` within 200ms: is a majority of the cluster running there\? .*`)
	}
	// A shell that completes names must not wait, nor be told of errors.
	r := leased(t, "", "__complete", "budget", "get", "--endpoints", addr, "")
	if r.code != exitOK || !strings.HasPrefix(r.out, ":4\n") {
		t.Errorf("completion: exit code %d, got %q", r.code, r.out)
	}
}

func TestVersion(t *testing.T) {
	if r := leased(t, "", "version"); r.code != exitOK || !strings.HasPrefix(r.out, "leased ") {
		t.Errorf("got %+v", r)
	}
	r := leased(t, "", "version", "--output", "json")
	if r.code != exitOK || !strings.Contains(r.out, `"platform": "`) {
		t.Errorf("got %+v", r)
	}
}
