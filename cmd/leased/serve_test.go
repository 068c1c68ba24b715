package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

// readyLine is the one line that serve prints, with the API address.
var readyLine = regexp.MustCompile(`^leased: node (\S+) is ready: api (\S+), raft \S+, ` +
	`gossip \S+, leader \S+\n$`)

// served is a "leased serve" in this process.
type served struct {
	api  string
	stop context.CancelFunc
	done chan result
}

// serveOne starts a node that is a cluster by itself and waits until it is ready.
func serveOne(t *testing.T, dir string, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	out, in := io.Pipe()
	s := &served{stop: cancel, done: make(chan result, 1)}
	args = append([]string{"serve", "--id", "n1", "--data-dir", dir, "--bootstrap-expect", "1",
		"--listen", "127.0.0.1:0", "--raft-listen", "127.0.0.1:0",
		"--gossip-listen", "127.0.0.1:0", "--log-level", "error"}, args...)
	go func() {
		var stderr bytes.Buffer
		code := run(ctx, args, streams{out: in, err: &stderr})
		_ = in.Close()
		s.done <- result{code: code, err: stderr.String()}
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no line from serve: %v: %+v", err, <-s.done)
	}
	match := readyLine.FindStringSubmatch(line)
	if match == nil {
		t.Fatalf("got %q, want a line like %s", line, readyLine)
	}
	s.api = match[2]
	return s
}

// end stops the node in order.
func (s *served) end(t *testing.T) {
	t.Helper()
	s.stop()
	select {
	case r := <-s.done:
		if r.code != exitOK || r.err != "" {
			t.Errorf("serve ended with %d and said %s", r.code, r.err)
		}
	case <-time.After(stopTimeout + time.Second):
		t.Fatal("serve did not stop")
	}
}

func TestServe(t *testing.T) {
	dir := t.TempDir()
	s := serveOne(t, dir)
	t.Setenv(endpointsEnv, s.api)
	ok := func(stdin, want string, args ...string) {
		t.Helper()
		r := leased(t, stdin, args...)
		if r.code != exitOK || r.err != "" || !regexp.MustCompile("^"+want+"$").MatchString(r.out) {
			t.Errorf("%v: got %+v, want %s", args, r, want)
		}
	}
	ok("", "no budgets: 'leased budget apply -f FILE' creates some\n", "budget", "list")
	ok("", "budget llm: created\nbudget tenants: created\n",
		"budget", "apply", "-f", "testdata/budgets.yaml")
	ok("", "budget llm: unchanged\nbudget tenants: unchanged\n",
		"budget", "apply", "-f", "testdata/budgets.yaml")
	ok("budgets:\n- name: llm\n  limits:\n  - {metric: tokens, amount: 5, per: 1h}\n",
		"budget llm: changed, the whole fleet complies within \\S+\n", "budget", "apply", "-f", "-")
	ok("", `BUDGET +METRIC +KIND +AMOUNT +PER +USED +LEFT +FULL IN\n`+
		`llm +tokens +window +5 +1h +0 +0 +\S+\n`+
		`tenants +requests +window +100 +1m +\(by key\) +\(by key\) +\S+\n`, "budget", "list")
	ok("", `BUDGET +METRIC +KIND +AMOUNT +PER +USED +LEFT +FULL IN\n`+
		`tenants +requests +window +100 +1m +0 +100 +\S+\nrevision 2\n`,
		"budget", "get", "tenants", "--key", "acme")
	ok("", `NODE +API +STATE +LEADER +TERM +EPOCH +APPLIED +CLUSTER TIME +SESSIONS\n`+
		`n1 +`+s.api+` +leader +n1 +\d+ +\d+ +\d+ +\S+ +0\n`+
		`Each line is that member's own view, which may be stale.\n`, "status")
	ok("", `BUDGET.*\ntenants +requests +window +100 +1m +\(by key\) +\(by key\) +\S+\nrevision 2\n`,
		"budget", "get", "tenants")
	if r := leased(t, "", "__complete", "budget", "delete", "ll"); r.out != "llm\n:4\n" {
		t.Errorf("completion: got %+v", r)
	}
	ok("", "budget llm: deleted\n", "budget", "delete", "llm")
	wantError(t, leased(t, "", "budget", "get", "llm"), exitNotFound,
		`no budget "llm": 'leased budget list' shows those there are`)
	wantError(t, leased(t, "", "budget", "delete", "llm"), exitNotFound,
		`no budget "llm": 'leased budget list' shows those there are`)
	wantError(t, leased(t, "", "budget", "apply", "-f", "testdata/budgets.yaml", "--endpoints",
		s.api, "extra"), exitUsage, `unknown command "extra" for .*`)

	r := leased(t, "", "budget", "get", "tenants", "--key", "acme", "--output", "json")
	var view budgetView
	if err := json.Unmarshal([]byte(r.out), &view); err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	if l := view.Limits[0]; !view.Keyed || l.Amount != 100 || l.Per != "1m" || l.Kind != "window" {
		t.Errorf("got %+v", view)
	}

	// Two nodes cannot share a directory, nor a port.
	wantError(t, leased(t, "", "serve", "--id", "n2", "--data-dir", dir, "--bootstrap-expect", "1",
		"--listen", "127.0.0.1:0", "--raft-listen", "127.0.0.1:0",
		"--gossip-listen", "127.0.0.1:0", "--log-level", "error"),
		exitFailed, `start node: data directory `+dir+` is in use by another process: .*`)
	wantError(t, leased(t, "", "serve", "--id", "n2", "--data-dir", t.TempDir(),
		"--bootstrap-expect", "1", "--listen", s.api, "--raft-listen", "127.0.0.1:0",
		"--gossip-listen", "127.0.0.1:0", "--log-level", "error"),
		exitFailed, `start node: API address `+s.api+` is in use: choose another with --listen`)

	s.end(t)

	// It comes back with what it knew.
	again := serveOne(t, dir)
	t.Setenv(endpointsEnv, again.api)
	r = leased(t, "", "budget", "list")
	if !strings.Contains(r.out, "tenants") || strings.Contains(r.out, "llm") {
		t.Errorf("after a restart: %+v", r)
	}
	again.end(t)
}
