package fsm

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// plainSnapshot encodes a state that nothing is done to meanwhile, by walking it as it is and
// looking at every type: what an Image, which is written later and by hand, is compared with.
func plainSnapshot(t fataler, s *State) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := encoding.NewEncoder(&b)
	items := []any{header{
		Form: snapshotForm, Version: SnapshotVersion, T: s.t, Epoch: s.epoch, Index: s.index,
		Term: s.term, Entries: s.entries, Digest: s.digest, Last: s.last,
		Budgets: len(s.budgets), Graves: len(s.graves), Sessions: len(s.sessions),
		Origin: s.origin, Calendar: s.calendar.item(),
	}}
	for _, name := range slices.Sorted(maps.Keys(s.budgets)) {
		p := s.budgets[name]
		item := budgetItem{Budget: p.asPut(), Revision: p.revision}
		var accounts []any
		for _, l := range p.lives {
			life := lifeItem{Serial: l.serial, Window: l.window, EmptyUntil: l.emptyUntil,
				Forgotten: l.forgotten, Accounts: l.accounts.len(), Was: l.was,
				Overrides: overrideItems(l.overrides)}
			for i, gen := range l.generations() {
				if i > 0 {
					life.Past = append(life.Past, gen.len())
				}
				for _, key := range keysOf(gen) {
					accounts = append(accounts, accountItem{key, *gen.get(key)})
				}
			}
			item.Lives = append(item.Lives, life)
		}
		items = append(append(items, item), accounts...)
	}
	for _, g := range slices.SortedFunc(maps.Keys(s.graves), grave.compare) {
		items = append(items, graveItem{g.budget, g.metric, s.graves[g]})
	}
	for ss := s.idle.oldest; ss != nil; ss = ss.newer {
		items = append(items, ss)
	}
	for _, item := range items {
		if err := enc.Encode(item); err != nil {
			t.Fatalf("encode %+v: %v", item, err)
		}
	}
	return b.Bytes()
}

// exposure is an image of a state that goes on, and what its snapshot must be.
type exposure struct {
	image *Image
	want  []byte
}

func expose(t fataler, s *State) exposure {
	t.Helper()
	want := plainSnapshot(t, s)
	if got := snapshotOf(t, s); !bytes.Equal(got, want) {
		t.Fatalf("index %d: the snapshot is\n%x, want\n%x", s.index, got, want)
	}
	return exposure{s.Freeze(), want}
}

func (x exposure) check(t fataler) {
	t.Helper()
	var b bytes.Buffer
	if err := x.image.Write(&b); err != nil {
		t.Fatalf("%v", err)
	}
	if !bytes.Equal(b.Bytes(), x.want) {
		t.Fatalf("the image of index %d became\n%x, want\n%x", x.image.Index(), b.Bytes(), x.want)
	}
}

// TestImagesStay: at each index of random logs an image is taken, and written when more of the log
// was applied, in part or all of it: byte for byte it is what the state was then.
func TestImagesStay(t *testing.T) { rapid.Check(t, imagesStay) }

func imagesStay(t *rapid.T) {
	w := &world{r: newReplicas(), seq: map[lease.SessionID]uint64{}, seen: map[Code]int{}}
	w.r.a.bounds.budgets, w.r.a.bounds.sessions = 3, 5
	w.m = &model{max: w.r.a.bounds}
	var taken []exposure
	for range rapid.IntRange(10, 40).Draw(t, "entries") {
		w.step(t, w.entry(t))
		taken = append(taken, expose(t, w.r.a))
		if rapid.Bool().Draw(t, "one is written") {
			taken[rapid.IntRange(0, len(taken)-1).Draw(t, "which")].check(t)
		}
		if len(taken) > 1 && rapid.Bool().Draw(t, "one is abandoned") {
			taken = slices.Delete(taken, 0, 1)
		}
	}
	for _, x := range taken {
		x.check(t)
	}
}

// stepWriter applies entries between the parts of a snapshot that is being written.
type stepWriter struct {
	bytes.Buffer
	r    *rand.Rand
	left int
	step func()
}

func (w *stepWriter) Write(p []byte) (int, error) {
	for part := p; len(part) > 0; {
		n := min(len(part), w.left)
		w.Buffer.Write(part[:n])
		part, w.left = part[n:], w.left-n
		if w.left == 0 {
			w.left = 1 + w.r.IntN(2000)
			w.step()
		}
	}
	return len(p), nil
}

// TestImageIsWrittenInSteps: of every kind of limit, with some hundred accounts and a thousand
// sessions, before and while entries change, add and remove both in every window.
func TestImageIsWrittenInSteps(t *testing.T) {
	for _, limit := range scaleKinds {
		for _, sharing := range []*budget.Sharing{nil, {By: "team"}} {
			if limit.Kind == budget.KindSlots && sharing != nil {
				continue // which is refused
			}
			limit.Per, limit.Amount = 30*time.Second, 1000
			b := newBustle(t, limit, sharing)
			for range 3000 {
				b.step()
			}
			for range 8 {
				x := expose(t, b.s)
				for range b.r.IntN(200) {
					b.step()
				}
				w := &stepWriter{r: b.r, left: 1, step: b.step}
				if err := x.image.Write(w); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(w.Bytes(), x.want) {
					t.Fatalf("%s: the image of index %d changed while it was written",
						limit.Kind, x.image.Index())
				}
			}
			if err := Check(b.s); err != nil {
				t.Errorf("%s: %v", limit.Kind, err)
			}
			restored(t, b.s, nil)
		}
	}
}

// bustle is a state of many keys at work.
type bustle struct {
	t    testing.TB
	r    *rand.Rand
	s    *State
	live []lease.SessionID
	last map[lease.SessionID]lease.Grant
	// shared: sessions have a team, too.
	shared bool
}

func newBustle(t testing.TB, limit budget.Limit, sharing *budget.Sharing) *bustle {
	b := &bustle{t: t, r: rand.New(rand.NewPCG(6, 3)), s: New(nil),
		last: map[lease.SessionID]lease.Grant{}, shared: sharing != nil}
	b.s.Apply(1, 1, Entry{Open: true})
	c := put("b", limit)
	c.PutBudget.Budget.Keyed, c.PutBudget.Budget.Sharing = true, sharing
	if got := b.do(c); got[0].Code != CodeDone {
		t.Fatalf("%+v: got %+v", c.PutBudget.Budget, got)
	}
	return b
}

func (b *bustle) do(commands ...Command) []Result {
	return b.s.Apply(b.s.index+1, 1, Entry{Epoch: 1,
		Stamp: b.s.t.Add(time.Duration(b.r.IntN(int(500 * time.Millisecond)))), Commands: commands})
}

// step opens a session, has three ask, gives back or closes one, and now and then overrides a
// limit.
func (b *bustle) step() {
	key := "tenant-" + string(rune('a'+b.r.IntN(16))) + string(rune('a'+b.r.IntN(16)))
	open := &OpenSession{Budget: "b", Labels: budget.Labels{{Name: "key", Value: key}}}
	if b.shared {
		open.Labels = append(open.Labels,
			budget.Label{Name: "team", Value: string(rune('a' + b.r.IntN(3)))})
	}
	commands := []Command{{OpenSession: open}}
	for range min(3, len(b.live)) {
		id := b.live[b.r.IntN(len(b.live))]
		ss := b.s.sessions[id]
		if ss == nil {
			b.live = slices.DeleteFunc(b.live, func(i lease.SessionID) bool { return i == id })
			continue
		}
		ask := lease.Ask{Want: budget.Credits(1 + b.r.IntN(9))}
		request := &lease.Request{Session: id, Seq: ss.Seq + 1,
			Revision: b.s.budgets["b"].revision, Asks: []lease.Ask{ask}}
		if g, has := b.last[id]; has && b.r.IntN(2) == 0 {
			request.Returns = []lease.Return{{Lease: g.Lease, Window: g.Window, Amount: 1}}
		}
		commands = append(commands, Command{Acquire: request})
		if b.r.IntN(8) == 0 {
			commands = append(commands, Command{Return: &Return{Session: id, Close: true}})
		}
	}
	if b.r.IntN(8) == 0 && b.s.budgets["b"].Limits[0].Kind != budget.KindBucket {
		commands = append(commands, Command{SetLimit: &SetLimit{Budget: "b", Metric: "m", Key: key,
			Amount: budget.Credits(1 + b.r.IntN(2000)), For: time.Duration(b.r.IntN(99)) * time.Second}})
	}
	got := b.do(commands...)
	if got[0].Code != CodeDone {
		b.t.Fatalf("got %+v", got[0])
	}
	b.live = append(b.live, got[0].Session)
	for i, r := range got[1:] {
		if c := commands[i+1].Acquire; c != nil && len(r.Grants) > 0 {
			b.last[c.Session] = r.Grants[0]
		}
	}
}

// TestAppendItems: what is encoded by hand is what encoding writes of the same.
func TestAppendItems(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	n := func() int64 { return int64(r.Uint64()>>r.IntN(64)) * int64(r.IntN(3)-1) }
	u := func() uint64 { return r.Uint64() >> r.IntN(64) * uint64(r.IntN(2)) }
	for range 20_000 {
		a := row{Account: budget.Account{Used: budget.Credits(n()), Peak: budget.Credits(n()),
			Askers: uint32(u()), PrevAskers: uint32(u()), Tokens: budget.Credits(n()), Parts: u(),
			At: budget.Instant(n())}}
		ss := session{ID: lease.SessionID(u()), Budget: "b", Seq: u(),
			Decided: decision{At: budget.Instant(n()), Result: Result{Code: Code(r.IntN(14))}},
			Touched: budget.Instant(n())}
		if r.IntN(2) == 0 {
			a.key = string(make([]byte, r.IntN(300)))
			ss.Key = a.key
		}
		for range r.IntN(40) * r.IntN(2) {
			ss.Asked = append(ss.Asked, asked{Limit: u(), Window: budget.Window(n())})
			ss.Leases = append(ss.Leases, held{lease.ID(u()), u(), budget.Window(n()),
				budget.Credits(n()), budget.Instant(n())})
		}
		switch r.IntN(8) {
		case 0:
			a.Out = []budget.Out{{Until: 3, N: 4}}
			ss.Priority = budget.PriorityHigh
		case 1:
			a.Tenants = &budget.Tenants{By: "l"}
			ss.Labels = budget.Labels{{Name: "n", Value: "v"}}
		}
		if got, err := appendAccount(nil, &a); err != nil ||
			!bytes.Equal(got, encoded(t, accountItem{a.key, a.Account})) {
			t.Fatalf("%+v: got % x, %v", a, got, err)
		}
		data := encoded(t, accountItem{a.key, a.Account})
		in := &itemReader{r: iotest.OneByteReader(bytes.NewReader(data))}
		if got, err := in.account(); err != nil || !reflect.DeepEqual(got, a) {
			t.Fatalf("got %+v, %v, want %+v", got, err, a)
		}
		in = &itemReader{r: bytes.NewReader(data)}
		if err := in.fill(); err != nil {
			t.Fatal(err)
		}
		if got, err := in.account(); err != nil || !reflect.DeepEqual(got, a) {
			t.Fatalf("got %+v, %v, want %+v", got, err, a)
		}
		if got, err := appendSession(nil, &ss); err != nil || !bytes.Equal(got, encoded(t, &ss)) {
			t.Fatalf("%+v: got % x, %v, want % x", ss, got, err, encoded(t, &ss))
		}
	}
}

// TestAbandonedImage: an image that nobody has any more takes no memory, and later writes copy each
// page once.
func TestAbandonedImage(t *testing.T) {
	s := &State{sessions: map[lease.SessionID]*session{}}
	s.idle.push(&session{ID: 1})
	ss := s.idle.oldest
	_ = s.Freeze()
	first := s.touch(ss)
	if again := s.touch(first); first == ss || again != first {
		t.Errorf("touched twice after it was frozen: %p, %p, %p, want one copy", ss, first, again)
	}
}

var _ io.Writer = (*stepWriter)(nil)
