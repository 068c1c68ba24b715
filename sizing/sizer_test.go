package sizing

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

func limitOf(kind budget.Kind, amount budget.Credits, per time.Duration) budget.Limit {
	l := budget.Limit{Metric: "tokens", Kind: kind, Amount: amount, Per: per}
	switch kind {
	case budget.KindSliding:
		l.Slots = budget.DefaultSlots
	case budget.KindBucket:
		l.Burst = amount
	}
	return l.Adopt(budget.Limit{})
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{Policy: "best", Stranding: -3}.Validate()
	for _, says := range []string{`policy "best"`, `"aided"`, "stranding -3", "1..1048576"} {
		if !errors.Is(err, ErrConfig) || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v does not say %s", err, says)
		}
	}
}

// sane returns what is wrong with sizes.
func sane(size, reserve budget.Credits) error {
	if size < 1 || reserve < 0 || max(size, reserve) > budget.MaxAmount {
		return fmt.Errorf("size %d, reserve %d: want 1..2^53 and 0..2^53", size, reserve)
	}
	return nil
}

// insane returns what is wrong with a sizer.
func insane(s *Sizer) error {
	st := s.Status(math.MinInt64)
	numbers := []float64{s.predictor.level, s.predictor.burst, st.Regret, st.Bound}
	for _, a := range []arms{s.book.held, s.book.cost, s.size, s.learners.weight} {
		numbers = append(numbers, a[:]...)
	}
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 && x != st.Regret {
			return fmt.Errorf("the number %v in %+v", x, s)
		}
	}
	if st.Size < 1 || st.Expected < 0 || s.rolls < s.opened {
		return fmt.Errorf("status %+v, opened %d, rolls %d", st, s.opened, s.rolls)
	}
	return nil
}

// FuzzSizer has a sizer hear anything at any time: its sizes stay in range, its numbers are
// numbers, and its regret stays within the bound.
func FuzzSizer(f *testing.F) {
	f.Add([]byte("\x00\x10\x20\x30\x40\x50\x60\x70\x80"), int64(1), int64(1e6), int64(time.Minute))
	f.Add([]byte("\xff\xfe\x05\xff\x07\xff\x00"), int64(math.MinInt64), int64(1), int64(1))
	f.Add([]byte("\x3f\x7f\xbf\xff\x3f\x7f"), int64(math.MaxInt64), int64(budget.MaxAmount),
		int64(budget.MaxPer))
	f.Fuzz(func(t *testing.T, steps []byte, start, amount, per int64) {
		limit := limitOf(budget.KindWindow, budget.Credits(amount), time.Duration(per))
		limit.Amount = min(max(1, limit.Amount), budget.MaxAmount)
		limit.Per = min(max(budget.MinPer, limit.Per), budget.MaxPer)
		for i, p := range policies {
			s := New(limit, Config{Policy: p, Stranding: 1 << (10 * i), Seed: uint64(start)})
			now := start
			for _, b := range steps {
				n := int64(1) << (b & 0x3f)
				switch b >> 6 {
				case 0:
					now += n // and overflows now and then
				case 1:
					s.Offered(now, budget.Credits(n-2))
				case 2:
					now += int64(limit.Per) / 100
					s.Offered(now, 1)
				default:
					size, reserve := s.Size(now, time.Duration(n-2), time.Duration(n/3))
					if err := sane(size, reserve); err != nil {
						t.Fatal(err)
					}
				}
				if err := insane(s); err != nil {
					t.Fatal(err)
				}
			}
			if st := s.Status(now); st.Regret > st.Bound*(1+1e-6)+1e-6 {
				t.Errorf("regret %v, bound %v", st.Regret, st.Bound)
			}
		}
	})
}

// The checks of the fuzz test are seen to fail.
func TestSaneIsNoTautology(t *testing.T) {
	for _, c := range [][2]budget.Credits{{0, 5}, {5, -1}, {budget.MaxAmount + 1, 0}} {
		if sane(c[0], c[1]) == nil {
			t.Errorf("%v pass", c)
		}
	}
	s := New(limitOf(budget.KindWindow, 100, time.Minute), DefaultConfig())
	if err := insane(s); err != nil {
		t.Fatal(err)
	}
	s.book.cost[3] = math.NaN()
	if insane(s) == nil {
		t.Error("a NaN passes")
	}
}

// Whatever the kind of the limit, a steady demand is ordered in a few equal parts of a window.
func TestSteadyDemandOfEachKind(t *testing.T) {
	for _, kind := range []budget.Kind{budget.KindWindow, budget.KindSliding, budget.KindBucket} {
		for _, p := range policies {
			limit := limitOf(kind, 100_000, time.Minute)
			s := New(limit, Config{Policy: p, Stranding: DefaultStranding, Seed: *seed})
			span, now := limit.Span(), int64(0)
			steps := int64(500)
			for range 60 * steps { // a twentieth of the bound in each span
				now += int64(span) / steps
				s.Offered(now, limit.Bound()/20/budget.Credits(steps))
			}
			left := span - time.Duration(now)%span
			size, reserve := s.Size(now, left, span/1000)
			if reserve < 1 || reserve > limit.Bound()/400 {
				t.Errorf("%s, %s: reserve %d", kind, p, reserve)
			}
			if size < limit.Bound()/200 || size > limit.Bound()/8 {
				t.Errorf("%s, %s: size %d of a demand of %d a window",
					kind, p, size, limit.Bound()/20)
			}
		}
	}
}

// The same seed and the same readings make the same sizes, and another seed makes others.
func TestSeedDecidesTheDraws(t *testing.T) {
	g := newGame(1_000_000, time.Minute)
	windows := llmLike(seeded(t), 100, time.Minute)
	a, b := g.play(windows, g.sizer(PolicyHedge, 3)), g.play(windows, g.sizer(PolicyHedge, 3))
	if a != b {
		t.Errorf("got %+v and %+v with the same seed", a, b)
	}
	if c := g.play(windows, g.sizer(PolicyHedge, 4)); a == c {
		t.Errorf("got %+v with either seed", a)
	}
}

// A silence of years is closed at once, and leaves nothing held.
func TestSilenceIsClosedAtOnce(t *testing.T) {
	s := New(limitOf(budget.KindWindow, 1000, budget.MinPer), DefaultConfig())
	s.Offered(5, 100)
	years := int64(100 * 365 * 24 * time.Hour)
	s.Offered(5+years, 1)
	if s.book.held != (arms{}) || s.predictor.level > 1e-9 || s.rolls <= years {
		t.Errorf("held %v, level %v, window ends at %d", s.book.held, s.predictor.level, s.rolls)
	}
	if got := s.learners.rounds; got > 2 {
		t.Errorf("%d rounds were learned from, want those with demand", got)
	}
}

func TestSizesFollowTheWindow(t *testing.T) {
	s := New(limitOf(budget.KindWindow, 1_000_000, time.Minute),
		Config{Policy: PolicyEOQ, Stranding: DefaultStranding})
	now := int64(0)
	for range 6000 {
		now += int64(10 * time.Millisecond)
		s.Offered(now, 100)
	}
	early, _ := s.Size(now, time.Minute, 0)
	late, _ := s.Size(now, time.Second, 0)
	last, _ := s.Size(now, 20*time.Millisecond, 0)
	if early < 50_000 || late > 12_000 || last > 300 {
		t.Errorf("orders %d with a minute left, %d with a second, %d with two offers to come",
			early, late, last)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s, now := New(limitOf(budget.KindWindow, 1000, time.Second), DefaultConfig()), int64(0)
	if got := testing.AllocsPerRun(5000, func() {
		now += int64(time.Millisecond)
		s.Offered(now, 1)
		s.Size(now, 0, time.Millisecond)
	}); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func BenchmarkOffered(b *testing.B) {
	for _, p := range policies {
		b.Run(string(p), func(b *testing.B) {
			s := New(limitOf(budget.KindWindow, 1_000_000, time.Minute),
				Config{Policy: p, Stranding: DefaultStranding})
			now := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				now += int64(time.Microsecond)
				s.Offered(now, 1)
			}
		})
	}
}

func BenchmarkSize(b *testing.B) {
	s := New(limitOf(budget.KindWindow, 1_000_000, time.Minute), DefaultConfig())
	now := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		now += int64(time.Millisecond)
		s.Offered(now, 1)
		s.Size(now, 0, time.Millisecond)
	}
}
