package budget_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leased-io/leased/budget"
)

func TestParsePer(t *testing.T) {
	const day = 24 * time.Hour
	for s, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1m": time.Minute, "1h30m": 90 * time.Minute, "1d": day,
		"400d": 400 * day, "1d12h": 36 * time.Hour, "0d5s": 5 * time.Second, "10ms": 10e6,
		"1.5s": 1500 * time.Millisecond, "60m": time.Hour, "0s": 0, "1us": 1000, "1µs": 1000,
	} {
		if got, err := budget.ParsePer(s); got != want || err != nil {
			t.Errorf("ParsePer(%q): got %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "0", "60", "1d0", "1d5", "d", "1.5d", "-1d", "-1s", "+1s", "+1d", "1d-1s", "1d+1s",
		"1h1d", "1dd", "1w", "1 m", " 1m", "m", "1d ", "1_0s", "106752d", "99999999999999999999d",
		"106751d24h", "1e3s", ".5s",
	} {
		if got, err := budget.ParsePer(s); !errors.Is(err, budget.ErrPer) {
			t.Errorf("ParsePer(%q): got %v, %v, want ErrPer", s, got, err)
		}
	}
}

func TestFormatPer(t *testing.T) {
	for want, per := range map[string]time.Duration{
		"0s": 0, "1ns": 1, "10ms": 10e6, "1.5s": 15e8, "30s": 30e9, "1m": time.Minute,
		"1m30s": 90 * time.Second, "1h": time.Hour, "1h30m": 90 * time.Minute,
		"1h0m1s": time.Hour + time.Second, "1d": 24 * time.Hour, "1d12h": 36 * time.Hour,
		"400d": budget.MaxPer, "10m": 10 * time.Minute, "10h": 10 * time.Hour, "-1m": -time.Minute,
		"1d500ms": 24*time.Hour + time.Second/2,
	} {
		if got := budget.FormatPer(per); got != want {
			t.Errorf("FormatPer(%d): got %q, want %q", per, got, want)
		}
	}
}

func TestPerRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]time.Duration{
			1, time.Microsecond, time.Millisecond, time.Second, time.Minute, time.Hour,
		}).Draw(t, "unit")
		per := unit * time.Duration(rapid.Int64Range(0, math.MaxInt64/int64(unit)).Draw(t, "n"))
		got, err := budget.ParsePer(budget.FormatPer(per))
		if got != per || err != nil {
			t.Fatalf("%d is written %q and read as %d, %v", per, budget.FormatPer(per), got, err)
		}
	})
}

func TestLimitJSON(t *testing.T) {
	l := budget.Limit{Metric: "tokens", Kind: budget.KindWindow, Amount: 7, Per: 36 * time.Hour}
	data, err := json.Marshal(budget.Budget{Name: "b", Limits: []budget.Limit{l}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"b","limits":[` +
		`{"metric":"tokens","kind":"window","amount":7,"per":"1d12h"}]}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	var back budget.Budget
	if err := json.Unmarshal(data, &back); err != nil || len(back.Limits) != 1 || back.Limits[0] != l {
		t.Errorf("got %v, %v, want %v back", back, err, l)
	}
	if err := json.Unmarshal([]byte(`{"per":"60"}`), &l); !errors.Is(err, budget.ErrPer) {
		t.Errorf("per without unit: got %v, want ErrPer", err)
	}
	if err := json.Unmarshal([]byte(`{"per":60}`), &l); err == nil {
		t.Error("per as a number: got nil, want an error")
	}
}
