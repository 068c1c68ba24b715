package demo

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// The means that were measured on the trace that the curves come from.
const (
	measuredPerSec = 8818 / 3435.948
	measuredIn     = 2047.85
	measuredOut    = 27.88
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got/want-1) > tolerance {
		t.Errorf("%s: got %.2f, want %.2f within %.0f %%", what, got, want, tolerance*100)
	}
}

func TestCurvesRise(t *testing.T) {
	for i := 1; i < len(levels); i++ {
		if levels[i] <= levels[i-1] {
			t.Errorf("level %d: %g after %g", i, levels[i], levels[i-1])
		}
		for name, c := range map[string]curve{
			"gap": gapMicros, "in": contextTokens, "out": generatedTokens,
		} {
			if c.at[i] < c.at[i-1] {
				t.Errorf("%s at level %g: %g after %g", name, levels[i], c.at[i], c.at[i-1])
			}
		}
	}
}

func TestCurveValue(t *testing.T) {
	for _, row := range []struct{ u, want float64 }{
		{0, 3}, {0.01, 17}, {0.005, 10}, {0.5, 1469}, {0.55, 1689}, {1, 7437},
	} {
		if got := contextTokens.value(row.u); math.Abs(got-row.want) > 1e-6 {
			t.Errorf("value(%g): got %g, want %g", row.u, got, row.want)
		}
	}
}

// The straight lines between the levels lie a little above the data, so the curves' means are
// near the measured ones, not equal to them.
func TestDrawnIsNearTheMeasured(t *testing.T) {
	const draws = 200_000
	w := Drawn(rand.New(rand.NewPCG(1, 0)))
	var in, out int64
	last := time.Duration(0)
	for range draws {
		r := w.Next()
		if r.At < last || r.In < 3 || r.In > 7437 || r.Out < 6 || r.Out > 1899 {
			t.Fatalf("request %+v after %s is out of the measured range", r, last)
		}
		last = r.At
		in += r.In
		out += r.Out
	}
	near(t, "tokens in", float64(in)/draws, measuredIn, 0.02)
	near(t, "tokens out", float64(out)/draws, measuredOut, 0.04)
	near(t, "requests per second", draws/last.Seconds(), measuredPerSec, 0.10)

	rate := w.Rate()
	near(t, "rate of requests", rate.RequestsPerSec, measuredPerSec, 0.06)
	near(t, "rate of tokens", rate.TokensPerSec, measuredPerSec*(measuredIn+measuredOut), 0.06)
	if got, want := rate.LargestTokens, int64(7437+1899); got != want {
		t.Errorf("largest: got %d, want %d", got, want)
	}
}

func TestDrawnRepeats(t *testing.T) {
	a, b := Drawn(rand.New(rand.NewPCG(7, 0))), Drawn(rand.New(rand.NewPCG(7, 0)))
	for i := range 1000 {
		if x, y := a.Next(), b.Next(); x != y {
			t.Fatalf("request %d: %+v and %+v of equal seeds", i, x, y)
		}
	}
}

func TestReplayStartsOver(t *testing.T) {
	w := newReplay([]Request{
		{At: 0, In: 10, Out: 1}, {At: time.Second, In: 20, Out: 2}, {At: 2 * time.Second, In: 30},
	})
	want := []Request{
		{At: 0, In: 10, Out: 1},
		{At: 1 * time.Second, In: 20, Out: 2},
		{At: 2 * time.Second, In: 30},
		{At: 3 * time.Second, In: 10, Out: 1},
		{At: 4 * time.Second, In: 20, Out: 2},
		{At: 5 * time.Second, In: 30},
		{At: 6 * time.Second, In: 10, Out: 1},
	}
	for i := range want {
		if got := w.Next(); got != want[i] {
			t.Errorf("request %d: got %+v, want %+v", i, got, want[i])
		}
	}
	if got, want := w.Rate(), (Rate{1, 21, 30}); got != want {
		t.Errorf("rate: got %+v, want %+v", got, want)
	}
}
