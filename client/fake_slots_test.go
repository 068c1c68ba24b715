package client

import (
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// fakeSlots is one lease of slots: until it ends it counts, whoever knows of it.
type fakeSlots struct {
	amount int64
	ends   time.Time
}

func slotsPer(amount budget.Credits, per time.Duration) budget.Limit {
	return budget.Limit{Metric: "jobs", Kind: budget.KindSlots, Amount: amount, Per: per}
}

// slotsOut is how many slots are leased.
func (f *fakeCluster) slotsOut() (n int64) {
	for id, l := range f.slots {
		if !time.Now().Before(l.ends) {
			delete(f.slots, id)
			continue
		}
		n += l.amount
	}
	return n
}

// decideSlots decides an ask of a budget whose only limit is of slots.
func (f *fakeCluster) decideSlots(
	resp *leasedv1.AcquireResponse, l budget.Limit, a *leasedv1.Ask,
) *leasedv1.AcquireResponse {
	need, left := a.GetNeed(), max(0, int64(l.Amount)-f.slotsOut())
	_, kept := f.slots[a.GetLease()]
	if !kept {
		need += a.GetKeep()
	}
	if left < need || left == 0 && !kept {
		resp.Outcome = leasedv1.Outcome_OUTCOME_DENIED
		resp.Denial = &leasedv1.Denial{Left: left, RetryAfterNanos: int64(l.Per / 8)}
		return resp
	}
	resp.Outcome = leasedv1.Outcome_OUTCOME_GRANTED
	amount := a.GetKeep() + max(a.GetNeed(), min(a.GetWant(), left))
	delete(f.slots, a.GetLease())
	f.serial++
	f.slots[f.serial] = fakeSlots{amount, time.Now().Add(l.Per)}
	resp.Grants = []*leasedv1.Grant{{Lease: f.serial, Amount: amount, TtlNanos: int64(l.Per)}}
	return resp
}
