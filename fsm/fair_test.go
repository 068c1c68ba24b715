package fsm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// A crowd is tenants that share one limit of crowdLimit credits per crowdPer, in ticks of a 200th
// of that. Their holders do what lease.Holder does, in little: they ask below a quarter of what
// they aim at, keep still while a denial stands, and lose what no credit is there for.
const (
	crowdLimit   = 1000
	crowdPer     = 10 * time.Second
	crowdTicks   = 200
	crowdWindows = 12
	// settled is the first window that is measured, of a crowd that is there from the beginning: the
	// demand of those that are cut is known to a factor of two at first.
	settled = 3
)

// crowdTenant is a tenant of a crowd.
type crowdTenant struct {
	name     string
	demand   int64 // credits a window
	holders  int
	from, to int // the windows in which it is there; to 0: to the end
	// begins is from which tick of each window on it wants anything, all of its demand from then on.
	begins   int64
	priority budget.Priority
}

func (c crowdTenant) in(window int) bool {
	return window >= c.from && (c.to == 0 || window < c.to)
}

// crowdHolder is one session at work.
type crowdHolder struct {
	tenant  int
	session lease.SessionID
	seq     uint64
	stock   int64
	due     int64 // demand in parts of a credit
	missed  bool
	quiet   budget.Instant // until when a denial stands
}

type sharers struct {
	t       *testing.T
	s       *State
	tenants []crowdTenant
	holders []*crowdHolder
	spent   [][crowdWindows]int64 // by tenant
}

// newSharers returns a crowd on a budget. Nil sharing: first come, first served.
func newSharers(t *testing.T, sharing *budget.Sharing, tenants []crowdTenant) *sharers {
	t.Helper()
	c := &sharers{t: t, s: New(nil), tenants: tenants,
		spent: make([][crowdWindows]int64, len(tenants))}
	c.s.Apply(1, 1, Entry{Open: true})
	b := budget.Budget{Name: "org", Sharing: sharing, Limits: []budget.Limit{crowdWindow}}
	c.at(0, Command{PutBudget: &PutBudget{Budget: b.Canonical()}})
	for i, tenant := range tenants {
		for range tenant.holders {
			open := &OpenSession{Budget: "org", Priority: tenant.priority}
			if sharing != nil && tenant.name != "" {
				open.Labels = budget.Labels{{Name: sharing.By, Value: tenant.name}}
			}
			got := c.at(0, Command{OpenSession: open})
			if got[0].Code != CodeDone {
				t.Fatalf("open: %+v", got[0])
			}
			c.holders = append(c.holders, &crowdHolder{tenant: i, session: got[0].Session})
		}
	}
	return c
}

func (c *sharers) at(stamp budget.Instant, commands ...Command) []Result {
	return c.s.Apply(c.s.index+1, 1, Entry{Epoch: 1, Stamp: stamp, Commands: commands})
}

// play lets all windows pass.
func (c *sharers) play() {
	tick := budget.Instant(crowdPer / crowdTicks)
	for n := range int64(crowdWindows * crowdTicks) {
		window, within := int(n/crowdTicks), n%crowdTicks
		var asking []*crowdHolder
		var commands []Command
		for i := range c.holders { // each tick another one comes first
			h := c.holders[(i+int(n))%len(c.holders)]
			if within == 0 {
				h.stock, h.missed, h.quiet = 0, false, 0
			}
			if ask := c.want(h, window, within); ask > 0 && h.quiet <= budget.Instant(n)*tick {
				asking = append(asking, h)
				commands = append(commands, h.request(c.s, ask))
			}
		}
		for i, r := range c.at(budget.Instant(n)*tick, commands...) {
			asking[i].take(c.t, r, c.s.T())
		}
		if within == crowdTicks-1 {
			if err := Check(c.s); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

// want lets a tick's demand come, spends on it, and returns what to ask for.
func (c *sharers) want(h *crowdHolder, window int, within int64) int64 {
	tenant := c.tenants[h.tenant]
	if !tenant.in(window) || within < tenant.begins {
		return 0
	}
	ticks := (crowdTicks - tenant.begins) * int64(tenant.holders)
	h.due += tenant.demand
	offered := h.due / ticks
	h.due %= ticks
	spent := min(offered, h.stock)
	h.stock -= spent
	h.missed = h.missed || spent < offered
	c.spent[h.tenant][window] += spent
	target := max(1, tenant.demand*crowdTicks/ticks/8)
	if h.stock*4 > target {
		return 0
	}
	return target - h.stock
}

func (h *crowdHolder) request(s *State, want int64) Command {
	need := budget.Credits(0)
	if h.missed {
		need = 1
	}
	h.seq++
	return Command{Acquire: &lease.Request{Session: h.session, Seq: h.seq,
		Revision: s.last.Revision, Asks: []lease.Ask{{Need: need, Want: budget.Credits(want)}}}}
}

func (h *crowdHolder) take(t *testing.T, r Result, now budget.Instant) {
	t.Helper()
	switch r.Code {
	case CodeDone:
		h.stock += int64(r.Grants[0].Amount)
		h.missed = false
	case CodeDenied:
		h.quiet = now.Add(r.Denial.RetryAfter)
	default:
		t.Fatalf("got %+v", r)
	}
}

// fairness is what a crowd made of its windows from one on, against what is fair.
type fairness struct {
	jain        float64 // Jain's index of what each tenant spent over what was fair, 1 if all equal
	deviation   float64 // the largest part of what was fair by which a tenant was off, in a window
	utilisation float64 // spent, over all that could have been
}

func (f fairness) String() string {
	return fmt.Sprintf("Jain's index %.4f, largest deviation %4.1f %%, utilisation %5.1f %%",
		f.jain, 100*f.deviation, 100*f.utilisation)
}

// measure compares with the ideal in windows from one up to another.
func (c *sharers) measure(sharing *budget.Sharing, from, to int) (f fairness) {
	var sum, squares, n, spent, could float64
	for w := from; w < to; w++ {
		demands := make([]int64, len(c.tenants))
		for i, tenant := range c.tenants {
			if tenant.in(w) {
				demands[i] = tenant.demand
			}
		}
		for i, fair := range ideal(sharing, c.tenants, demands) {
			spent, could = spent+float64(c.spent[i][w]), could+float64(fair)
			if fair == 0 {
				continue
			}
			x := float64(c.spent[i][w]) / float64(fair)
			sum, squares, n = sum+x, squares+x*x, n+1
			f.deviation = max(f.deviation, x-1, 1-x)
		}
	}
	f.jain, f.utilisation = sum*sum/(n*squares), spent/could
	return f
}

// ideal gives the limit away credit by credit: to whoever has least for its weight, of those that
// want more.
func ideal(sharing *budget.Sharing, tenants []crowdTenant, demands []int64) []int64 {
	got := make([]int64, len(tenants))
	for range crowdLimit {
		next := -1
		for i := range tenants {
			if got[i] < demands[i] && (next < 0 ||
				got[i]*weightOf(sharing, tenants[next].name) < got[next]*weightOf(sharing, tenants[i].name)) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		got[next]++
	}
	return got
}

func weightOf(sharing *budget.Sharing, tenant string) int64 {
	at := slices.IndexFunc(sharing.Weights, func(p budget.Portion) bool { return p.Tenant == tenant })
	if at < 0 {
		return 1
	}
	return sharing.Weights[at].N
}

var crowdWindow = budget.Limit{Metric: "m", Amount: crowdLimit, Per: crowdPer}

// TestFairness: under overload each tenant gets what weighted max-min fairness gives it, within a
// few percent, and next to nothing is left unused. Beside it stands what first come, first served
// makes of the same crowd.
func TestFairness(t *testing.T) {
	by := func(weights ...budget.Portion) *budget.Sharing {
		return &budget.Sharing{By: "team", Weights: weights}
	}
	for _, c := range []struct {
		name    string
		sharing *budget.Sharing
		tenants []crowdTenant
		from    int
	}{
		{"unequal demand", by(), []crowdTenant{{name: "a", demand: 100, holders: 2},
			{name: "b", demand: 300, holders: 3}, {name: "c", demand: 900, holders: 4},
			{name: "d", demand: 3000, holders: 8}}, settled},
		{"weights 3 2 1", by(budget.Portion{Tenant: "a", N: 3}, budget.Portion{Tenant: "b", N: 2}),
			[]crowdTenant{{name: "a", demand: 1500, holders: 3}, {name: "b", demand: 1500, holders: 3},
				{name: "c", demand: 1500, holders: 3}}, settled},
		{"one with 30 holders", by(), []crowdTenant{{name: "a", demand: 400, holders: 1},
			{name: "b", demand: 8000, holders: 30}}, settled},
		{"a late comer", by(), []crowdTenant{{name: "a", demand: 2000, holders: 4},
			{name: "b", demand: 800, holders: 4, from: 5}}, 6},
		{"one goes", by(), []crowdTenant{{name: "a", demand: 2000, holders: 4},
			{name: "b", demand: 800, holders: 4, to: 5}}, 5},
		{"half idle", by(), []crowdTenant{{name: "a", demand: 2000, holders: 4},
			{name: "b", demand: 800, holders: 4, to: 4}, {name: "c", demand: 800, holders: 4, to: 4},
			{name: "d", demand: 800, holders: 4, to: 4}}, 4},
		{"only in the second half", by(), []crowdTenant{{name: "a", demand: 2000, holders: 4},
			{name: "b", demand: 500, holders: 4, begins: crowdTicks / 2}}, 5},
		{"32 tenants", by(), manyTenants(32), settled},
	} {
		fair := newSharers(t, c.sharing, c.tenants)
		fair.play()
		got := fair.measure(c.sharing, c.from, crowdWindows)
		first := newSharers(t, nil, c.tenants)
		first.play()
		t.Logf("%-24s shared: %v", c.name, got)
		t.Logf("%-24s  first: %v", "", first.measure(c.sharing, c.from, crowdWindows))
		if got.jain < 0.99 || got.deviation > 0.13 || got.utilisation < 0.98 {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// manyTenants are n, of which the i-th wants i times 30 credits.
func manyTenants(n int) (tenants []crowdTenant) {
	for i := range n {
		tenants = append(tenants, crowdTenant{name: fmt.Sprintf("t%02d", i), holders: 1 + i%3,
			demand: int64(30 * (i + 1))})
	}
	return tenants
}
