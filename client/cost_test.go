package client

import (
	"errors"
	"slices"
	"testing"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

func TestCostVector(t *testing.T) {
	a, b, b2 := perMinute("a", 10), perMinute("b", 10), perMinute("b", 20)
	b2.Per *= 60
	for _, test := range []struct {
		name   string
		limits []budget.Limit
		ask    ask
		want   lease.Cost // nil: ErrCost
	}{
		{"n of one", []budget.Limit{a}, ask{n: 3}, lease.Cost{3}},
		{"n of two limits of one metric", []budget.Limit{b, b2}, ask{n: 3}, lease.Cost{3, 3}},
		{"n of two metrics", []budget.Limit{a, b}, ask{n: 3}, nil},
		{"largest n", []budget.Limit{a}, ask{n: 1 << 53}, lease.Cost{1 << 53}},
		{"n too large", []budget.Limit{a}, ask{n: 1<<53 + 1}, nil},
		{"by metric", []budget.Limit{a, b, b2}, ask{byMetric: Cost{"a": 1, "b": 2}},
			lease.Cost{1, 2, 2}},
		{"one metric of two", []budget.Limit{a, b, b2}, ask{byMetric: Cost{"b": 2}},
			lease.Cost{0, 2, 2}},
		{"a zero beside", []budget.Limit{a, b}, ask{byMetric: Cost{"a": 0, "b": 2}},
			lease.Cost{0, 2}},
		{"only zeros", []budget.Limit{a, b}, ask{byMetric: Cost{"a": 0, "b": 0}}, nil},
		{"too large", []budget.Limit{a, b}, ask{byMetric: Cost{"a": 1<<53 + 1}}, nil},
		{"unknown", []budget.Limit{a, b}, ask{byMetric: Cost{"c": 1}}, nil},
	} {
		lay := newLayout(test.limits, nil, nil)
		got := make(lease.Cost, len(test.limits))
		got[0] = 99 // of the cost before
		err := lay.vector(got, test.ask)
		if (test.want == nil) != errors.Is(err, ErrCost) || (test.want != nil) != (err == nil) {
			t.Errorf("%s: got error %v", test.name, err)
		}
		if err == nil && !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
