package budget_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

func ruled(r budget.Rules) budget.Budget {
	return budget.Budget{Name: "b", Rules: r, Limits: []budget.Limit{
		{Metric: "requests", Amount: 100, Per: time.Minute}}}
}

func TestRulesAreJudged(t *testing.T) {
	for _, c := range []struct {
		rules budget.Rules
		want  string
	}{
		{budget.Rules{}, ""},
		{budget.Rules{Mode: "leased", Degraded: "closed"}, ""},
		{budget.Rules{Mode: budget.ModeStrict, Degraded: budget.DegradedOpen}, ""},
		{budget.Rules{Mode: budget.ModeShadow, Degraded: budget.DegradedShare, Share: 1}, ""},
		{budget.Rules{Degraded: budget.DegradedShare, Share: 1 << 53}, ""},
		{budget.Rules{Unlimited: []string{"hits", "bytes"}}, ""},
		{budget.Rules{Mode: "Shadow"}, `mode: "Shadow" is not allowed: "leased", "strict" or "shadow"`},
		{budget.Rules{Degraded: "ajar"}, `degraded: "ajar" is not allowed: "closed", "open" or "share"`},
		{budget.Rules{Degraded: budget.DegradedShare}, `share: 0 is not allowed: 1..9007199254740992`},
		{budget.Rules{Degraded: budget.DegradedShare, Share: -1}, `share: -1 is not allowed`},
		{budget.Rules{Degraded: budget.DegradedShare, Share: 1<<53 + 1},
			`share: 9007199254740993 is not allowed`},
		{budget.Rules{Degraded: budget.DegradedOpen, Share: 3}, `share: 3 is not allowed`},
		{budget.Rules{Share: 3}, `share: 3 is not allowed: 1..9007199254740992, and only with`},
		{budget.Rules{Unlimited: []string{"requests"}},
			`unlimited[0]: "requests" is not allowed: a metric once, and none that has a limit or weighs`},
		{budget.Rules{Unlimited: []string{"hits", "hits"}}, `unlimited[1]: "hits" is not allowed`},
		{budget.Rules{Unlimited: []string{"Hits"}}, `unlimited[0]: "Hits" is not allowed: 1..128 of`},
		{budget.Rules{Unlimited: strings.Split("abcdefghijklmnopq", "")},
			`unlimited: 17 metrics is not allowed: at most 16`},
	} {
		err := ruled(c.rules).Validate()
		if c.want == "" && err != nil || c.want != "" &&
			(err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: got %v, want %q", c.rules, err, c.want)
		}
	}
}

// TestDefaultRulesAreOne: what is the default is the same policy, however it is written.
func TestDefaultRulesAreOne(t *testing.T) {
	said := ruled(budget.Rules{Mode: "leased", Degraded: "closed", Unlimited: []string{}}).Canonical()
	if left := ruled(budget.Rules{}).Canonical(); !said.Equal(left) || !reflect.DeepEqual(said, left) {
		t.Errorf("got %+v and %+v", said, left)
	}
	a := ruled(budget.Rules{Unlimited: []string{"x", "a"}})
	b := ruled(budget.Rules{Unlimited: []string{"a", "x"}})
	if !a.Canonical().Equal(b.Canonical()) || a.Unlimited[0] != "x" {
		t.Error("the order of metrics tells policies apart, or a caller's list was sorted")
	}
	for _, other := range []budget.Rules{{Mode: budget.ModeStrict}, {Degraded: budget.DegradedOpen},
		{Degraded: budget.DegradedShare, Share: 2}, {Unlimited: []string{"x"}}} {
		if ruled(other).Canonical().Equal(said) {
			t.Errorf("%+v is taken for the default", other)
		}
	}
}

func TestUnlimitedNeedsNoLimits(t *testing.T) {
	b := budget.Budget{Name: "b", Rules: budget.Rules{Unlimited: []string{"requests"}}}
	if err := b.Validate(); err != nil {
		t.Error(err)
	}
	b.Unlimited = nil
	if b.Validate() == nil {
		t.Error("an empty budget is allowed")
	}
}

func TestExtra(t *testing.T) {
	l := budget.Limit{Amount: 100}
	for _, c := range []struct {
		rules   budget.Rules
		want    budget.Credits
		bounded bool
	}{
		{budget.Rules{}, 0, true},
		{budget.Rules{Degraded: budget.DegradedOpen}, 0, false},
		{budget.Rules{Degraded: budget.DegradedShare, Share: 1}, 100, true},
		{budget.Rules{Degraded: budget.DegradedShare, Share: 3}, 33, true},
		{budget.Rules{Degraded: budget.DegradedShare, Share: 101}, 0, true},
	} {
		if n, bounded := c.rules.Extra(l); n != c.want || bounded != c.bounded {
			t.Errorf("%+v: got %d, %t", c.rules, n, bounded)
		}
	}
}

func TestParseRules(t *testing.T) {
	const file = `budgets:
  - name: b
    mode: %MODE
    degraded: %DEGRADED
    unlimited: %UNLIMITED
    limits:
      - {metric: requests, amount: 100, per: 1m}
`
	for _, c := range []struct {
		mode, degraded, unlimited string
		want                      budget.Rules
		err                       string
	}{
		{"leased", "closed", "[]", budget.Rules{}, ""},
		{"strict", "open", "[hits]", budget.Rules{Mode: budget.ModeStrict,
			Degraded: budget.DegradedOpen, Unlimited: []string{"hits"}}, ""},
		{"shadow", "{share: 1_0}", "[b, a]", budget.Rules{Mode: budget.ModeShadow,
			Degraded: budget.DegradedShare, Share: 10, Unlimited: []string{"a", "b"}}, ""},
		{"loose", "closed", "[]", budget.Rules{}, `3:11: budgets[0].mode: "loose" is not allowed`},
		{"leased", "share", "[]", budget.Rules{},
			`4:15: budgets[0].degraded: "share" is not allowed: "closed", "open" or {share: n}`},
		{"leased", "[open]", "[]", budget.Rules{}, `budgets[0].degraded: a list is not allowed`},
		{"leased", "{share: 0}", "[]", budget.Rules{}, `budgets[0].degraded.share: 0 is not allowed`},
		{"leased", "{part: 2}", "[]", budget.Rules{}, `budgets[0].degraded.share: nothing`},
		{"leased", "closed", "hits", budget.Rules{},
			`budgets[0].unlimited: "hits" is not allowed: a list`},
		{"leased", "closed", "[3]", budget.Rules{},
			`5:17: budgets[0].unlimited[0]: 3 is not allowed: text`},
		{"leased", "closed", "[requests]", budget.Rules{}, `5:17: budgets[0].unlimited[0]: "requests"`},
		{"7", "closed", "[]", budget.Rules{}, `budgets[0].mode: 7 is not allowed: text`},
	} {
		text := strings.NewReplacer("%MODE", c.mode, "%DEGRADED", c.degraded, "%UNLIMITED",
			c.unlimited).Replace(file)
		got, err := budget.Parse([]byte(text))
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v: got %v", c, err)
			}
		case err != nil:
			t.Errorf("%v: %v", c, err)
		case !got[0].Rules.Equal(c.want):
			t.Errorf("%v: got %+v", c, got[0].Rules)
		}
	}
	got, err := budget.Parse([]byte("budgets:\n  - {name: free, unlimited: [requests]}\n"))
	if err != nil || len(got[0].Limits) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestRulesInJSON: they are a budget's fields, and left out where they are the default.
func TestRulesInJSON(t *testing.T) {
	data, err := json.Marshal(ruled(budget.Rules{Mode: budget.ModeShadow,
		Degraded: budget.DegradedShare, Share: 2, Unlimited: []string{"a"}}))
	want := `"mode":"shadow","degraded":"share","share":2,"unlimited":["a"]}`
	if err != nil || !strings.HasSuffix(string(data), want) {
		t.Errorf("got %s, %v", data, err)
	}
	if data, _ = json.Marshal(ruled(budget.Rules{})); strings.Contains(string(data), "mode") {
		t.Errorf("got %s", data)
	}
	if budget.ModeLeased.String() != "leased" || budget.DegradedClosed.String() != "closed" ||
		budget.ModeShadow.String() != "shadow" || budget.DegradedShare.String() != "share" {
		t.Error("a name is missing")
	}
}
