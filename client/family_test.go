package client

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// appAndOrg are the limits of a budget and of the one above it, which look alike, and their
// weights.
func appAndOrg() ([]budget.Limit, budget.Levels) {
	tokens, usd := perMinute("tokens", 100), perMinute("usd", 1<<53)
	return []budget.Limit{tokens, tokens, usd}, budget.Levels{
		{Budget: "app", Limits: 1, Weights: []budget.Weight{
			{Metric: "tokens", Cost: "input", Times: 1}, {Metric: "tokens", Cost: "output", Times: 5}}},
		{Budget: "org", Limits: 2, Weights: []budget.Weight{
			{Metric: "usd", Cost: "input", Times: 1_000_000}, {Metric: "usd", Cost: "output", Times: 3}}},
	}
}

func TestWeightedCosts(t *testing.T) {
	limits, levels := appAndOrg()
	single := budget.Levels{{Budget: "app", Limits: 1, Weights: []budget.Weight{
		{Metric: "tokens", Cost: "words", Times: 4}}}}
	above := budget.Levels{{Budget: "app", Limits: 1}, {Budget: "org", Limits: 2}}
	above[1].Weights = []budget.Weight{
		{Metric: "tokens", Cost: "words", Times: 4}, {Metric: "usd", Cost: "words", Times: 1}}
	for _, test := range []struct {
		name   string
		levels budget.Levels
		ask    ask
		want   lease.Cost
		err    string
	}{
		{"all names", levels, ask{byMetric: Cost{"input": 2, "output": 3}},
			lease.Cost{17, 17, 2_000_009}, ""}, // the parent's tokens weigh what the child says
		{"one of them", levels, ask{byMetric: Cost{"output": 3}}, lease.Cost{15, 15, 9}, ""},
		{"by the parent's weights", above, ask{byMetric: Cost{"words": 3}}, lease.Cost{12, 12, 3}, ""},
		{"n of several", levels, ask{n: 1}, nil, "name them: input, output"},
		{"a metric that is weighed", levels, ask{byMetric: Cost{"usd": 1}}, nil,
			`unknown metric "usd", the budget has: input, output`},
		{"a product that is too large", levels, ask{byMetric: Cost{"input": 1 << 40}}, nil,
			"input is 1099511627776, of which each draws 1000000 usd"},
		{"a sum that is too large", levels,
			ask{byMetric: Cost{"input": 9_007_199_254, "output": 300_000}}, nil,
			"output is 300000, of which each draws 3 usd"},
		{"negative", levels, ask{byMetric: Cost{"input": -1}}, nil, "input is -1"},
		{"zeros", levels, ask{byMetric: Cost{"input": 0}}, nil, "zero in every metric"},
		{"n of one", single, ask{n: 3}, lease.Cost{12}, ""},
		{"n that is too large", single, ask{n: 1 << 52}, nil, "words is 4503599627370496"},
	} {
		lay := newLayout(limits, test.levels, nil)
		if len(test.levels) == 1 {
			lay = newLayout(limits[:1], test.levels, nil)
		}
		got := make(lease.Cost, len(lay.limits))
		got[0] = 99 // of the cost before
		err := lay.vector(got, test.ask)
		if test.err != "" {
			if !errors.Is(err, ErrCost) || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: got error %v, want %s", test.name, err, test.err)
			}
		} else if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v, want %v", test.name, got, err, test.want)
		}
	}
}

// TestALimitAboveDecides: the decision names the budget whose limit it is, and nothing is spent.
func TestALimitAboveDecides(t *testing.T) {
	bubble(t, 1, func(t *testing.T, _ *fakeCluster, c *Client) {
		limits, levels := appAndOrg()
		limits[1].Amount = 10
		l := newLimiter(c, "app", limiterOptions{unavailableAfter: time.Second}, opened{
			session: 1, revision: 1, limits: limits, levels: levels}) // its loop is not running
		d := l.AllowCost(Cost{"output": 2, "input": 1})
		want(t, d, TooLarge)
		if d.LimitOf != "org" || d.Budget != "app" || d.Metric != "tokens" || d.Cost != 11 ||
			!strings.Contains(d.Err().Error(), `exceeds the limit of 10 tokens per 1m0s of budget "org"`) {
			t.Errorf("got %+v: %v", d, d.Err())
		}
		l.denial = denial{limit: 1, left: 3, until: l.clock.now().Mono + int64(time.Minute)}
		if d = l.deniedLocked(l.clock.now()); d.LimitOf != "org" || !strings.Contains(d.Err().Error(),
			`tokens per 1m0s of budget "org" has 3 left`) {
			t.Errorf("got %+v: %v", d, d.Err())
		}
		l.denial.limit, l.denial.by = 0, nil
		if d = l.deniedLocked(l.clock.now()); d.LimitOf != "app" ||
			strings.Contains(d.Err().Error(), "of budget") {
			t.Errorf("got %+v: %v", d, d.Err())
		}
		var owners []string
		for _, of := range l.Status().Limits {
			owners = append(owners, of.Budget)
		}
		if !slices.Equal(owners, []string{"app", "org", "org"}) {
			t.Errorf("the limits are of %v", owners)
		}
	})
}

func TestAccountOfOptions(t *testing.T) {
	for _, test := range []struct {
		opts      []LimiterOption
		want, err string
	}{
		{nil, "", ""},
		{[]LimiterOption{WithKey("k")}, "k", ""},
		{[]LimiterOption{WithLabels(map[string]string{"team": "a", "org": "b"})}, "org=b,team=a", ""},
		{[]LimiterOption{WithLabels(map[string]string{"org": "b"}), WithKey("k")}, "key=k,org=b", ""},
		{[]LimiterOption{WithLabels(map[string]string{"key": "b"}), WithKey("k")}, "", "one of them"},
		{[]LimiterOption{WithLabels(map[string]string{"Org": "b"})}, "", `labels: "Org" is not allowed`},
		{[]LimiterOption{WithPriority(budget.PriorityHigh), WithKey("k")}, "k", ""},
		{[]LimiterOption{WithPriority("urgent")}, "", `priority: "urgent" is not allowed`},
		{[]LimiterOption{WithLabels(map[string]string{"org": ""})}, "", `labels.org: "" is not allowed`},
	} {
		o := limiterOptions{}
		for _, set := range test.opts {
			set(&o)
		}
		got, err := o.account()
		if got.String() != test.want || (err != nil) != (test.err != "") ||
			err != nil && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("got %q, %v, want %q, %s", got, err, test.want, test.err)
		}
	}
}

// TestLevelsFromTheWire: levels that cannot be those of the limits are no answer.
func TestLevelsFromTheWire(t *testing.T) {
	limits, levels := appAndOrg()
	levels[1].Limits = 1
	if err := levels.Validate(limits); err == nil {
		t.Error("a limit of no level is taken")
	}
	if _, err := toLevels(nil, limits); err != nil {
		t.Errorf("a budget by itself is refused: %v", err)
	}
}
