package fsm

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// anyEntry draws an entry, most of whose commands are Acquires, with numbers of every length.
func anyEntry(r *rand.Rand, others bool) Entry {
	n := func() int64 { return int64(r.Uint64()>>r.IntN(64)) * int64(1-2*r.IntN(2)) }
	u := func() uint64 { return r.Uint64() >> r.IntN(64) }
	e := Entry{Epoch: u() * uint64(r.IntN(2))}
	e.Stamp = budget.Instant(u() / 8 * uint64(r.IntN(2)))
	for range r.IntN(40) {
		req := &lease.Request{Session: lease.SessionID(u()), Seq: u(), Revision: u()}
		for range r.IntN(4) {
			a := lease.Ask{Limit: int(n()), Need: budget.Credits(n()), Want: budget.Credits(n())}
			a.Lease = lease.ID(u() * uint64(r.IntN(2)))
			a.Keep = budget.Credits(n() * int64(r.IntN(2)))
			req.Asks = append(req.Asks, a)
		}
		for range r.IntN(30) * r.IntN(2) {
			req.Returns = append(req.Returns, lease.Return{Lease: lease.ID(u()),
				Window: budget.Window(n()), Amount: budget.Credits(n())})
		}
		c := Command{Acquire: req}
		if others && r.IntN(9) == 0 {
			c = []Command{
				{Return: &Return{Session: 3, Close: true}}, {OpenSession: &OpenSession{Budget: "b"}},
				put("b"), {}, {Acquire: req, DeleteBudget: &DeleteBudget{Name: "b"}},
			}[r.IntN(5)]
		}
		e.Commands = append(e.Commands, c)
	}
	return e
}

// TestEntryCodec: what is written is what encoding writes of the same, and what is read is what
// decoding reads. A log outlives the program that wrote it.
func TestEntryCodec(t *testing.T) {
	for _, c := range []struct {
		of    reflect.Type
		known int
	}{
		{reflect.TypeFor[Entry](), 4},
		{reflect.TypeFor[lease.Request](), 5},
		{reflect.TypeFor[lease.Ask](), 5},
		{reflect.TypeFor[lease.Return](), 3},
	} {
		if n := c.of.NumField(); n != c.known {
			t.Errorf("%v has %d fields, and the codec knows of %d", c.of, n, c.known)
		}
	}
	r := rand.New(rand.NewPCG(6, 2))
	known := 0
	for range 5_000 {
		e := anyEntry(r, r.IntN(2) == 0)
		want, err := encoding.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendEntry(nil, &e)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%+v: got %x, %v, want %x", e, got, err, want)
		}
		if sameReading(t, want) {
			known++
		}
		// Damage of any kind is read the same, or is not for the reader.
		damaged := bytes.Clone(want)
		damaged[r.IntN(len(damaged))] = byte(r.IntN(256))
		sameReading(t, damaged[:len(damaged)-r.IntN(2)])
	}
	if known < 2_000 {
		t.Errorf("the reader knew %d of 5000 entries", known)
	}
}

// sameReading fails if the reader takes b for something else than decoding does.
func sameReading(t *testing.T, b []byte) (known bool) {
	t.Helper()
	got, known := readEntry(b)
	if !known {
		return false
	}
	var want Entry
	if err := decoding.Unmarshal(b, &want); err != nil {
		t.Fatalf("%x: the reader takes for %+v what is none: %v", b, got, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%x: got %+v, want %+v", b, got, want)
	}
	return true
}

// FuzzReadEntry: the reader never takes bytes for something else than decoding does.
func FuzzReadEntry(f *testing.F) {
	r := rand.New(rand.NewPCG(6, 3))
	for range 8 {
		f.Add(encoded(f, anyEntry(r, false)))
	}
	f.Fuzz(func(t *testing.T, data []byte) { sameReading(t, data) })
}
