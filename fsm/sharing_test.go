package fsm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// sharedBudget is an unkeyed budget of one limit that is shared by team.
func sharedBudget(l budget.Limit, sharing budget.Sharing) budget.Budget {
	sharing.By = "team"
	return budget.Budget{Name: "org", Limits: []budget.Limit{l}, Sharing: &sharing}
}

// teamSession opens a session of a team; of nobody without one.
func teamSession(team string, priority budget.Priority) Command {
	c := &OpenSession{Budget: "org", Priority: priority}
	if team != "" {
		c.Labels = budget.Labels{{Name: "team", Value: team}}
	}
	return Command{OpenSession: c}
}

func askFor(session lease.SessionID, seq, revision uint64, need, want budget.Credits) Command {
	return Command{Acquire: &lease.Request{Session: session, Seq: seq, Revision: revision,
		Asks: []lease.Ask{{Need: need, Want: want}}}}
}

// naiveTable is what tenants had and asked for, from all that ever happened.
type naiveTable struct {
	limit   budget.Limit
	window  budget.Window
	last    budget.Window // in which anything was asked
	granted map[string]budget.Credits
	asked   map[string]budget.Credits
	before  map[string]naiveDemand
}

// naiveDemand is what is known of a tenant's demand before the window: that it lies in low..high,
// since a tenant that is cut is taken to want up to twice as much; and for how long it was idle.
type naiveDemand struct {
	low, high budget.Credits
	idle      int
}

// enter lets windows pass, one by one. The table goes with the last window that is remembered.
func (n *naiveTable) enter(w budget.Window) {
	past := budget.Credits(n.limit.Past())
	for ; n.window < w; n.window++ {
		next := map[string]naiveDemand{}
		for _, name := range []string{"", "a", "b"} {
			d, asked := n.before[name], n.asked[name]
			if d.idle++; asked > 0 {
				d.idle = 0
			}
			if n.limit.Kind == budget.KindWindow || d.idle > n.limit.Past() {
				d.low, d.high = 0, 0
			}
			fade := func(c budget.Credits) budget.Credits { return c - (c+2*past-1)/(2*past) }
			d.low = max(asked, fade(d.low))
			d.high = max(min(2*asked, n.limit.Bound()), fade(d.high))
			if next[name] = d; d.high == 0 {
				delete(next, name)
			}
		}
		n.granted, n.asked = map[string]budget.Credits{}, map[string]budget.Credits{}
		if n.before = next; n.window+1-n.last > budget.Window(past) {
			n.before = nil
		}
	}
}

// TestTenantsReplayed plays random sessions of three tenants on a limit of each kind, with replicas
// that restore a snapshot before every entry, and compares the account's table with one that is
// kept from answers alone.
func TestTenantsReplayed(t *testing.T) {
	kinds := []budget.Limit{
		{Metric: "m", Amount: 60, Per: 10 * time.Second},
		{Metric: "m", Kind: budget.KindSliding, Amount: 60, Per: 40 * time.Second, Slots: 4},
		{Metric: "m", Kind: budget.KindBucket, Amount: 60, Per: 10 * time.Second, Burst: 960},
	}
	rapid.Check(t, func(t *rapid.T) {
		var events []trace.Event
		s := New(func(e trace.Event) { events = append(events, e) })
		index := uint64(0)
		apply := func(e Entry) []Result {
			s = restored(t, s, s.sink)
			index++
			got := s.Apply(index, 1, recoded(t, e))
			if err := Check(s); err != nil {
				t.Fatal(err)
			}
			return got
		}
		l := rapid.SampledFrom(kinds).Draw(t, "kind")
		apply(Entry{Open: true})
		c := Command{PutBudget: &PutBudget{Budget: sharedBudget(l, budget.Sharing{Reserved: 10,
			Weights: []budget.Portion{{Tenant: "a", N: 3}}}).Canonical()}}
		apply(Entry{Epoch: 1, Commands: []Command{c}})
		names := []string{"", "a", "b", "a", "b"}
		for _, name := range names {
			apply(Entry{Epoch: 1, Commands: []Command{teamSession(name, "")}})
		}
		n := naiveTable{limit: s.limits[1].Limit, granted: map[string]budget.Credits{},
			asked: map[string]budget.Credits{}}
		leases := map[lease.ID]lease.Grant{}
		owner := map[lease.ID]lease.SessionID{}
		seq := map[lease.SessionID]uint64{}
		for range rapid.IntRange(5, 40).Draw(t, "entries") {
			life := s.limits[1]
			far := int64(life.Span()) * rapid.SampledFrom([]int64{1, 1, 1, 6}).Draw(t, "far")
			stamp := s.T().Add(time.Duration(rapid.Int64Range(0, far*5/4).Draw(t, "pass")))
			id := lease.SessionID(rapid.IntRange(1, len(names)).Draw(t, "session"))
			name := names[id-1]
			n.enter(life.WindowAt(stamp))
			if len(leases) > 0 && rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				ids := slices.Sorted(maps.Keys(leases))
				g := leases[rapid.SampledFrom(ids).Draw(t, "lease")]
				back := lease.Return{Lease: g.Lease, Window: g.Window,
					Amount: budget.Credits(rapid.Int64Range(1, int64(g.Amount)).Draw(t, "back"))}
				got := apply(Entry{Epoch: 1, Stamp: stamp, Commands: []Command{{Return: &Return{
					Session: owner[g.Lease], Returns: []lease.Return{back}}}}})
				if len(got[0].Taken) > 0 {
					n.granted[names[owner[g.Lease]-1]] -= got[0].Taken[0]
				}
				delete(leases, g.Lease)
			} else {
				seq[id]++
				want := budget.Credits(rapid.IntRange(1, 40).Draw(t, "want"))
				need := budget.Credits(rapid.Int64Range(0, int64(want)).Draw(t, "need"))
				had := n.granted[name]
				n.last = n.window
				got := apply(Entry{Epoch: 1, Stamp: stamp, Commands: []Command{
					askFor(id, seq[id], 1, need, want)}})
				bound := life.Bound()
				n.asked[name] = max(n.asked[name], min(had+want, bound))
				for _, g := range got[0].Grants {
					leases[g.Lease], owner[g.Lease] = g, id
					n.granted[name] += g.Amount
				}
			}
			n.compare(t, s)
		}
	})
}

// compare holds the account's table against the naive one. What a tenant that was cut is believed
// to want is at least what it showed, and at most twice that.
func (n *naiveTable) compare(t *rapid.T, s *State) {
	l := s.limits[1]
	a := l.accounts.get("")
	if a == nil || a.Tenants == nil {
		if len(n.asked) > 0 {
			t.Fatalf("there is no table of %+v", n)
		}
		return
	}
	for _, r := range a.Tenants.Rows {
		showed, before := n.asked[r.Name], n.before[r.Name]
		if r.Granted != n.granted[r.Name] || r.Asked < showed || r.Asked > min(2*showed, l.Bound()) ||
			r.Before < before.low || r.Before > before.high {
			t.Fatalf("tenant %q is %+v, and had %d, asked %d, before that %+v", r.Name, r,
				n.granted[r.Name], showed, before)
		}
	}
	for name := range n.asked {
		if !slices.ContainsFunc(a.Tenants.Rows, func(r budget.Tenant) bool { return r.Name == name }) {
			t.Fatalf("tenant %q has no row in %+v", name, *a.Tenants)
		}
	}
}

// TestGuarantee: what is guaranteed to a tenant that asked in the last window is there for it at
// the end of this one, whatever others wanted, and what is reserved is there for high priority.
func TestGuarantee(t *testing.T) {
	r := newReplicas()
	r.open(t)
	l := budget.Limit{Metric: "m", Amount: 1000, Per: 10 * time.Second}
	r.at(t, 0, Command{PutBudget: &PutBudget{Budget: sharedBudget(l, budget.Sharing{Reserved: 10,
		Guaranteed: []budget.Portion{{Tenant: "g", N: 20}}})}},
		teamSession("g", ""), teamSession("greedy", ""), teamSession("greedy", budget.PriorityHigh),
		teamSession("greedy", budget.PriorityLow))
	r.at(t, 0, askFor(1, 1, 1, 1, 1))
	seq := uint64(0)
	take := func(at time.Duration, session lease.SessionID) (sum budget.Credits, last Result) {
		for range 100 {
			seq++
			got := r.at(t, budget.Instant(at), askFor(session, seq, 1, 1, 1000))
			last = got[0]
			if last.Code != CodeDone {
				return sum, last
			}
			sum += last.Grants[0].Amount
		}
		t.Fatal("there is no end to it")
		return sum, last
	}
	const late = 19900 * time.Millisecond // of the second window
	for _, c := range []struct {
		session lease.SessionID
		want    budget.Credits
	}{{4, 600}, {2, 100}, {1, 200}, {3, 100}} {
		left := r.a.limits[1].Amount
		if a := r.a.limits[1].accounts.get(""); a != nil && r.a.T() >= 10_000_000_000 {
			left -= a.Used
		}
		got, last := take(late, c.session)
		if got != c.want {
			t.Errorf("session %d got %d of %d, want %d", c.session, got, left, c.want)
		}
		if last.Code != CodeDenied || last.Denial.Left != 0 ||
			last.Denial.RetryAfter != 100*time.Millisecond {
			t.Errorf("session %d was told %+v, want 0 left until the window's end", c.session, last.Denial)
		}
	}
}

// TestWithheldDenial: a denial by what is withheld tells what the tenant may have, and when there
// may be more: before the window's end.
func TestWithheldDenial(t *testing.T) {
	r := newReplicas()
	r.open(t)
	l := budget.Limit{Metric: "m", Amount: 100, Per: 10 * time.Second}
	r.at(t, 0, Command{PutBudget: &PutBudget{Budget: sharedBudget(l, budget.Sharing{})}},
		teamSession("a", ""), teamSession("", ""))
	r.at(t, 0, askFor(1, 1, 1, 0, 100), askFor(2, 1, 1, 0, 100))
	got := r.at(t, budget.Instant(10*time.Second), askFor(1, 2, 1, 60, 100))
	d := got[0].Denial
	if got[0].Code != CodeDenied || d.Left != 50 || d.RetryAfter <= 0 || d.RetryAfter >= l.Per {
		t.Fatalf("got %+v %+v, want 50 left and a part of the window", got[0], d)
	}
	again := r.at(t, budget.Instant(10*time.Second).Add(d.RetryAfter), askFor(1, 3, 1, 60, 100))
	if again[0].Code != CodeDone {
		t.Errorf("after %v got %+v", d.RetryAfter, again[0])
	}
	var limits, denials []trace.Event
	for _, e := range r.events {
		if e.Kind == trace.KindDeny {
			denials = append(denials, e)
		}
	}
	if len(denials) > 0 || len(limits) > 0 {
		t.Errorf("got %+v %+v", limits, denials)
	}
}

// TestSharingChanges: a sharing that comes, changes its label and goes keeps accounts and leases as
// they are, and the event of the limit says whether it is shared.
func TestSharingChanges(t *testing.T) {
	r := newReplicas()
	r.open(t)
	l := budget.Limit{Metric: "m", Amount: 100, Per: 10 * time.Second}
	shared := func() string {
		var told []string
		for _, e := range r.events {
			if e.Kind == trace.KindLimit {
				told = append(told, fmt.Sprintf("%d shares=%t", e.Limit, e.Shares))
			}
		}
		return strings.Join(told, ", ")
	}
	put := func(want string, sharing *budget.Sharing) {
		t.Helper()
		got := r.at(t, 0, Command{PutBudget: &PutBudget{Budget: budget.Budget{Name: "org",
			Limits: []budget.Limit{l}, Sharing: sharing}}})
		if got[0].Code != CodeDone || !got[0].Changed || shared() != want {
			t.Fatalf("got %+v, told %q, want %q", got[0], shared(), want)
		}
	}
	put("1 shares=false", nil)
	put("1 shares=true", &budget.Sharing{By: "team"})
	both := Command{OpenSession: &OpenSession{Budget: "org",
		Labels: budget.Labels{{Name: "org", Value: "o"}, {Name: "team", Value: "a"}}}}
	if got := r.at(t, 0, both); got[0].Code != CodeKeyNotAllowed {
		t.Errorf("a label that nobody asked for: %+v", got[0])
	}
	got := r.at(t, 0, teamSession("a", ""), askFor(1, 1, 2, 1, 10))
	held := got[1].Grants[0]
	table := func() *budget.Tenants { return r.a.limits[1].accounts.get("").Tenants }
	if n := table().Rows[0].Granted; n != held.Amount {
		t.Errorf("a has %d, and was granted %d", n, held.Amount)
	}
	put("", &budget.Sharing{By: "team", Weights: []budget.Portion{{Tenant: "a", N: 2}}})
	put("", &budget.Sharing{By: "user"}) // the session's label is of no use any more
	open := Command{OpenSession: &OpenSession{Budget: "org",
		Labels: budget.Labels{{Name: "user", Value: "u"}}}}
	r.at(t, 0, open, askFor(2, 1, 4, 1, 20))
	if rows := table().Rows; table().By != "user" || len(rows) != 1 || rows[0].Name != "u" {
		t.Errorf("got %+v", table())
	}
	put("1 shares=false", nil)
	got = r.at(t, 0, Command{Return: &Return{Session: 2}}, Command{Return: &Return{Session: 1,
		Returns: []lease.Return{{Lease: held.Lease, Window: held.Window, Amount: held.Amount}}}})
	for i := range got {
		if got[i].Code != CodeUnknownSession {
			t.Errorf("a session with a label too many: %+v", got[i])
		}
	}
	got = r.at(t, 0, teamSession("", ""), askFor(5, 1, 5, 1, 20))
	if got[0].Session == 0 {
		t.Errorf("got %+v", got)
	}
}

// TestSharedParent: teams divide what their organisation has, each under its own budget.
func TestSharedParent(t *testing.T) {
	r := newReplicas()
	r.open(t)
	org := budget.Budget{Name: "org", Keyed: true, Template: "{org}", Limits: []budget.Limit{
		{Metric: "m", Amount: 100, Per: 10 * time.Second}}, Sharing: &budget.Sharing{By: "team"}}
	team := budget.Budget{Name: "team", Keyed: true, Template: "{org}/{team}", Parent: "org",
		Limits: []budget.Limit{{Metric: "m", Amount: 90, Per: 10 * time.Second}}}
	open := func(name string) Command {
		return Command{OpenSession: &OpenSession{Budget: "team",
			Labels: budget.Labels{{Name: "org", Value: "o"}, {Name: "team", Value: name}}}}
	}
	ask := func(session lease.SessionID, seq uint64, n budget.Credits) Command {
		return Command{Acquire: &lease.Request{Session: session, Seq: seq, Revision: 2,
			Asks: []lease.Ask{{Limit: 0, Need: n, Want: n}, {Limit: 1, Need: n, Want: n}}}}
	}
	r.at(t, 0, Command{PutBudget: &PutBudget{Budget: org}},
		Command{PutBudget: &PutBudget{Budget: team}},
		open("a"), open("b"))
	got := r.at(t, 0, ask(1, 1, 40), ask(2, 1, 40))
	if got[0].Code != CodeDone || got[1].Code != CodeDone {
		t.Fatalf("got %+v", got)
	}
	at := budget.Instant(10 * time.Second)
	// Of 100 each team wants 40 by what it showed. What is kept for b is none of a's.
	got = r.at(t, at, ask(1, 2, 61), ask(2, 2, 40))
	if d := got[0].Denial; d == nil || d.Limit != 1 || d.Left != 60 || got[1].Code != CodeDone {
		t.Errorf("got %+v %+v, %+v", got[0], d, got[1])
	}
}

// TestSharedByKey: the label may be the one that keys are made of, where the budget has none.
func TestSharedByKey(t *testing.T) {
	r := newReplicas()
	r.open(t)
	b := sharedBudget(budget.Limit{Metric: "m", Amount: 100, Per: time.Minute}, budget.Sharing{})
	b.Sharing.By = "key"
	got := r.at(t, 0, Command{PutBudget: &PutBudget{Budget: b}},
		Command{OpenSession: &OpenSession{Budget: "org", Key: "k"}}, askFor(1, 1, 1, 1, 5))
	if got[2].Code != CodeDone || r.a.limits[1].accounts.get("").Tenants.Rows[0].Name != "k" {
		t.Errorf("got %+v", got)
	}
	bad := Command{OpenSession: &OpenSession{Budget: "org", Key: "k", Priority: "urgent"}}
	if got := r.at(t, 0, bad); got[0].Code != CodeInvalid ||
		!strings.HasPrefix(got[0].Detail, `priority: "urgent" is not allowed`) {
		t.Errorf("got %+v", got[0])
	}
}
