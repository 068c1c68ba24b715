package budget_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

func TestParse(t *testing.T) {
	got, err := budget.Parse([]byte(`# two policies
budgets:
  - name: chat
    keyed: true
    limits:
      - {metric: tokens, amount: 30_000, per: 1m, kind: window}
      - metric: requests
        amount: 100
        per: "1m"
      - {metric: requests, amount: 5000, per: 1d}
  - name: "db"
    limits: [{metric: queries, amount: 1, per: 10ms}]
---
# a third, in its own document
budgets: [{name: web, keyed: false, limits: [{metric: m, amount: 9007199254740992, per: 400d}]}]
---
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []budget.Budget{
		{Name: "chat", Keyed: true, Limits: []budget.Limit{
			{Metric: "requests", Kind: "window", Amount: 100, Per: time.Minute},
			{Metric: "requests", Kind: "window", Amount: 5000, Per: 24 * time.Hour},
			{Metric: "tokens", Kind: "window", Amount: 30_000, Per: time.Minute},
		}},
		{Name: "db", Limits: []budget.Limit{
			{Metric: "queries", Kind: "window", Amount: 1, Per: 10 * time.Millisecond}}},
		{Name: "web", Limits: []budget.Limit{
			{Metric: "m", Kind: "window", Amount: budget.MaxAmount, Per: budget.MaxPer}}},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if !got[i].Equal(want[i]) {
			t.Errorf("budget %d:\ngot  %v\nwant %v", i, got[i], want[i])
		}
	}
}

// one is a file of one budget whose only limit is given.
func one(limit string) string {
	return "budgets:\n- name: b\n  limits:\n  - " + limit + "\n"
}

func TestParseRefuses(t *testing.T) {
	const (
		integer = " is not allowed: an integer, 1..9007199254740992"
		per     = " is not allowed: 10ms..400d, with its unit, such as 30s, 1h30m or 1d"
	)
	tests := []struct{ name, file, want string }{
		{"empty", "", "budgets: nothing is not allowed: 1 or more budgets"},
		{"comment only", "# soon\n", "budgets: nothing is not allowed: 1 or more budgets"},
		{"empty documents", "---\n---\n", "budgets: nothing is not allowed: 1 or more budgets"},
		{"empty list", "budgets: []\n",
			"1:10: budgets: an empty list is not allowed: 1 or more budgets"},
		{"null", "budgets:\n", "1:10: budgets: null is not allowed: a list"},
		{"a list", "- name: b\n", "1:1: file: a list is not allowed: a mapping of budgets"},
		{"text", "budgets\n", `1:1: file: "budgets" is not allowed: a mapping of budgets`},
		{"no budgets field", "{}\n", "1:1: budgets: nothing is not allowed: a list"},
		{"budget is text", "budgets: [b]\n",
			`1:11: budgets[0]: "b" is not allowed: a mapping of name, keyed, key, parent, limits, ` +
				`weights, mode, degraded, unlimited, sharing`},
		{"unknown at top", "budget: []\nbudgets: [{name: b, limits: [{metric: m, amount: 1, per: 1m}]}]",
			`1:1: "budget": this field is not allowed: budgets`},
		{"unknown in budget", "budgets:\n- nam: b\n",
			"2:3: budgets[0].\"nam\": this field is not allowed: name, keyed, key, parent, limits, " +
				"weights, mode, degraded, unlimited, sharing\n" +
				"2:3: budgets[0].name: nothing is not allowed: text\n" +
				"2:3: budgets[0].limits: nothing is not allowed: a list"},
		{"unknown in limit", one("{metric: m, amount: 1, per: 1m, brust: 2}"),
			`4:37: budgets[0].limits[0]."brust": this field is not allowed: ` +
				"metric, kind, amount, per, slots, burst, align, zone"},
		{"key that is no text", one("{metric: m, amount: 1, per: 1m, 7: 2}"),
			`4:37: budgets[0].limits[0]."7": this field is not allowed: ` +
				"metric, kind, amount, per, slots, burst, align, zone"},
		{"repeated field", one("{metric: m, amount: 1, per: 1m, amount: 2}"),
			`4:37: mapping key "amount" already defined at [4:17]`},
		{"repeated name", "budgets:\n" +
			"- {name: b, limits: [{metric: m, amount: 1, per: 1m}]}\n" +
			"- {name: b, limits: [{metric: m, amount: 2, per: 1m}]}\n",
			`3:10: budgets[1].name: "b" is not allowed: a name once, and 2:10 has it`},
		{"name is a number", "budgets:\n- {name: 7, limits: [{metric: m, amount: 1, per: 1m}]}\n",
			"2:10: budgets[0].name: 7 is not allowed: text, in quotes if it looks like another type"},
		{"name is bad", "budgets:\n- {name: a b, limits: [{metric: m, amount: 1, per: 1m}]}\n",
			`2:10: budgets[0].name: "a b" is not allowed: ` +
				`1..128 of a-z A-Z 0-9 . _ - / :, starting with a letter or digit`},
		{"keyed is text", "budgets:\n- {name: b, keyed: yes, limits: [{metric: m, amount: 1, per: 1m}]}",
			`2:20: budgets[0].keyed: "yes" is not allowed: true or false`},
		{"no limits", "budgets:\n- name: b\n",
			"2:3: budgets[0].limits: nothing is not allowed: a list"},
		{"empty limits", "budgets:\n- name: b\n  limits: []\n",
			"3:11: budgets[0].limits: 0 limits is not allowed: 1..16 limits"},
		{"limits a mapping", "budgets:\n- name: b\n  limits: {metric: m}\n",
			"3:11: budgets[0].limits: a mapping is not allowed: a list"},
		{"limit is null", one("~"),
			"4:5: budgets[0].limits[0]: null is not allowed: " +
				"a mapping of metric, kind, amount, per, slots, burst, align, zone"},
		{"duplicate limit", one("{metric: m, amount: 1, per: 1h}\n  - {metric: m, amount: 2, per: 60m}"),
			`5:5: budgets[0].limits[1]: "m" per 1h is not allowed: ` +
				`a metric, kind and period once, and limits[0] has them`},
		{"metric", one("{metric: Tokens, amount: 1, per: 1m}"),
			`4:14: budgets[0].limits[0].metric: "Tokens" is not allowed: ` +
				`1..128 of a-z 0-9 _, starting with a letter or digit`},
		{"kind", one("{metric: m, kind: rolling, amount: 1, per: 1m}"),
			`4:23: budgets[0].limits[0].kind: "rolling" is not allowed: ` +
				`"window", "sliding", "bucket" or "slots"`},
		{"burst of a window", one("{metric: m, amount: 1, per: 1m, burst: 2}"),
			"4:44: budgets[0].limits[0].burst: 2 is not allowed: " +
				"1..9007199254740992, and only with kind bucket"},
		{"no burst", one("{metric: m, kind: bucket, amount: 1, per: 1m, burst: 0}"),
			"4:58: budgets[0].limits[0].burst: 0 is not allowed: " +
				"1..9007199254740992, and only with kind bucket"},
		{"burst too small for its rate",
			one("{metric: m, kind: bucket, amount: 1000, per: 1s, burst: 9}"),
			"4:61: budgets[0].limits[0].burst: 9 is not allowed: what 1000 per 1s refill in 160ms..400d"},
		{"no slots", one("{metric: m, kind: sliding, amount: 1, per: 1m, slots: 0}"),
			"4:59: budgets[0].limits[0].slots: 0 is not allowed: 1..60, and only with kind sliding"},
		{"slots of a bucket", one("{metric: m, kind: bucket, amount: 1, per: 1m, slots: 5}"),
			"4:58: budgets[0].limits[0].slots: 5 is not allowed: 1..60, and only with kind sliding"},
		{"too many slots", one("{metric: m, kind: sliding, amount: 1, per: 100ms, slots: 20}"),
			"4:62: budgets[0].limits[0].slots: 20 is not allowed: " +
				"at most 10, so that each of them is 10ms of the period 100ms"},
		{"kind is null", one("{metric: m, kind: , amount: 1, per: 1m}"),
			"4:22: budgets[0].limits[0].kind: null is not allowed: " +
				"text, in quotes if it looks like another type"},

		{"amount 0", one("{metric: m, amount: 0, per: 1m}"),
			"4:25: budgets[0].limits[0].amount: 0 is not allowed: 1..9007199254740992"},
		{"amount too large", one("{metric: m, amount: 9007199254740993, per: 1m}"),
			"4:25: budgets[0].limits[0].amount: 9007199254740993 is not allowed: 1..9007199254740992"},
		{"amount huge", one("{metric: m, amount: 99999999999999999999, per: 1m}"),
			`4:25: budgets[0].limits[0].amount: "99999999999999999999"` + integer},
		{"amount negative", one("{metric: m, amount: -1, per: 1m}"),
			"4:25: budgets[0].limits[0].amount: -1 is not allowed: 1..9007199254740992"},
		{"amount fraction", one("{metric: m, amount: 1.5, per: 1m}"),
			"4:25: budgets[0].limits[0].amount: 1.5" + integer},
		{"amount with exponent", one("{metric: m, amount: 1e3, per: 1m}"),
			`4:25: budgets[0].limits[0].amount: "1e3"` + integer},
		{"amount octal", one("{metric: m, amount: 010, per: 1m}"),
			"4:25: budgets[0].limits[0].amount: 010" + integer},
		{"amount hex", one("{metric: m, amount: 0x10, per: 1m}"),
			"4:25: budgets[0].limits[0].amount: 0x10" + integer},
		{"amount signed", one("{metric: m, amount: +1, per: 1m}"),
			"4:25: budgets[0].limits[0].amount: +1" + integer},
		{"amount quoted", one(`{metric: m, amount: "1", per: 1m}`),
			`4:25: budgets[0].limits[0].amount: "1"` + integer},
		{"amount missing", one("{metric: m, per: 1m}"),
			"4:5: budgets[0].limits[0].amount: nothing" + integer},
		{"amount a list", one("{metric: m, amount: [1], per: 1m}"),
			"4:25: budgets[0].limits[0].amount: a list" + integer},

		{"per a number", one("{metric: m, amount: 1, per: 60}"),
			"4:33: budgets[0].limits[0].per: 60" + per},
		{"per a quoted number", one(`{metric: m, amount: 1, per: "60"}`),
			`4:33: budgets[0].limits[0].per: "60"` + per},
		{"per in words", one("{metric: m, amount: 1, per: minute}"),
			`4:33: budgets[0].limits[0].per: "minute"` + per},
		{"per missing", one("{metric: m, amount: 1}"),
			"4:5: budgets[0].limits[0].per: nothing" + per},
		{"per too long", one("{metric: m, amount: 1, per: 401d}"),
			"4:33: budgets[0].limits[0].per: 401d is not allowed: 10ms..400d"},
		{"per too short", one("{metric: m, amount: 1, per: 9ms}"),
			"4:33: budgets[0].limits[0].per: 9ms is not allowed: 10ms..400d"},

		{"anchor", one("&l {metric: m, amount: 1, per: 1m}\n  - *l"),
			"4:5: budgets[0].limits[0]: an anchor or alias is not allowed: " +
				"a mapping of metric, kind, amount, per, slots, burst, align, zone\n" +
				"5:5: budgets[0].limits[1]: an anchor or alias is not allowed: " +
				"a mapping of metric, kind, amount, per, slots, burst, align, zone"},
		{"tag", one("{metric: !!str m, amount: 1, per: 1m}"),
			"4:14: budgets[0].limits[0].metric: a tag is not allowed: " +
				"text, in quotes if it looks like another type"},
		{"merge", one("{<<: {metric: m}, amount: 1, per: 1m}"),
			"4:5: budgets[0].limits[0].metric: nothing is not allowed: text\n" +
				`4:6: budgets[0].limits[0]."<<": this field is not allowed: ` +
				"metric, kind, amount, per, slots, burst, align, zone"},
		{"syntax", "budgets: [\n", "1:10: sequence end token ']' not found"},
		{"deep", "budgets: " + strings.Repeat("[", 17) + strings.Repeat("]", 17),
			"1:26: file: this nesting is not allowed: 16 brackets deep"},
		{"long line", "\n#" + strings.Repeat("x", 4096) + "\n",
			"2:4096: line: 4098 bytes is not allowed: 0..4096"},
		{"large", strings.Repeat("\n", budget.MaxFileSize+1),
			"file: 2097153 bytes is not allowed: 0..2097152"},
		{"several at once", "budgets:\n- {name: 7, limits: [{metric: M, amount: 0, per: 1}]}\n",
			"2:10: budgets[0].name: 7 is not allowed: text, in quotes if it looks like another type\n" +
				`2:31: budgets[0].limits[0].metric: "M" is not allowed: ` +
				"1..128 of a-z 0-9 _, starting with a letter or digit\n" +
				"2:42: budgets[0].limits[0].amount: 0 is not allowed: 1..9007199254740992\n" +
				"2:50: budgets[0].limits[0].per: 1" + per},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := budget.Parse([]byte(tt.file))
			if err == nil {
				t.Fatalf("got %v, want the error %s", got, tt.want)
			}
			if got != nil {
				t.Errorf("got budgets with an error: %v", got)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			var pe *budget.ParseError
			if !errors.As(err, &pe) || errors.Unwrap(pe) == nil {
				t.Errorf("got %T, want *ParseError with a cause", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(one("{metric: m, amount: 30_000, per: 1m}"))
	f.Add("budgets: [{name: b, keyed: true, limits: [{metric: m, kind: window, amount: 1, per: 1d}]}]")
	f.Add("budgets:\n- &a {name: *a, limits: !!seq []}\n---\n? [x]\n: |\n  y\n")
	f.Add("a: 1\na: 2\n<<: {b: 3}\n")
	f.Fuzz(func(t *testing.T, file string) {
		file = file[:min(len(file), 4096)] // the YAML parser is slow
		got, err := budget.Parse([]byte(file))
		if err != nil {
			checkOneLineEach(t, err)
			return
		}
		if len(got) == 0 {
			t.Error("no budgets and no error")
		}
		names := map[string]bool{}
		for _, b := range got {
			if err := b.Validate(); err != nil {
				t.Errorf("%v was parsed but is not valid: %v", b, err)
			}
			if !b.Canonical().Equal(b) {
				t.Errorf("%v is not canonical", b)
			}
			if names[b.Name] {
				t.Errorf("the name %q twice", b.Name)
			}
			names[b.Name] = true
		}
	})
}

// checkOneLineEach asserts that each problem of err is told in one line.
func checkOneLineEach(t *testing.T, err error) {
	t.Helper()
	problems := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		problems = joined.Unwrap()
	}
	for _, p := range problems {
		if text := p.Error(); text == "" || strings.Contains(text, "\n") {
			t.Errorf("a problem is told in no line or several: %q", text)
		}
	}
}

func ExampleParse() {
	budgets, err := budget.Parse([]byte(`
budgets:
  - name: chat
    limits:
      - {metric: tokens, amount: 30_000, per: 1m}
`))
	fmt.Println(budgets[0].Name, budgets[0].Limits[0].Amount, err)
	_, err = budget.Parse([]byte("budgets:\n- name: chat\n"))
	fmt.Println(err)
	// Output:
	// chat 30000 <nil>
	// 2:3: budgets[0].limits: nothing is not allowed: a list
}
