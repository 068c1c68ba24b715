//go:build linux

package process

import (
	"maps"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
)

// The metrics of the budgets.
const (
	Requests = "requests"
	Tokens   = "tokens"
)

// Ample is the workload of campaigns that measure gaps in grants.
const Ample = "ample"

// BudgetName is the one budget's.
const BudgetName = "b"

// Workload is a budget and the traffic on it.
type Workload struct {
	Per    time.Duration // of every limit
	Amount int64         // requests a period, of each account
	// Slots makes the limit on requests a sliding one, of so many; Bucket a bucket that holds as
	// much as its amount. Otherwise it is a window limit.
	Slots  int
	Bucket bool
	// Hold, above zero, makes it one of slots, each of which is held for so long, as a mean, and
	// kept for Per after a heartbeat.
	Hold   time.Duration
	Tokens int64 // tokens a window; 0: no such limit
	Keys   int   // accounts; 0: not keyed
	// Limiters is their number in all processes together. With keys each has its own.
	Limiters int
	PerSec   int // operations of all processes together
	MaxCost  int64
	// Wait makes callers wait for their credits, a window or half a second; otherwise they are
	// told at once.
	Wait bool
	// Change is the mean time between two changes of the amount; 0: never.
	Change time.Duration
}

// Workloads are the traffics to choose from. Every limit admits one of the cheapest requests of
// each limiter in a window, so that a healed cluster can serve them all.
var Workloads = map[string]Workload{
	// A small limit that everybody wants.
	"hot": {Per: time.Second, Amount: 60, Limiters: 24, PerSec: 400, MaxCost: 3},
	// A thousand tenants.
	"keyed": {Per: 2 * time.Second, Amount: 20, Keys: 1000, Limiters: 1000, PerSec: 300, MaxCost: 3},
	// Windows hardly longer than a round trip under load, and many limiters.
	"tiny": {Per: 100 * time.Millisecond, Amount: 400, Limiters: 200, PerSec: 400, MaxCost: 2,
		Wait: true},
	// Calls to a language model: requests and tokens.
	"llm": {Per: 2 * time.Second, Amount: 150, Tokens: 400_000, Limiters: 20, PerSec: 100,
		Wait: true},
	// More than anybody asks for, so that there is always something to grant.
	Ample: {Per: 2 * time.Second, Amount: 20_000, Limiters: 12, PerSec: 300, MaxCost: 3},
	// The limit is raised and lowered while it is used.
	"limits": {Per: time.Second, Amount: 100, Limiters: 16, PerSec: 300, MaxCost: 3,
		Change: 1500 * time.Millisecond},
	// A small limit on any interval that everybody wants, and that is raised and lowered.
	"sliding": {Per: 2 * time.Second, Amount: 120, Slots: 5, Limiters: 16, PerSec: 300, MaxCost: 3,
		Change: 4 * time.Second},
	"bucket": {Per: 3 * time.Second, Amount: 150, Bucket: true, Limiters: 16, PerSec: 300,
		MaxCost: 3, Change: 4 * time.Second},
	// A few at a time, in the whole fleet.
	"slots": {Per: 2 * time.Second, Amount: 12, Hold: 400 * time.Millisecond, Limiters: 12,
		PerSec: 60, MaxCost: 2, Wait: true, Change: 4 * time.Second},
}

// WorkloadNames are the keys of Workloads, in order.
func WorkloadNames() []string { return slices.Sorted(maps.Keys(Workloads)) }

// Budget is the workload's, with that amount of requests a window.
func (w Workload) Budget(amount int64) budget.Budget {
	limit := func(metric string, amount int64) budget.Limit {
		return budget.Limit{Metric: metric, Kind: budget.KindWindow,
			Amount: budget.Credits(amount), Per: w.Per}
	}
	requests := limit(Requests, amount)
	switch {
	case w.Slots > 0:
		requests.Kind, requests.Slots = budget.KindSliding, w.Slots
	case w.Hold > 0:
		requests.Kind = budget.KindSlots
	case w.Bucket:
		requests.Kind, requests.Burst = budget.KindBucket, budget.Credits(amount)
	}
	b := budget.Budget{Name: BudgetName, Keyed: w.Keys > 0, Limits: []budget.Limit{requests}}
	if w.Tokens > 0 {
		b.Limits = append(b.Limits, limit(Tokens, w.Tokens))
	}
	return b
}
