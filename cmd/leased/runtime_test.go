package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
)

// runtimeBudgets is a file as an operator has it under version control.
const runtimeBudgets = `budgets:
- name: llm
  limits:
  - {metric: requests, amount: 600, per: 1d}
  - {metric: tokens, amount: 9000, per: 1d}
- name: tenants
  keyed: true
  limits:
  - {metric: requests, amount: 100, per: 1d}
`

// usedOf returns what a budget's limits are charged.
func usedOf(t *testing.T, name string) (used []int64) {
	t.Helper()
	r := leased(t, "", "budget", "get", name, "--output", "json")
	var view budgetView
	if err := json.Unmarshal([]byte(r.out), &view); err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	for _, l := range view.Limits {
		used = append(used, int64(l.Used))
	}
	return used
}

// TestAReloadResetsNothing: a file that is applied again, with one limit changed, added or removed,
// leaves what was charged to the others as it is, and what was set.
func TestAReloadResetsNothing(t *testing.T) {
	s := serveOne(t, t.TempDir())
	t.Setenv(endpointsEnv, s.api)
	ok := func(stdin, want string, args ...string) {
		t.Helper()
		wantOut(t, leased(t, stdin, args...), want)
	}
	ok(runtimeBudgets, ".*", "budget", "apply", "-f", "-")
	c, err := client.New([]string{s.api})
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.Limiter(t.Context(), "llm")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.WaitCost(t.Context(), client.Cost{"requests": 40, "tokens": 500}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	charged := func(want ...int64) {
		t.Helper()
		for i, got := range usedOf(t, "llm") {
			if got != want[i] {
				t.Errorf("limit %d: got %d used, want %d", i, got, want[i])
			}
		}
	}
	charged(40, 500)
	complies := `, the whole fleet complies within \S+\n`
	ok("", "budget llm: changed"+complies, "budget", "set-limit", "llm", "requests", "50")
	ok(runtimeBudgets, "budget llm: unchanged\nbudget tenants: unchanged\n",
		"budget", "apply", "-f", "-")
	charged(40, 500)
	ok("", "budget llm: changed"+complies, "budget", "patch", "llm", "--set", "tokens=8_000")
	charged(40, 500)
	ok("", "budget llm: changed"+complies, "budget", "patch", "llm",
		"--add", "aids/1h/bucket=1_000:500", "--set", "tokens/1d=9_000")
	charged(0, 40, 500) // the new one comes first
	ok("", `BUDGET .*\nllm +aids +bucket of 500 +1000 .*\nllm +requests +window +50 +1d +40 +10 .*`+
		`\nllm +tokens +window +9000 .*\nrevision 5\nSET OF +LIMIT +FOR +AMOUNT +INSTEAD OF +ENDS IN\n`+
		`llm +requests/1d/window +all +50 +600 +when cleared\n`, "budget", "get", "llm")
	ok("", "budget llm: changed"+complies, "budget", "patch", "llm", "--remove", "aids")
	ok(strings.Replace(runtimeBudgets, "600", "700", 1), "budget llm: changed"+complies+
		"budget tenants: unchanged\n", "budget", "apply", "-f", "-") // and the setting ends
	charged(40, 500)
	ok("", `BUDGET .*\nllm +requests +window +700 +1d +40 +660 .*\nllm +tokens .*\nrevision 7\n`,
		"budget", "get", "llm")
	s.end(t)
}

// TestAChangeReachesLimiters: of a real node, in less than a limiter that was denied waits by
// itself, which is a minute.
func TestAChangeReachesLimiters(t *testing.T) {
	s := serveOne(t, t.TempDir())
	t.Setenv(endpointsEnv, s.api)
	wantOut(t, leased(t, runtimeBudgets, "budget", "apply", "-f", "-"), ".*")
	c, err := client.New([]string{s.api})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	var limiters []*client.Limiter
	for _, key := range []string{"acme", "apex"} {
		l, err := c.Limiter(ctx, "tenants", client.WithKey(key))
		if err == nil {
			err = l.Wait(ctx, 100)
		}
		if err != nil {
			t.Fatal(err)
		}
		limiters = append(limiters, l)
	}
	served, hopeless := make(chan error, 1), make(chan error, 1)
	go func() { served <- limiters[0].Wait(ctx, 60) }()
	go func() { hopeless <- limiters[1].Wait(ctx, 60) }()
	set := func(amount, key string) {
		t.Helper()
		wantOut(t, leased(t, "", "budget", "set-limit", "tenants", "requests", amount,
			"--key", key), ".*")
	}
	set("200", "acme")
	if err := <-served; err != nil {
		t.Errorf("who has more now: %v", err)
	}
	set("50", "apex")
	if err := <-hopeless; !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("who can never be served: %v", err)
	}
	if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	s.end(t)
}

// TestSetLimitByHand: a limit for one key and a time, and what is refused.
func TestSetLimitByHand(t *testing.T) {
	s := serveOne(t, t.TempDir())
	t.Setenv(endpointsEnv, s.api)
	ok := func(want string, args ...string) {
		t.Helper()
		wantOut(t, leased(t, runtimeBudgets, args...), want)
	}
	ok(".*", "budget", "apply", "-f", "-")
	complies := `, the whole fleet complies within \S+\n`
	ok("budget tenants: changed"+complies, "budget", "set-limit", "tenants", "requests/1d/window",
		"500", "--key", "acme", "--for", "2h")
	ok(`BUDGET .*\ntenants +requests +window +500 +1d +0 +500 .*\nrevision 3\nSET OF.*\n`+
		`tenants +requests/1d/window +key "acme" +500 +100 +1h59m\S+\n`,
		"budget", "get", "tenants", "--key", "acme")
	ok(`BUDGET .*\ntenants +requests +window +100 +1d +0 +100 .*`,
		"budget", "get", "tenants", "--key", "x")
	ok(`BUDGET [^"]*`, "budget", "list")
	var view budgetView
	r := leased(t, "", "budget", "get", "tenants", "--output", "json")
	if err := json.Unmarshal([]byte(r.out), &view); err != nil || len(view.Overrides) != 1 ||
		view.Overrides[0].Instead != 100 || view.Overrides[0].Key != "acme" {
		t.Errorf("%v: got %+v", err, view)
	}
	ok("budget tenants: changed"+complies,
		"budget", "set-limit", "tenants", "requests", "--key", "acme", "--clear")
	ok("budget tenants: unchanged\n", "budget", "set-limit", "tenants", "requests", "--key", "acme",
		"--clear")
	for want, args := range map[string][]string{
		"set-limit needs an AMOUNT, or --clear, and not both": {"llm", "requests"},
		`amount: "many" is not allowed: 1..9007199254740992`:  {"llm", "requests", "many"},
		`limit: "requests/week" is not allowed: .*`:           {"llm", "requests/week", "5"},
		`limit: "/1m" names no metric`:                        {"llm", "/1m", "5"},
		`.*limit: "bytes" names 0 limits, must name one of requests/1d/window, tokens/1d/window`: {
			"llm", "bytes", "5"},
		`.*key: is "acme", and the budget has no keys`:     {"llm", "requests", "5", "--key", "acme"},
		`.*burst: 7 is not allowed: only with kind bucket`: {"llm", "requests", "5", "--burst", "7"},
	} {
		args = append([]string{"budget", "set-limit"}, args...)
		wantError(t, leased(t, "", args...), exitUsage, want)
	}
	wantError(t, leased(t, "", "budget", "set-limit", "none", "requests", "5"), exitNotFound,
		`no budget.*`)
	s.end(t)
}

// TestExpectRevision: a change that is made on condition, by hand.
func TestExpectRevision(t *testing.T) {
	s := serveOne(t, t.TempDir())
	t.Setenv(endpointsEnv, s.api)
	one := "budgets:\n- name: llm\n  limits:\n  - {metric: tokens, amount: 5, per: 1h}\n"
	other := strings.Replace(one, "5", "6", 1)
	apply := func(stdin, expect string) result {
		return leased(t, stdin, "budget", "apply", "-f", "-", "--expect-revision", expect)
	}
	wantError(t, apply(one, "7"), exitConflict, `.*there is no such budget.*`)
	wantOut(t, apply(one, "absent"), "budget llm: created\n")
	wantOut(t, apply(one, "absent"), "budget llm: unchanged\n")
	wantError(t, apply(other, "absent"), exitConflict,
		`.*its revision is 1: 0 of 1 budgets were applied`)
	wantOut(t, apply(other, "1"), "budget llm: changed.*\n")
	wantError(t, apply(one, "1"), exitConflict, `.*its revision is 2.*`)
	wantError(t, leased(t, "", "budget", "set-limit", "llm", "tokens", "9", "--expect-revision", "1"),
		exitConflict, `.*its revision is 2`)
	wantError(t, leased(t, "", "budget", "delete", "llm", "--expect-revision", "1"), exitConflict,
		`.*its revision is 2`)
	wantError(t, leased(t, runtimeBudgets, "budget", "apply", "-f", "-", "--expect-revision", "1"),
		exitUsage, `--expect-revision is of one budget, and the file has 2: nothing was applied`)
	wantError(t, leased(t, "", "budget", "delete", "llm", "--expect-revision", "absent"), exitUsage,
		`invalid argument "absent" .*`)
	wantOut(t, leased(t, "", "budget", "delete", "llm", "--expect-revision", "2"),
		"budget llm: deleted\n")
	s.end(t)
}

// TestPatchRefuses: what no patch can be made of.
func TestPatchRefuses(t *testing.T) {
	s := serveOne(t, t.TempDir())
	t.Setenv(endpointsEnv, s.api)
	wantOut(t, leased(t, runtimeBudgets, "budget", "apply", "-f", "-"), ".*")
	wantOut(t, leased(t, "", "budget", "patch", "llm", "--add", "requests/1m=60"), ".*changed, .*\n")
	for want, args := range map[string][]string{
		"patch needs --set, --add or --remove":                     nil,
		`.*"tokens" is not allowed: LIMIT=AMOUNT, .*`:              {"--set", "tokens"},
		`.*amount: "-5" is not allowed: .*`:                        {"--set", "tokens=-5"},
		`.*limit "bytes": budget llm has none: .*tokens/1d/window`: {"--remove", "bytes"},
		`.*limit "requests": budget llm has several, say which.*`:  {"--set", "requests=5"},
		`.*nothing was changed: .*per: 0s is not allowed.*`:        {"--add", "bytes=5"},
		`.*nothing was changed: .*burst: 7 is not allowed.*`:       {"--set", "tokens=5:7"},
	} {
		args = append([]string{"budget", "patch", "llm"}, args...)
		wantError(t, leased(t, "", args...), exitUsage, want)
	}
	wantError(t, leased(t, "", "budget", "patch", "none", "--set", "m=1"), exitNotFound, `no budget.*`)
	s.end(t)
}
