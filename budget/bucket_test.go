package budget_test

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leased-io/leased/budget"
)

// tank is the bucket of BucketLease.tla in exact arithmetic: it runs from event to event, and
// knows each lease.
type tank struct {
	limit  budget.Limit
	was    []budget.Pace
	tokens *big.Rat
	at     budget.Instant
	out    []out
}

type out struct {
	amount budget.Credits
	ends   budget.Instant
}

func (k *tank) sum(t budget.Instant) (n budget.Credits) {
	for _, o := range k.out {
		if o.ends > t {
			n += o.amount
		}
	}
	return n
}

// run lets the bucket run to t, stopping wherever something changes.
func (k *tank) run(t budget.Instant) {
	for k.at < t {
		to, amount, burst := t, k.limit.Amount, k.limit.Burst
		for _, o := range k.out {
			if o.ends > k.at {
				to = min(to, o.ends)
			}
		}
		for i := len(k.was) - 1; i >= 0; i-- {
			if k.was[i].Until > k.at {
				amount, burst = k.was[i].Amount, k.was[i].Burst
				to = min(to, k.was[i].Until)
			}
		}
		// Time is longer by 0.5 %, so that the bound is one of real time.
		pace := int64(k.limit.Per) + (int64(k.limit.Per)+199)/200
		refill := new(big.Rat).SetFrac(
			new(big.Int).Mul(big.NewInt(int64(to-k.at)), big.NewInt(int64(amount))), big.NewInt(pace))
		k.tokens.Add(k.tokens, refill)
		room := new(big.Rat).SetInt64(int64(max(0, burst-k.sum(k.at))))
		if k.tokens.Cmp(room) > 0 {
			k.tokens.Set(room)
		}
		k.at = to
	}
}

// left is what may be granted: whole tokens that have room in the bucket.
func (k *tank) left() budget.Credits {
	whole := budget.Credits(new(big.Int).Quo(k.tokens.Num(), k.tokens.Denom()).Int64())
	return max(0, min(whole, k.limit.Burst-k.sum(k.at)))
}

// TestBucket runs random grants, returns, changes and passing time against the exact model. That
// an interval admits at most burst + rate * time follows there, as BucketLease.tla shows; here it
// is held against the grants that were ever made: the least bucket that would have let them pass.
func TestBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := budget.Limit{Metric: "m", Kind: budget.KindBucket,
			Amount: budget.Credits(rapid.Int64Range(1, 2000).Draw(t, "amount")),
			Burst:  budget.Credits(rapid.Int64Range(1, 3000).Draw(t, "burst")),
			Per: time.Duration(
				rapid.Int64Range(int64(100*time.Millisecond), int64(time.Hour)).Draw(t, "per"))}
		l = budget.Budget{Name: "b", Limits: []budget.Limit{l}}.Canonical().Limits[0]
		if (budget.Budget{Name: "b", Limits: []budget.Limit{l}}).Validate() != nil {
			t.Skip("not a valid bucket")
		}
		now := budget.Instant(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "begin"))
		k := tank{limit: l, tokens: new(big.Rat).SetInt64(int64(l.Burst)), at: now}
		var a budget.Account
		a.Fill(l.Burst, now)
		window := l.WindowAt(now)
		advance := func(to budget.Instant) {
			a.Advance(k.limit, k.was, l.End(window), to)
			k.run(to)
			now = to
			window = l.WindowAt(now)
		}
		t.Repeat(map[string]func(*rapid.T){
			"wait": func(t *rapid.T) {
				span := int64(l.Span())
				advance(now + budget.Instant(rapid.Int64Range(0, 3*span).Draw(t, "wait")))
			},
			"grant": func(t *rapid.T) {
				n := budget.Credits(rapid.Int64Range(0, int64(l.Burst)+1).Draw(t, "n"))
				want := n >= 1 && n <= k.left()
				if got := a.Charge(k.limit, 0, n); got != want {
					t.Fatalf("Charge(%d) with %s tokens: got %v", n, k.tokens, got)
				}
				if want {
					k.tokens.Sub(k.tokens, new(big.Rat).SetInt64(int64(n)))
					k.out = append(k.out, out{n, l.End(window)})
				}
			},
			"return": func(t *rapid.T) {
				if len(k.out) == 0 || k.out[len(k.out)-1].ends <= now {
					return
				}
				o := &k.out[len(k.out)-1]
				n := budget.Credits(rapid.Int64Range(1, int64(o.amount)).Draw(t, "n"))
				if !a.Return(k.limit, n) {
					t.Fatalf("Return(%d) of %+v was refused", n, *o)
				}
				k.tokens.Add(k.tokens, new(big.Rat).SetInt64(int64(n)))
				k.out = k.out[:len(k.out)-1]
				if o.amount > n {
					k.out = append(k.out, out{o.amount - n, o.ends})
				}
			},
			"change": func(t *rapid.T) {
				next := k.limit
				part := func(n budget.Credits, name string) budget.Credits {
					return max(1, n*budget.Credits(rapid.Int64Range(50, 150).Draw(t, name))/100)
				}
				next.Amount, next.Burst = part(next.Amount, "amount"), part(next.Burst, "burst")
				if next.Adopt(k.limit).Lease != l.Lease || len(k.was) >= 5 {
					return
				}
				k.was = append(k.was, budget.Pace{Until: now, Amount: k.limit.Amount, Burst: k.limit.Burst})
				k.limit = next
			},
			"": func(t *rapid.T) {
				if a.Used != k.sum(now) || a.Left(k.limit, 0) != k.left() {
					t.Fatalf("got %+v, want %s tokens and %d out", a, k.tokens, k.sum(now))
				}
			},
		})
	})
}
