package fsm

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// TestLink: a link is what encoding writes of the same. A digest that changed with the code would
// part a node of the new version from one of the old.
func TestLink(t *testing.T) {
	for _, c := range []struct {
		of    reflect.Type
		known int
	}{
		{reflect.TypeFor[Result](), 14},
		{reflect.TypeFor[lease.Grant](), 5},
		{reflect.TypeFor[lease.Denial](), 3},
	} {
		if n := c.of.NumField(); n != c.known {
			t.Errorf("%v has %d fields, and link.go knows of %d", c.of, n, c.known)
		}
	}
	r := rand.New(rand.NewPCG(1, 7))
	n := func() int64 { return int64(r.Uint64()>>r.IntN(64)) * int64(1-2*r.IntN(2)) }
	u := func() uint64 { return r.Uint64() >> r.IntN(64) } // of every length
	for range 20_000 {
		s := &State{index: u(), t: budget.Instant(n()), epoch: u()}
		s.digest[r.IntN(digestSize)] = byte(r.IntN(256))
		var results []Result
		for range r.IntN(30) {
			res := Result{Code: Code(r.IntN(14)), Revision: u() * uint64(r.IntN(2))}
			for range r.IntN(4) * r.IntN(2) {
				res.Grants = append(res.Grants, lease.Grant{Lease: lease.ID(u()), Limit: r.IntN(3),
					Window: budget.Window(n()), Amount: budget.Credits(n()), TTL: 3})
			}
			if r.IntN(3) == 0 {
				res.Denial = &lease.Denial{Limit: r.IntN(3), Left: budget.Credits(n()), RetryAfter: 1}
			}
			res.Limit = r.IntN(2) * r.IntN(400)
			for range r.IntN(2) * r.IntN(3) {
				res.Taken = append(res.Taken, budget.Credits(n()))
			}
			switch r.IntN(12) {
			case 0:
				res.Detail = "full"
			case 1:
				res.Session, res.Limits = 7, []budget.Limit{
					{Metric: "m", Kind: budget.KindWindow, Amount: 1, Per: 1e9}}
				if r.IntN(2) == 0 { // never without limits
					res.Levels = budget.Levels{{Budget: "b", Limits: 1}}
				}
			case 2:
				res.Created = true
			case 3:
				res.Rules = &budget.Rules{Mode: budget.ModeStrict, Unlimited: []string{"m"}}
			}
			results = append(results, res)
		}
		want, err := encoding.Marshal(struct {
			_       struct{} `cbor:",toarray"`
			Before  [digestSize]byte
			Index   uint64
			T       budget.Instant
			Epoch   uint64
			Results []Result
		}{Before: s.digest, Index: s.index, T: s.t, Epoch: s.epoch, Results: results})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.appendLink(nil, results)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%+v:\n% x, %v, want\n% x", results, got, err, want)
		}
	}
}
