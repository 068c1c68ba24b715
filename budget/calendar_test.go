package budget

import (
	"strings"
	"testing"
)

func TestAlignValidate(t *testing.T) {
	tests := []struct {
		name  string
		limit Limit
		want  string // part of the error; empty: none
	}{
		{"day", Limit{Align: "day"}, ""},
		{"zone", Limit{Align: "month", Zone: "Europe/Berlin"}, ""},
		{"per agrees", Limit{Align: "hour", Per: AlignHour.period()}, ""},
		{"per disagrees", Limit{Align: "hour", Per: day}, "per: 1d is not allowed: nothing, or 1h"},
		{"unknown", Limit{Align: "year", Per: day}, `align: "year" is not allowed`},
		{"sliding", Limit{Align: "day", Per: day, Kind: KindSliding}, `align: "day" is not allowed`},
		{"zone alone", Limit{Per: day, Zone: "UTC"}, `zone: "UTC" is not allowed`},
		{"zone's form", Limit{Align: "day", Zone: "no where"}, `zone: "no where" is not allowed`},
	}
	for _, tt := range tests {
		l := tt.limit
		l.Metric, l.Amount = "requests", 10
		err := l.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestAlignInFiles(t *testing.T) {
	file := func(limit string) string {
		return "budgets:\n  - name: a\n    limits:\n    - " + limit + "\n"
	}
	got, err := Parse([]byte(file("{metric: tokens, amount: 5, align: day, zone: Asia/Tokyo}")))
	if err != nil {
		t.Fatal(err)
	}
	want := Limit{Metric: "tokens", Kind: KindWindow, Amount: 5, Per: day, Align: AlignDay,
		Zone: "Asia/Tokyo"}
	if got[0].Limits[0] != want {
		t.Errorf("got %+v, want %+v", got[0].Limits[0], want)
	}
	_, err = Parse([]byte(file("{metric: tokens, amount: 5, per: 2d, align: day}")))
	if err == nil || !strings.Contains(err.Error(), "4:40: budgets[0].limits[0].per: 2d") {
		t.Errorf("a period that disagrees: %v", err)
	}
	_, err = Parse([]byte(file("{metric: tokens, amount: 5, zone: UTC, per: 1d}")))
	if err == nil || !strings.Contains(err.Error(), "limits[0].zone") {
		t.Errorf("a zone alone: %v", err)
	}
	same, other := want, want
	other.Zone = UTCZone
	if !want.Same(same) || want.Same(other) {
		t.Error("a limit in another zone is another limit")
	}
}
