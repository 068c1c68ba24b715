package fsm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// fataler is what *testing.T and *rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// replicas are two States that apply the same log, the second one restored from a snapshot of
// the first before every entry. After every entry they must agree in all that can be seen, hold
// every invariant, and have told in events what they did.
type replicas struct {
	a, b   *State
	events []trace.Event // of the last entry, from a
	ledger ledger
	index  uint64
	term   uint64
}

func newReplicas() *replicas {
	r := &replicas{ledger: ledger{}, term: 1}
	r.a = New(func(e trace.Event) { r.events = append(r.events, e) })
	r.b = New(nil)
	return r
}

// open opens an epoch in a new term.
func (r *replicas) open(t fataler) {
	t.Helper()
	r.term++
	r.apply(t, Entry{Open: true})
}

// at applies commands under the open epoch at an instant.
func (r *replicas) at(t fataler, stamp budget.Instant, commands ...Command) []Result {
	t.Helper()
	return r.apply(t, Entry{Epoch: r.a.Epoch(), Stamp: stamp, Commands: commands})
}

func (r *replicas) apply(t fataler, e Entry) []Result {
	t.Helper()
	r.b = restored(t, r.a, nil)
	r.index++
	r.events = r.events[:0]
	before := r.a.T()
	got := r.a.Apply(r.index, r.term, recoded(t, e))
	again := r.b.Apply(r.index, r.term, recoded(t, e))
	if g, w := encoded(t, got), encoded(t, again); !bytes.Equal(g, w) {
		t.Fatalf("replicas answer differently:\n%+v\n%+v", got, again)
	}
	if r.a.Digest() != r.b.Digest() || r.a.Hash() != r.b.Hash() {
		t.Fatalf("replicas differ after %+v: digests %s, %s; hashes %s, %s",
			e, r.a.Digest(), r.b.Digest(), r.a.Hash(), r.b.Hash())
	}
	if err := Check(r.a); err != nil {
		t.Fatalf("after %+v: %v", e, err)
	}
	if r.a.T() < before {
		t.Fatalf("T went back from %d to %d", before, r.a.T())
	}
	if first := r.events[0]; first.Kind != trace.KindEntry || first.Hash != r.a.Digest() {
		t.Fatalf("the first event is %+v, want the entry's, with the digest after it", first)
	}
	r.ledger.record(t, r.events)
	r.ledger.compare(t, r.a)
	return got
}

// restored returns the state of s's snapshot.
func restored(t fataler, s *State, sink trace.Sink) *State {
	t.Helper()
	data := snapshotOf(t, s)
	back, err := Restore(bytes.NewReader(data), sink)
	if err != nil {
		t.Fatalf("restore: %v", err)
	}
	back.bounds = s.bounds
	if again := snapshotOf(t, back); !bytes.Equal(data, again) {
		t.Fatalf("a restored state has another snapshot:\n%x\n%x", data, again)
	}
	return back
}

func snapshotOf(t fataler, s *State) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return b.Bytes()
}

// recoded passes e through the codec, as the log does.
func recoded(t fataler, e Entry) Entry {
	t.Helper()
	data, err := EncodeEntry(e)
	if err != nil {
		t.Fatalf("encode %+v: %v", e, err)
	}
	back, err := DecodeEntry(data)
	if err != nil {
		t.Fatalf("decode %+v: %v", e, err)
	}
	if again := encoded(t, back); !bytes.Equal(again, data) {
		t.Fatalf("%+v is encoded as %x, and decoded as %+v", e, data, back)
	}
	return back
}

func encoded(t fataler, v any) []byte {
	t.Helper()
	data, err := encoding.Marshal(v)
	if err != nil {
		t.Fatalf("encode %+v: %v", v, err)
	}
	return data
}

// ledger keeps the accounts of current windows from events alone: what was granted and not taken
// back. It is the exact form of the books, also when sessions are forgotten.
type ledger map[uint64]map[string]budget.Credits // limit -> key

func (g ledger) record(t fataler, events []trace.Event) {
	t.Helper()
	for _, e := range events {
		switch e.Kind {
		case trace.KindLimit:
			if e.Amount == 0 && e.Key == "" {
				delete(g, e.Limit)
			} else if g[e.Limit] == nil {
				g[e.Limit] = map[string]budget.Credits{}
			}
		case trace.KindRoll:
			g[e.Limit] = map[string]budget.Credits{}
		case trace.KindGrant:
			g[e.Limit][e.Key] += budget.Credits(e.Amount)
		case trace.KindReturn:
			if e.OK {
				g[e.Limit][e.Key] -= budget.Credits(e.Amount)
			}
		}
	}
}

func (g ledger) compare(t fataler, s *State) {
	t.Helper()
	if len(g) != len(s.limits) {
		t.Fatalf("events tell of %d limits, there are %d", len(g), len(s.limits))
	}
	for serial, keys := range g {
		for key, want := range keys {
			if a := s.limits[serial].accounts.get(key); a == nil || a.Used != want {
				t.Fatalf("limit %d key %q: events tell of %d used, the account is %+v",
					serial, key, want, a)
			}
		}
		for key, a := range s.limits[serial].accounts.all() {
			if _, told := keys[key]; !told && a.Used != 0 {
				t.Fatalf("limit %d key %q: %+v, and no event tells", serial, key, *a)
			}
		}
	}
}

// put is the command that puts a budget without keys.
func put(name string, limits ...budget.Limit) Command {
	return Command{PutBudget: &PutBudget{Budget: budget.Budget{Name: name, Limits: limits}}}
}

// backupID names a backup, of which there are as many as hex digits.
func backupID(digit byte) string { return strings.Repeat(string(digit), BackupIDLen) }

// keysOf lists the keys of a table in order.
func keysOf(t *table) (keys []string) {
	for key := range t.all() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// hashBytes returns the Hash of the state whose snapshot these bytes are.
func hashBytes(snapshot []byte) string {
	sum := sha256.Sum256(snapshot)
	return hex.EncodeToString(sum[:digestSize])
}
