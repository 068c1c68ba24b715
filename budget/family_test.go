package budget_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// level is a budget with one limit.
func level(name, template, parent string) budget.Budget {
	return budget.Budget{Name: name, Template: template, Parent: parent, Limits: []budget.Limit{
		{Metric: "requests", Amount: 10, Per: time.Minute}}}.Canonical()
}

func TestLine(t *testing.T) {
	many := level("many", "", "")
	many.Limits = nil
	for i := range 16 {
		many.Limits = append(many.Limits,
			budget.Limit{Metric: "requests", Amount: 1, Per: time.Duration(i+1) * time.Hour})
	}
	all := map[string]budget.Budget{}
	for _, b := range []budget.Budget{level("org", "org/{org}", ""),
		level("team", "{org}/{team}", "org"), level("key", "{org}/{team}/{key}", "team"),
		level("other", "{team}", "org"), level("a", "", "b"), level("b", "", "a"),
		level("lost", "", "nowhere"), level("crowd", "", "many"), many.Canonical(),
		level("l1", "", ""), level("l2", "", "l1"), level("l3", "", "l2"), level("l4", "", "l3"),
		level("l5", "", "l4"), level("l6", "", "l5"), level("l7", "", "l6"),
	} {
		if err := b.Validate(); err != nil {
			t.Fatal(err)
		}
		all[b.Name] = b
	}
	named := func(name string) (budget.Budget, bool) { b, ok := all[name]; return b, ok }
	for _, c := range []struct{ of, line, err string }{
		{of: "org", line: "org"},
		{of: "key", line: "key team org"},
		{of: "l6", line: "l6 l5 l4 l3 l2 l1"},
		{of: "lost", line: "lost ..."},
		{of: "a", err: `parent: a < b < a is not allowed: a line of parents that ends`},
		{of: "l7", err: `parent: 7 levels is not allowed: at most 6`},
		{of: "crowd", err: `limits: 17 limits in crowd < many is not allowed: at most 16 in all levels`},
		{of: "other", err: `parent: "org" is not allowed: a budget whose key needs only labels of ` +
			`"{team}"; "org/{org}" has org, and budget "other" has none of that name`},
	} {
		line, whole, err := budget.Line(all[c.of], named)
		var names []string
		for _, b := range line {
			names = append(names, b.Name)
		}
		if err == nil && !whole {
			names = append(names, "...")
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got := strings.Join(names, " "); got != c.line || text != c.err {
			t.Errorf("Line(%s) = %q, %q\nwant %q, %q", c.of, got, text, c.line, c.err)
		}
	}
}

func TestParentsFirst(t *testing.T) {
	in := []budget.Budget{level("key", "", "team"), level("x", "", "y"), level("y", "", "x"),
		level("team", "", "org"), level("alone", "", ""), level("org", "", "outside")}
	var got []string
	for _, b := range budget.ParentsFirst(in) {
		got = append(got, b.Name)
	}
	if want := "alone org team key x y"; strings.Join(got, " ") != want {
		t.Errorf("ParentsFirst = %v, want %s", got, want)
	}
}

func TestLevels(t *testing.T) {
	limits := slices.Concat(level("a", "", "").Limits, level("b", "", "").Limits,
		level("c", "", "").Limits)
	good := budget.Levels{{Budget: "a", Limits: 2}, {Budget: "b", Limits: 1, Weights: []budget.Weight{
		{Metric: "requests", Cost: "calls", Times: 3}}}}
	if err := good.Validate(limits); err != nil {
		t.Error(err)
	}
	for i, want := range []string{"a", "a", "b"} {
		if l, _ := good.Of(i); l.Budget != want {
			t.Errorf("limit %d is of %q, want %q", i, l.Budget, want)
		}
	}
	for _, c := range []struct {
		levels budget.Levels
		want   string
	}{
		{budget.Levels{{Budget: "", Limits: 3}}, "levels[0].budget"},
		{budget.Levels{{Budget: "a", Limits: 4}}, "levels[0].limits"},
		{budget.Levels{{Budget: "a", Limits: 2}}, "levels: 1 limits of none"},
		{budget.Levels{{Budget: "a", Limits: 3, Weights: []budget.Weight{
			{Metric: "tokens", Cost: "calls", Times: 3}}}}, "levels[0].weights.tokens.calls"},
		{make(budget.Levels, 7), "parent: 7 levels"},
	} {
		if err := c.levels.Validate(limits); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.levels, err, c.want)
		}
	}
}

const familyFile = `
budgets:
  - name: key
    key: "{org}/{team}/{key}"
    parent: team
    limits: [{metric: tokens, amount: 10, per: 1m}]
    weights: {tokens: {output: 5, input: 1}}
  - {name: team, key: "{org}/{team}", parent: org, limits: [{metric: tokens, amount: 9, per: 1m}]}
  - {name: org, key: "{org}", limits: [{metric: tokens, amount: 90, per: 1m}]}
  - {name: plain, key: "{key}", limits: [{metric: tokens, amount: 90, per: 1m}]}
`

func TestParseFamily(t *testing.T) {
	got, err := budget.Parse([]byte(familyFile))
	if err != nil {
		t.Fatal(err)
	}
	key := got[0]
	if key.Template != "{org}/{team}/{key}" || !key.Keyed || key.Parent != "team" ||
		!slices.Equal(key.Weights, []budget.Weight{{"tokens", "input", 1}, {"tokens", "output", 5}}) {
		t.Errorf("got %+v", key)
	}
	if plain := got[3]; !plain.Keyed || plain.Template != "" {
		t.Errorf("{key} is the same as keyed: got %+v", plain)
	}
}

func TestParseFamilyRefuses(t *testing.T) {
	for _, c := range []struct{ old, becomes, want string }{
		{`"{org}/{team}", parent: org`, `"{org}/{team}/{key}", parent: key`, `5:13: budgets[0].parent: ` +
			"key < team < key is not allowed: a line of parents that ends\n8:53: budgets[1].parent: " +
			"team < key < team is not allowed: a line of parents that ends"},
		{"parent: org", "parent: team", `8:47: budgets[1].parent: "team" is not allowed: another ` +
			"budget's name: 1..128 of a-z A-Z 0-9 . _ - / :, starting with a letter or digit"},
		{`"{org}"`, `"{region}"`, `5:13: budgets[0].parent: "org" is not allowed: a budget whose key ` +
			`needs only labels of "{org}/{team}"; "{region}" has region, and budget "team" has none ` +
			"of that name"},
		{"parent: org", `keyed: false`, `8:46: budgets[1].keyed: false is not allowed: true, or ` +
			"nothing, with a key"},
		{"parent: org", `parent: ""`, `8:47: budgets[1].parent: "" is not allowed: ` +
			"text, or no such field"},
		{`"{org}"`, `"{org"`, `9:22: budgets[2].key: "{org" is not allowed: text with 1..8 labels in ` +
			"braces, such as {org}/{team}"},
		{"output: 5", "output: 0", `7:32: budgets[0].weights.tokens.output: 0 is not allowed: ` +
			"an integer, 1..1000000000"},
		{"output: 5", "output: -5", `7:32: budgets[0].weights.tokens.output: -5 is not allowed: ` +
			"an integer, 1..1000000000"},
		{"output: 5", "output: 1.5", `7:32: budgets[0].weights.tokens.output: 1.5 is not allowed: ` +
			"an integer, 1..1000000000"},
		{"output: 5", "Output: 5", `7:32: budgets[0].weights.tokens."Output": cost "Output" is not ` +
			"allowed: 1..128 of a-z 0-9 _, starting with a letter or digit"},
		{"{tokens: {", "{requests: {", `7:34: budgets[0].weights.requests.output: metric "requests" ` +
			"is not allowed: a metric of the budget's limits: tokens\n" +
			`7:44: budgets[0].weights.requests.input: metric "requests" is not allowed: a metric of ` +
			"the budget's limits: tokens"},
		{"{output: 5, input: 1}", "5", `7:23: budgets[0].weights.tokens: 5 is not allowed: ` +
			"a mapping of costs"},
	} {
		text := strings.Replace(familyFile, c.old, c.becomes, 1)
		if text == familyFile {
			t.Fatalf("%q is not in the file", c.old)
		}
		_, err := budget.Parse([]byte(text))
		if err == nil || err.Error() != c.want {
			t.Errorf("with %s:\ngot  %v\nwant %s", c.becomes, err, c.want)
		}
	}
}
