package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// busy returns a state with something in every table.
func busy(t fataler) *State {
	t.Helper()
	r := newReplicas()
	r.open(t)
	limit := func(metric string, amount budget.Credits, per time.Duration) budget.Limit {
		return budget.Limit{Metric: metric, Amount: amount, Per: per}
	}
	open := func(name, key string) Command {
		return Command{OpenSession: &OpenSession{Budget: name, Key: key}}
	}
	ask := func(id lease.SessionID, revision uint64, asks ...lease.Ask) Command {
		return Command{Acquire: &lease.Request{Session: id, Seq: 1, Revision: revision, Asks: asks}}
	}
	keyed := put("org", limit("m", 10, 7*time.Second))
	keyed.PutBudget.Budget.Keyed = true
	r.at(t, 10e9, put("chat", limit("m", 100, time.Minute), limit("n", 50, time.Hour)), keyed,
		open("chat", ""), open("org", "k"), open("org", "l"), open("chat", ""), open("chat", ""),
		ask(1, 1, lease.Ask{Limit: 0, Need: 10, Want: 10}, lease.Ask{Limit: 1, Need: 1, Want: 5}),
		ask(2, 2, lease.Ask{Need: 9, Want: 9}),
		ask(3, 2, lease.Ask{Need: 11, Want: 11}),
		ask(4, 9),
		ask(5, 1, lease.Ask{Need: 91, Want: 91}))
	r.at(t, 15e9, put("chat", limit("m", 100, 2*time.Minute), limit("n", 50, time.Hour)),
		Command{Acquire: &lease.Request{Session: 2, Seq: 2, Revision: 2,
			Asks: []lease.Ask{{Need: 2, Want: 2}}}})
	return r.a
}

func TestRestoreRefusesOtherBytes(t *testing.T) {
	refusesOtherBytes(t, snapshotOf(t, busy(t)))
	refusesOtherBytes(t, snapshotOf(t, heir(t)))
	refusesOtherBytes(t, snapshotOf(t, kin(t)))
}

// kin is a state of two levels, with a session that has leases of both.
func kin(t fataler) *State {
	t.Helper()
	r := newReplicas()
	r.open(t)
	l := budget.Limit{Metric: "m", Amount: 10, Per: time.Minute}
	top, low := put("top", l), put("low", l)
	top.PutBudget.Budget.Template = "{o}"
	low.PutBudget.Budget.Template, low.PutBudget.Budget.Parent = "{o}/{k}", "top"
	low.PutBudget.Budget.Weights = []budget.Weight{{Metric: "m", Cost: "c", Times: 2}}
	r.at(t, 10e9, top, low,
		Command{OpenSession: &OpenSession{Budget: "low",
			Labels: budget.Labels{{Name: "k", Value: "x"}, {Name: "o", Value: "y/"}}}},
		Command{Acquire: &lease.Request{Session: 1, Seq: 1, Revision: 2,
			Asks: []lease.Ask{{Limit: 0, Need: 3, Want: 3}, {Limit: 1, Need: 4, Want: 4}}}})
	return r.a
}

func refusesOtherBytes(t *testing.T, good []byte) {
	t.Helper()
	for i := range good {
		for _, flip := range []byte{0x01, 0x80} {
			bad := bytes.Clone(good)
			bad[i] ^= flip
			s, err := Restore(bytes.NewReader(bad), nil)
			if err == nil {
				// A number became another that no invariant ties down.
				if again := snapshotOf(t, s); !bytes.Equal(again, bad) {
					t.Fatalf("byte %d ^ %#x: restored, but not to what was read", i, flip)
				}
				continue
			}
			if !errors.Is(err, ErrSnapshot) {
				t.Fatalf("byte %d ^ %#x: got %v, want ErrSnapshot", i, flip, err)
			}
		}
		if _, err := Restore(bytes.NewReader(good[:i]), nil); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("cut to %d bytes: got %v, want ErrSnapshot", i, err)
		}
	}
	for name, tail := range map[string][]byte{"a zero": {0}, "itself": good, "half an item": {0x19}} {
		_, err := Restore(bytes.NewReader(append(bytes.Clone(good), tail...)), nil)
		if !errors.Is(err, ErrSnapshot) || !strings.Contains(err.Error(), "after the last item") {
			t.Errorf("with %s at the end: got %v, want ErrSnapshot", name, err)
		}
	}
}

func TestRestoreNamesTheProblem(t *testing.T) {
	items := func(v ...any) []byte {
		var b []byte
		for _, item := range v {
			b = append(b, encoded(t, item)...)
		}
		return b
	}
	head := header{Form: snapshotForm, Version: 1}
	with := func(change func(h *header)) header {
		h := head
		change(&h)
		return h
	}
	chat := budget.Budget{Name: "b", Limits: []budget.Limit{
		{Metric: "m", Kind: budget.KindWindow, Amount: 1, Per: time.Minute}}}
	one := with(func(h *header) { h.Budgets, h.Last.Revision, h.Last.Limit = 1, 1, 1 })
	tests := map[string]struct {
		data []byte
		want string
	}{
		"nothing": {nil, "header: EOF"},
		"another form": {items(header{Form: "x", Version: 1}),
			`header: form "x" version 1, must be "leased state" version 1`},
		"a later version": {items(header{Form: snapshotForm, Version: 2}),
			`form "leased state" version 2, must be "leased state" version 1`},
		"no budget": {items(one), "budget 0 of 1: EOF"},
		"no account": {items(one, budgetItem{chat, 1, []lifeItem{{Serial: 1, Accounts: 1}}}),
			"account 0 of 1: EOF"},
		"no old account": {items(one, budgetItem{chat, 1, []lifeItem{{Serial: 1, Past: []int{1}}}}),
			"account 0 of 1: EOF"},
		"no grave":   {items(with(func(h *header) { h.Graves = 1 })), "grave 0 of 1: EOF"},
		"no session": {items(with(func(h *header) { h.Sessions = 1 })), "session 0 of 1: EOF"},
		"a bad budget": {items(one, budgetItem{Budget: budget.Budget{Name: "b"}}),
			"limits: 0 limits is not allowed"},
		"a limit without life": {items(one, budgetItem{Budget: chat}),
			"budget 0 of 1: 0 lives of 1 limits"},
		"T is negative": {items(with(func(h *header) { h.T = -1 })),
			"invariant TypeOK is broken: T is -1"},
		"a serial from nowhere": {items(with(func(h *header) { h.Budgets = 1 }),
			budgetItem{chat, 1, []lifeItem{{Serial: 1}}}), "invariant FencingMonotonic is broken"},
		"a session twice": {items(with(func(h *header) { h.Sessions, h.Last.Session = 2, 1 }),
			session{ID: 1}, session{ID: 1}), "invariant SessionsBounded is broken"},
		"a grave twice": {items(with(func(h *header) { h.Graves = 2 }),
			graveItem{"b", "m", 1}, graveItem{"b", "m", 1}), "it hashes to"},
		"a number in a long form": {append([]byte{0xac, 0x18, 0x01}, items(head)[2:]...), "it hashes to"},
	}
	for name, tt := range tests {
		_, err := Restore(bytes.NewReader(tt.data), nil)
		if !errors.Is(err, ErrSnapshot) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
	failing := io.MultiReader(bytes.NewReader(items(one)), errReader{})
	if _, err := Restore(failing, nil); !errors.Is(err, errDisk) {
		t.Errorf("a reader that fails: got %v, want its error", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errDisk }

func TestSnapshotTellsOfWriteErrors(t *testing.T) {
	s := busy(t)
	for range 3000 { // so that the buffer overflows in every table
		s.last.Session++
		ss := &session{ID: s.last.Session, Budget: "chat", Touched: s.t}
		s.sessions[ss.ID] = ss
		s.idle.push(ss)
		s.graves[grave{"chat", fmt.Sprint(ss.ID)}] = s.t + 1
		_ = s.budgets["org"].lives[0].account(fmt.Sprint(ss.ID), s.t)
	}
	size := len(snapshotOf(t, s))
	for n := 0; n < size; n += 4096 {
		if err := s.Snapshot(&errWriter{n: n}); !errors.Is(err, errDisk) {
			t.Fatalf("after %d of %d bytes: got %v, want the writer's error", n, size, err)
		}
	}
	if err := s.Snapshot(&errWriter{n: size}); err != nil {
		t.Fatal(err)
	}
}

func TestHashIsOfTheSnapshot(t *testing.T) {
	s := busy(t)
	if got, want := s.Hash(), hashBytes(snapshotOf(t, s)); got != want || len(got) != 32 {
		t.Errorf("got %s, want %s, of 32 characters", got, want)
	}
}

func FuzzRestore(f *testing.F) {
	f.Add(snapshotOf(f, New(nil)))
	f.Add(snapshotOf(f, busy(f)))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Restore(bytes.NewReader(data), nil)
		if err != nil {
			if !errors.Is(err, ErrSnapshot) {
				t.Fatalf("got %v, want ErrSnapshot", err)
			}
			return
		}
		if again := snapshotOf(t, s); !bytes.Equal(again, data) {
			t.Fatalf("restored from\n%x\nto\n%x", data, again)
		}
		// What can be restored can go on.
		s.Apply(s.index+1, s.term+1, Entry{Open: true})
		for id := range s.sessions {
			s.Apply(s.index+1, s.term, Entry{Epoch: s.epoch, Stamp: s.t, Commands: []Command{
				{Acquire: &lease.Request{Session: id, Seq: 1 << 60, Revision: 1,
					Asks: []lease.Ask{{Need: 1, Want: 9}}}},
				{Return: &Return{Session: id, Close: true}},
			}})
		}
		s.Apply(s.index+1, s.term, Entry{Epoch: s.epoch, Stamp: MaxStamp})
		if err := Check(s); err != nil {
			t.Fatal(err)
		}
	})
}
