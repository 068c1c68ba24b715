package budget_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/leased-io/leased/budget"
)

func sharingFile(sharing string) []byte {
	return []byte("budgets:\n- name: b\n  limits: [{metric: m, amount: 1, per: 1m}]\n" +
		"  sharing: " + sharing + "\n")
}

func TestParseSharing(t *testing.T) {
	got, err := budget.Parse(sharingFile(
		`{by: team, weights: {web: 3, "7": 2}, guaranteed: {web: 20}, reserved: 10}`))
	want := &budget.Sharing{By: "team", Reserved: 10,
		Weights:    []budget.Portion{{Tenant: "7", N: 2}, {Tenant: "web", N: 3}},
		Guaranteed: []budget.Portion{{Tenant: "web", N: 20}}}
	if err != nil || !reflect.DeepEqual(got[0].Sharing, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, c := range []struct{ sharing, want string }{
		{"team", `4:12: budgets[0].sharing: "team" is not allowed: a mapping of by, weights, `},
		{"{}", "4:12: budgets[0].sharing.by: nothing is not allowed: text"},
		{"{by: Team}", `4:17: budgets[0].sharing.by: "Team" is not allowed: 1..64 of a-z 0-9 _`},
		{"{by: t, weight: {a: 1}}", `budgets[0].sharing."weight": this field is not allowed`},
		{"{by: t, weights: [a]}", "4:29: budgets[0].sharing.weights: a list is not allowed: a mapping"},
		{"{by: t, weights: {a: 0}}",
			"4:33: budgets[0].sharing.weights.a: 0 is not allowed: an integer, 1..1000"},
		{"{by: t, weights: {a: x}}",
			`4:33: budgets[0].sharing.weights.a: "x" is not allowed: an integer, 1..1000`},
		{"{by: t, weights: {a b: 1001}}",
			`4:35: budgets[0].sharing.weights."a b": 1001 is not allowed: an integer, 1..1000`},
		{"{by: t, guaranteed: {a: 60, b: 50}}",
			"4:32: budgets[0].sharing.guaranteed: 110 percent with what is reserved is not allowed"},
		{"{by: t, reserved: 101}", "4:30: budgets[0].sharing.reserved: 101 is not allowed: a percentage"},
		{"{by: t, reserved: 1.5}", "4:30: budgets[0].sharing.reserved: 1.5 is not allowed: an integer"},
	} {
		_, err := budget.Parse(sharingFile(c.sharing))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v\nwant %s", c.sharing, err, c.want)
		}
	}
}
