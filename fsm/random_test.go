package fsm

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// TestRandomCommands runs random logs through two replicas and the model: after every entry the
// three agree in every answer and every account, and the replicas hold every invariant.
func TestRandomCommands(t *testing.T) { rapid.Check(t, randomLog) }

// FuzzCommands lets the fuzzer choose the log.
func FuzzCommands(f *testing.F) { f.Fuzz(rapid.MakeFuzz(randomLog)) }

// world is a random log at work, and what a caller knows of it.
type world struct {
	r      *replicas
	m      *model
	leases []lease.Grant
	seq    map[lease.SessionID]uint64
	seen   map[Code]int
}

func randomLog(t *rapid.T) {
	w := &world{r: newReplicas(), seq: map[lease.SessionID]uint64{}, seen: map[Code]int{}}
	w.r.a.bounds = bounds{budgets: 3, sessions: 5, accounts: 9, graves: 100, expired: 5}
	w.m = &model{max: w.r.a.bounds}
	for range rapid.IntRange(20, 60).Draw(t, "entries") {
		w.step(t, w.entry(t))
	}
}

// rarely is true about once in n times. Small draws are more likely and shrink to, so the large
// one is it.
func rarely(t *rapid.T, n int, what string) bool {
	return rapid.Uint8Range(0, 255).Draw(t, what) >= uint8(256-256/n)
}

func (w *world) entry(t *rapid.T) Entry {
	if w.r.a.Epoch() == 0 || rarely(t, 30, "open") {
		w.r.term++
		return Entry{Open: true}
	}
	e := Entry{Epoch: w.r.a.Epoch()}
	if rarely(t, 20, "stale") {
		e.Epoch--
	}
	jump := rapid.SampledFrom([]time.Duration{
		0, 0, 1, time.Second, 5 * time.Second, 20 * time.Second, time.Minute, 9 * time.Minute,
	}).Draw(t, "jump")
	e.Stamp = max(0, w.r.a.T().Add(jump-time.Duration(rapid.IntRange(0, 1).Draw(t, "back"))))
	for range rapid.IntRange(0, 5).Draw(t, "commands") {
		e.Commands = append(e.Commands, w.command(t))
	}
	return e
}

func (w *world) command(t *rapid.T) Command {
	name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "budget")
	switch {
	case w.m.revisions == 0 && rarely(t, 3, "restored") || rarely(t, 60, "restored late"):
		return Command{TakeOver: &TakeOver{
			Backup: backupID(rapid.SampledFrom([]byte("aab")).Draw(t, "backup")),
			Last: Counters{Session: 5, Lease: lease.ID(rapid.IntRange(0, 9).Draw(t, "last")),
				Limit: 2, Revision: 1}}}
	case len(w.m.budgets) == 0 || rarely(t, 12, "put"):
		return Command{PutBudget: &PutBudget{Budget: w.budget(t, name)}}
	case rarely(t, 25, "delete"):
		return Command{DeleteBudget: &DeleteBudget{Name: name}}
	case len(w.m.alive()) == 0 || rarely(t, 7, "open"):
		c := &OpenSession{Key: rapid.SampledFrom([]string{"", "k", "l"}).Draw(t, "key")}
		if n := len(w.m.budgets); n > 0 && !rarely(t, 10, "any budget") {
			name = w.m.budgets[rapid.IntRange(0, n-1).Draw(t, "of")].Name
		}
		if c.Budget = name; c.Key != "" && rapid.Bool().Draw(t, "labels") {
			c.Labels = budget.Labels{{Name: "key", Value: c.Key}}
			if c.Key = ""; !rarely(t, 4, "no org") {
				c.Labels = append(c.Labels, budget.Label{Name: "org",
					Value: rapid.SampledFrom([]string{"o", "p"}).Draw(t, "org")})
			}
		}
		return Command{OpenSession: c}
	case rarely(t, 6, "return"):
		return Command{Return: &Return{Session: w.session(t), Returns: w.returns(t),
			Close: rarely(t, 8, "close")}}
	default:
		return Command{Acquire: w.request(t)}
	}
}

func (w *world) budget(t *rapid.T, name string) budget.Budget {
	b := budget.Budget{Name: name, Keyed: name == "b" != rarely(t, 10, "odd")}
	for range rapid.IntRange(1, 3).Draw(t, "limits") {
		b.Limits = append(b.Limits, budget.Limit{
			Metric: rapid.SampledFrom([]string{"m", "n"}).Draw(t, "metric"),
			Amount: budget.Credits(rapid.IntRange(1, 30).Draw(t, "amount")),
			Per: rapid.SampledFrom([]time.Duration{
				7 * time.Second, 10 * time.Second, time.Minute, time.Hour,
			}).Draw(t, "per"),
		})
	}
	if rarely(t, 3, "org") {
		b.Keyed, b.Template = true, "{org}:{key}"
	}
	if rapid.Bool().Draw(t, "child") {
		b.Parent = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "parent")
	}
	if b.Parent == name { // which no caller lets through
		b.Parent = ""
	}
	return dedup(b)
}

// dedup drops limits that are there twice.
func dedup(b budget.Budget) budget.Budget {
	var kept []budget.Limit
	for _, l := range b.Limits {
		if !slices.ContainsFunc(kept, l.Same) {
			kept = append(kept, l)
		}
	}
	b.Limits = kept
	return b
}

// session is one that lives, or now and then any.
func (w *world) session(t *rapid.T) lease.SessionID {
	if alive := w.m.alive(); len(alive) > 0 && !rarely(t, 15, "lost") {
		return rapid.SampledFrom(alive).Draw(t, "session").id
	}
	// Now and then of the cluster before.
	return w.m.last().Session + 1 - lease.SessionID(rapid.IntRange(0, len(w.m.sessions)+1).
		Draw(t, "any session"))
}

// returns are of the last leases, whose session may be another.
func (w *world) returns(t *rapid.T) (returns []lease.Return) {
	for range rapid.IntRange(0, 2).Draw(t, "returns") {
		r := lease.Return{Lease: 1, Amount: 1}
		if n := len(w.leases); n > 0 {
			g := w.leases[rapid.IntRange(max(0, n-6), n-1).Draw(t, "lease")]
			r = lease.Return{Lease: g.Lease, Window: g.Window,
				Amount: g.Amount - budget.Credits(rapid.IntRange(-1, 2).Draw(t, "part"))}
		}
		if rarely(t, 10, "window") {
			r.Window++
		}
		returns = append(returns, r)
	}
	return returns
}

func (w *world) request(t *rapid.T) *lease.Request {
	r := &lease.Request{Session: w.session(t)}
	r.Seq = w.seq[r.Session] + 1
	if back := uint64(rapid.IntRange(1, 2).Draw(t, "back")); r.Seq > back && rarely(t, 5, "retry") {
		r.Seq -= back
	}
	w.seq[r.Session] = max(w.seq[r.Session], r.Seq)
	limits := 1
	if at, ok := w.m.requestedOf(r.Session); ok {
		r.Revision, limits = at.revision, len(at.limits)
	}
	if rarely(t, 15, "old") {
		r.Revision++
	}
	for i := range limits {
		if rarely(t, 4, "no ask") {
			continue
		}
		need := budget.Credits(rapid.IntRange(0, 12).Draw(t, "need"))
		if rarely(t, 15, "large") {
			need *= 3
		}
		want := max(1, need) + budget.Credits(rapid.IntRange(0, 20).Draw(t, "want"))
		r.Asks = append(r.Asks, lease.Ask{Limit: i, Need: need, Want: want})
	}
	if len(r.Asks) > 1 && rapid.Bool().Draw(t, "reverse") {
		slices.Reverse(r.Asks)
	}
	r.Returns = w.returns(t)
	return r
}

func (w *world) step(t *rapid.T, e Entry) {
	got := w.r.apply(t, e)
	want := w.m.apply(w.r.term, recoded(t, e))
	for i := range max(len(got), len(want)) {
		if i < min(len(got), len(want)) && want[i].Detail == anyDetail && got[i].Detail != "" {
			want[i].Detail = got[i].Detail
		}
		if i >= len(got) || i >= len(want) || !bytes.Equal(encoded(t, got[i]), encoded(t, want[i])) {
			t.Fatalf("command %d of %+v:\ngot   %+v\nmodel %+v", i, e, got, want)
		}
		w.seen[got[i].Code]++
		w.leases = append(w.leases, got[i].Grants...)
	}
	w.compare(t)
}

// compare holds every account and session against the model.
func (w *world) compare(t *rapid.T) {
	s, m := w.r.a, w.m
	if s.T() != m.t || s.Epoch() != m.epoch || s.Last() != m.last() ||
		len(s.budgets) != len(m.budgets) ||
		len(s.sessions) != len(m.alive()) || s.accounts != m.accounts() {
		t.Fatalf("T %d, epoch %d, last %+v, %+v; the model: T %d, epoch %d, last %+v, %d budgets, "+
			"%d sessions, %d accounts",
			s.T(), s.Epoch(), s.Last(), s.Counts(), m.t, m.epoch, m.last(), len(m.budgets),
			len(m.alive()), m.accounts())
	}
	for _, b := range m.budgets {
		for _, key := range []string{"", "k", "l", "o:k", "p:l"} {
			st, _ := s.Budget(b.Name, key)
			if st.Revision != b.revision || len(st.Limits) != len(b.lives) {
				t.Fatalf("budget %q: got %+v, want revision %d", b.Name, st, b.revision)
			}
			for i, l := range b.lives {
				window, _, ends := m.window(l)
				left, opens := m.left(l, key)
				want := LimitStatus{Limit: l.Limit, Serial: l.serial, Window: window, Ends: ends,
					Used: m.used(l, key), Left: left, Opens: opens}
				if st.Limits[i] != want {
					t.Fatalf("budget %q key %q: got %+v, want %+v", b.Name, key, st.Limits[i], want)
				}
			}
		}
	}
}

// TestRandomCommandsCover: the random logs meet every code that they can.
func TestRandomCommandsCover(t *testing.T) {
	seen := map[Code]int{}
	gen := rapid.Custom(func(t *rapid.T) map[Code]int {
		w := &world{r: newReplicas(), seq: map[lease.SessionID]uint64{}, seen: map[Code]int{}}
		w.r.a.bounds = bounds{budgets: 3, sessions: 5, accounts: 9, graves: 100, expired: 5}
		w.m = &model{max: w.r.a.bounds}
		for range 40 {
			w.step(t, w.entry(t))
		}
		return w.seen
	})
	for seed := range 40 {
		for code, n := range gen.Example(seed) {
			seen[code] += n
		}
	}
	for code := CodeStaleEpoch; code <= CodeMisfit; code++ {
		if seen[code] == 0 && code != CodeNotNew+1 { // which is nobody's
			t.Errorf("%s never came up: %v", code, seen)
		}
	}
	t.Logf("%v", seen)
}
