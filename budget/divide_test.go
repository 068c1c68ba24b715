package budget

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestDivideIsMaxMin compares the division with one that gives credit by credit: to whoever is
// furthest behind for its weight, of those that want more.
func TestDivideIsMaxMin(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		claims := make([]claim, 1+rng.IntN(6))
		floors := Credits(0)
		for i := range claims {
			c := claim{weight: 1 + rng.Int64N(5), used: Credits(rng.IntN(60))}
			if rng.IntN(3) == 0 {
				c.floor = Credits(rng.IntN(30))
			}
			c.most = c.floor + Credits(rng.IntN(80))
			claims[i], floors = c, floors+c.floor
		}
		left := floors + Credits(rng.IntN(200))
		want := slices.Clone(claims)
		rest := left - floors
		for i := range want {
			want[i].gets = want[i].floor
		}
		for ; rest > 0; rest-- {
			next := -1
			for i, c := range want {
				if c.gets < c.most && (next < 0 || int64(c.used+c.gets)*want[next].weight <
					int64(want[next].used+want[next].gets)*c.weight) {
					next = i
				}
			}
			if next < 0 {
				break
			}
			want[next].gets++
		}
		divide(claims, left)
		sum := Credits(0)
		for i, c := range claims {
			// Where the level lies between two credits the naive one gives the odd ones away.
			if d := c.gets - want[i].gets; d > 1 || d < -Credits(c.weight)-1 {
				t.Errorf("seed %d: left %d: got %+v, want %+v", seed, left, claims, want)
				break
			}
			sum += c.gets
		}
		if sum > left || sum < left-rest-Credits(len(claims)) {
			t.Errorf("seed %d: %d of %d are divided: %+v", seed, sum, left, claims)
		}
	}
}

// TestFloorsBeyondWhatIsLeft: guarantees that cannot all be kept are kept in proportion.
func TestFloorsBeyondWhatIsLeft(t *testing.T) {
	claims := []claim{{weight: 1, floor: 30, most: 40}, {weight: 9, floor: 10, most: 90}}
	divide(claims, 20)
	if claims[0].gets != 15 || claims[1].gets != 5 {
		t.Errorf("got %+v, want 15 and 5", claims)
	}
}

// shareable are limits of the kinds that can be shared.
var shareable = []Limit{
	{Metric: "m", Amount: 100, Per: time.Minute},
	{Metric: "m", Amount: MaxAmount, Per: MaxPer},
	{Metric: "m", Amount: 1, Per: MinPer},
	{Metric: "m", Kind: KindSliding, Amount: 100, Per: time.Minute},
	{Metric: "m", Kind: KindBucket, Amount: 100, Per: time.Minute, Burst: 2000},
	{Metric: "m", Kind: KindBucket, Amount: MaxAmount, Per: 400 * time.Hour, Burst: MaxAmount},
}

// TestAdversarialTables: whatever a table says, a tenant may have 0..left, and is told to come
// again within the window.
func TestAdversarialTables(t *testing.T) {
	wild := []Credits{-MaxAmount * 512, -1, 0, 1, 7, 100, MaxAmount, MaxAmount * 512}
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		pick := func() Credits { return wild[rng.IntN(len(wild))] }
		l := shareable[rng.IntN(len(shareable))].canonical()
		s := &Sharing{By: "team", Reserved: rng.Int64N(40), Weights: []Portion{{"t1", 1000}, {"t3", 5}},
			Guaranteed: []Portion{{"t0", 40}, {"t1", 20}}}
		table := &Tenants{By: "team"}
		for i := range rng.IntN(5) {
			table.Rows = append(table.Rows, Tenant{Name: "t" + strconv.Itoa(i), Granted: pick(),
				Asked: pick(), Before: pick()})
		}
		if rng.IntN(2) == 0 {
			table.Rest = &Tenant{Granted: pick(), Asked: pick(), Before: pick()}
		}
		w := l.WindowAt(Instant(rng.Int64N(int64(MaxPer))))
		start, end := l.End(w-1), l.End(w)
		now := start + Instant(rng.Int64N(int64(end-start)))
		left := min(max(0, pick()), l.Bound())
		who := "t" + strconv.Itoa(rng.IntN(7))
		priority := []Priority{PriorityLow, PriorityNormal, PriorityHigh}[rng.IntN(3)]
		d := s.Divide(l, table, who, priority, left, end)
		if may := d.May(now); may < 0 || may > left {
			t.Fatalf("seed %d: %s may have %d of %d: %+v", seed, who, may, left, table)
		}
		if at := d.Opens(now, 1); at <= now || at > end {
			t.Fatalf("seed %d: it opens at %d, in %d..%d", seed, at, now, end)
		}
	}
}

func TestWithheldUntilTheEnd(t *testing.T) {
	l := Limit{Metric: "m", Kind: KindWindow, Amount: 1000, Per: 32 * time.Second}
	s := &Sharing{By: "team", Guaranteed: []Portion{{"g", 20}}, Reserved: 10}
	table := &Tenants{By: "team", Rows: []Tenant{{Name: "a", Asked: 1000, Granted: 100},
		{Name: "b", Before: 800}, {Name: "g", Before: 1}}}
	for _, c := range []struct {
		at       time.Duration
		priority Priority
		left     Credits
		want     Credits
	}{
		// 900 are left, 100 reserved, 200 guaranteed: a and b get 350 each, a 250 of them now.
		{0, PriorityNormal, 900, 250},
		{0, PriorityHigh, 900, 350},
		{0, PriorityLow, 900, 150},
		{15 * time.Second, PriorityNormal, 900, 250}, // b may still come for all of it
		{23 * time.Second, PriorityNormal, 900, 425}, // b could use half of it in the rest
		{31 * time.Second, PriorityNormal, 900, 600}, // g is kept its part, and high priority its
		{31 * time.Second, PriorityHigh, 900, 700},
		{31 * time.Second, PriorityLow, 900, 500},
		{31 * time.Second, PriorityLow, 300, 0},
	} {
		d := s.Divide(l, table, "a", c.priority, c.left, Instant(l.Per))
		if got := d.May(Instant(c.at)); got < c.want-1 || got > c.want+1 {
			t.Errorf("at %v, %d left, priority %q: a may have %d, want %d",
				c.at, c.left, c.priority, got, c.want)
		}
	}
	// What opens when: a part each 32nd of the window.
	d := s.Divide(l, table, "a", PriorityNormal, 900, Instant(l.Per))
	if got := d.Opens(Instant(15*time.Second), 425); got != Instant(23*time.Second) {
		t.Errorf("425 may be had at %v", time.Duration(got))
	}
	if got := d.Opens(Instant(15*time.Second), 601); got != Instant(l.Per) {
		t.Errorf("601 may be had at %v", time.Duration(got))
	}
}

func TestTenantsRows(t *testing.T) {
	s := &Sharing{By: "team", Weights: []Portion{{"zz", 2}}}
	table := &Tenants{By: "team"}
	for i := range MaxTenants + 5 {
		r := table.Row(s, "t"+strconv.Itoa(1000+i))
		r.Asked = 1
		r.Granted++
	}
	table.Row(s, "zz").Granted = 7
	if len(table.Rows) != MaxTenants+1 || table.Rest == nil || table.Rest.Granted != 5 {
		t.Fatalf("got %d rows, rest %+v", len(table.Rows), table.Rest)
	}
	if err := table.Check(MaxTenants + 12); err != nil {
		t.Error(err)
	}
	if err := table.Check(MaxTenants + 11); err == nil {
		t.Error("tenants have more than is used, and nobody minds")
	}
	// One that had no row of its own before: the rest is debited for what its own lacks.
	table.Return("zz", 9)
	if table.Row(s, "zz").Granted != 0 || table.Rest.Granted != 3 {
		t.Errorf("got %+v, rest %+v", *table.Row(s, "zz"), *table.Rest)
	}
	next := table.Next(shareable[0].canonical())
	if len(next.Rows) != MaxTenants || next.Rest == nil || next.Rows[0] !=
		(Tenant{Name: "t1000", Before: 1}) {
		t.Errorf("got %d rows, %+v, rest %+v", len(next.Rows), next.Rows[0], next.Rest)
	}
	if again := next.Next(shareable[0].canonical()); again != nil {
		t.Errorf("nobody asked, and %+v are left", again)
	}
}

func TestSharingValidate(t *testing.T) {
	base := func() Budget {
		return Budget{Name: "b", Template: "{org}", Limits: []Limit{shareable[0]},
			Sharing: &Sharing{By: "team"}}
	}
	if err := base().Canonical().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(b *Budget)
		want   string
	}{
		{func(b *Budget) { b.Sharing.By = "" }, `sharing.by: "" is not allowed: ` + allowedLabel},
		{func(b *Budget) { b.Sharing.By = "org" }, `sharing.by: "org" is not allowed: a label that`},
		{func(b *Budget) {
			b.Limits = append(b.Limits, Limit{Metric: "s", Kind: KindSlots, Amount: 5,
				Per: time.Second})
		}, `sharing: limits[1] of kind slots is not allowed: limits of other`},
		{func(b *Budget) { b.Sharing.Weights = []Portion{{"x", 0}} },
			`sharing.weights.x: 0 is not allowed: an integer, 1..1000`},
		{func(b *Budget) { b.Sharing.Weights = []Portion{{"x", 1001}} },
			`sharing.weights.x: 1001 is not allowed: an integer, 1..1000`},
		{func(b *Budget) { b.Sharing.Weights = []Portion{{"x", 1}, {"x", 2}} },
			`sharing.weights.x: a second one is not allowed: each tenant once`},
		{func(b *Budget) { b.Sharing.Weights = []Portion{{"\n", 1}} },
			`sharing.weights."\n": "\n" is not allowed: a value of the label`},
		{func(b *Budget) { b.Sharing.Weights = make([]Portion, MaxShares+1) },
			`sharing.weights: 33 tenants is not allowed: 0..32 tenants`},
		{func(b *Budget) { b.Sharing.Guaranteed = []Portion{{"x", 101}} },
			`sharing.guaranteed.x: 101 is not allowed: a percentage, 1..100`},
		{func(b *Budget) { b.Sharing.Reserved = -1 },
			`sharing.reserved: -1 is not allowed: a percentage, 0..100`},
		{func(b *Budget) {
			b.Sharing.Guaranteed, b.Sharing.Reserved = []Portion{{"x", 60}, {"y", 31}}, 10
		}, `sharing.guaranteed: 101 percent with what is reserved is not allowed: at most 100 in all`},
	} {
		b := base()
		c.change(&b)
		err := b.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if err := Priority("urgent").Validate(); err == nil ||
		err.Error() != `priority: "urgent" is not allowed: "low", "high", or nothing for the normal one` {
		t.Errorf("got %v", err)
	}
}

func TestSharingEqual(t *testing.T) {
	a := (&Sharing{By: "t", Weights: []Portion{{"x", 1}, {"a", 2}}}).canonical()
	if a.Weights[0].Tenant != "a" || !a.Equal(a.canonical()) || a.Equal(nil) ||
		(*Sharing)(nil).Equal(a) || !(*Sharing)(nil).Equal(nil) {
		t.Errorf("got %+v", a)
	}
	for _, b := range []Sharing{{By: "u", Weights: a.Weights}, {By: "t"},
		{By: "t", Weights: a.Weights, Reserved: 1},
		{By: "t", Weights: a.Weights, Guaranteed: []Portion{{"x", 1}}}} {
		if a.Equal(&b) {
			t.Errorf("%+v equals %+v", a, b)
		}
	}
}

// BenchmarkDivide is one look at a table, all of whose tenants want more than there is.
func BenchmarkDivide(b *testing.B) {
	for _, n := range []int{4, 16, MaxTenants} {
		b.Run("tenants="+strconv.Itoa(n), func(b *testing.B) {
			s, table := &Sharing{By: "team"}, &Tenants{By: "team"}
			for i := range n {
				table.Row(s, "t"+strconv.Itoa(i)).Asked = Credits(1000 + 37*i)
			}
			l := Limit{Metric: "m", Kind: KindWindow, Amount: 10_000, Per: time.Minute}
			b.ReportAllocs()
			for b.Loop() {
				d := s.Divide(l, table, "t1", PriorityNormal, 3000, Instant(l.Per))
				if d.May(0) < 1 {
					b.Fatal("nothing")
				}
			}
		})
	}
}
