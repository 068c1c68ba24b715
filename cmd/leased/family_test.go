package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

// familyBudgets has three levels, children first, and weights.
const familyBudgets = `budgets:
- name: app
  key: "{org}/{team}/{app}"
  parent: team
  limits:
  - {metric: tokens, amount: 400, per: 1h}
  weights: {tokens: {input: 1, output: 5}}
- name: team
  key: "{org}/{team}"
  parent: org
  limits:
  - {metric: tokens, amount: 300, per: 1h}
  weights: {tokens: {input: 1, output: 5}}
- name: org
  key: "{org}"
  limits:
  - {metric: tokens, amount: 350, per: 1h}
  - {metric: calls, amount: 1000, per: 1h}
  weights: {tokens: {input: 1, output: 5}}
`

// TestFamilyByHand: an operator applies budgets of several levels, limiters draw on all of them
// or on none, what is shown says so, a backup has all, and the trace of it is valid.
func TestFamilyByHand(t *testing.T) {
	dir := t.TempDir()
	node := serveOne(t, filepath.Join(dir, "data"), "--trace-dir", dir+"/trace", "--trace-run", "r")
	t.Setenv(endpointsEnv, node.api)
	wantOut(t, leased(t, familyBudgets, "budget", "apply", "-f", "-"),
		"budget org: created\nbudget team: created\nbudget app: created\n")
	wantOut(t, leased(t, familyBudgets, "budget", "apply", "-f", "-"),
		"budget org: unchanged\nbudget team: unchanged\nbudget app: unchanged\n")
	spendFamily(t, node.api, filepath.Join(dir, "trace", "fleet.jsonl"))

	wantOut(t, leased(t, "", "budget", "list"),
		`BUDGET .*\nteam: key {org}/{team}\nteam: parent org\n`+
			`team: tokens is 1 x input \+ 5 x output\n`)
	wantOut(t, leased(t, "", "budget", "get", "app", "--label", "org=acme", "--label", "team=red",
		"--label", "app=web"), `BUDGET .*app +tokens +window +400 +1h +250 .*team +tokens .* 250 .*`+
		`org +calls .* 70 .*org +tokens .* 350 .*app: key {org}/{team}/{app}\n.*`)
	wantOut(t, leased(t, "", "budget", "get", "team", "--key", "acme/red", "--output", "json"),
		`.*"key": "{org}/{team}",\n +"parent": "org",.*"used": 250,.*"output": 5.*`)
	wantOut(t, leased(t, "", "budget", "get", "app"), `BUDGET .*\(by key\).*`)
	familyRefusals(t)

	file := filepath.Join(dir, "cluster.json")
	wantOut(t, leased(t, "", "cluster", "backup", file), ".*")
	node.end(t)
	wantOut(t, leased(t, "", "trace", "check", dir+"/trace"),
		`VALID: run r,.*fullest +org tokens per 1h0m0s, key "acme", window 0: 350 of 350.*`)
	heir := serveOne(t, filepath.Join(dir, "heir"))
	t.Setenv(endpointsEnv, heir.api)
	wantOut(t, leased(t, "", "cluster", "restore", file),
		"budget org: restored\nbudget team: restored\nbudget app: restored\n.*")
	wantOut(t, leased(t, familyBudgets, "budget", "apply", "-f", "-"), ".*unchanged\n.*unchanged\n.*"+
		"unchanged\n")
	heir.end(t)
}

// spendFamily has two teams use up what their organisation may.
func spendFamily(t *testing.T, api, file string) {
	t.Helper()
	w, err := trace.Create(file,
		trace.Event{Run: "r", Recorder: "fleet", Role: trace.RoleFleet}, trace.SystemClock())
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New([]string{api}, client.WithTrace(w))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	partly := client.WithLabels(map[string]string{"org": "acme"})
	if _, err := c.Limiter(ctx, "app", partly); err == nil ||
		!errors.Is(err, client.ErrInvalid) || !strings.Contains(err.Error(), "labels.team: nothing") {
		t.Errorf("without a label: %v", err)
	}
	var spending sync.WaitGroup
	errs := make([]error, 2)
	for i, team := range []string{"red", "blue"} {
		spending.Go(func() { errs[i] = spendTeam(ctx, c, team, []int64{50, 20}[i]) })
	}
	spending.Wait()
	errs = append(errs, deniedAbove(ctx, c), c.Close(t.Context()), w.Close())
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// spendTeam admits n outputs, one a call.
func spendTeam(ctx context.Context, c *client.Client, team string, n int64) error {
	l, err := c.Limiter(ctx, "app",
		client.WithLabels(map[string]string{"org": "acme", "team": team, "app": "web"}))
	if err != nil {
		return err
	}
	for i := range n {
		if err := l.WaitCost(ctx, client.Cost{"output": 1, "calls": 1}); err != nil {
			return fmt.Errorf("team %s, output %d: %w", team, i, err)
		}
	}
	return l.Close(ctx)
}

// deniedAbove wants the organisation to refuse another team, which has all of its own.
func deniedAbove(ctx context.Context, c *client.Client) error {
	l, err := c.Limiter(ctx, "app",
		client.WithLabels(map[string]string{"org": "acme", "team": "green", "app": "web"}))
	if err != nil {
		return err
	}
	err = l.AllowCost(client.Cost{"input": 1}).Err() // the first answer is there
	var denied *client.DeniedError
	if !errors.As(err, &denied) || denied.LimitOf != "org" || denied.Budget != "app" ||
		denied.RetryAfter <= 0 {
		return fmt.Errorf("got %w, want a denial by the organisation", err)
	}
	if d := l.AllowCost(client.Cost{"tokens": 1}); d.Verdict != client.Invalid {
		return fmt.Errorf("a cost that is not declared: %v", d.Verdict)
	}
	return nil
}

// familyRefusals are what would not fit.
func familyRefusals(t *testing.T) {
	t.Helper()
	wantError(t, leased(t, "", "budget", "delete", "org"), exitUsage,
		`delete budget "org": client: budgets do not fit together: .*"org" is the parent of "team".*`)
	r := leased(t, strings.Replace(familyBudgets, "parent: org", "parent: none", 1),
		"budget", "apply", "-f", "-")
	if r.out != "budget org: unchanged\nbudget app: unchanged\n" || r.code != exitUsage ||
		!strings.Contains(r.err, `put budget "team"`) || !strings.Contains(r.err, "2 of 3 budgets") {
		t.Errorf("a parent that is not there: %+v", r)
	}
	wantError(t, leased(t, "", "budget", "get", "app", "--label", "org=acme"), exitUsage,
		`.*labels.team: nothing is not allowed.*`)
	wantError(t, leased(t, "", "budget", "get", "app", "--label", "org"), exitUsage,
		`invalid argument "org" for "--label" flag: it is NAME=VALUE, and each name once.*`)
	wantError(t, leased(t, "", "budget", "get", "app", "--label", "org=a", "--key", "b"), exitUsage,
		`--key and --label: give one of them`)
}
