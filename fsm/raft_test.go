package fsm

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

func logOf(t *testing.T, index, term uint64, e Entry) *raft.Log {
	t.Helper()
	data, err := EncodeEntry(e)
	if err != nil {
		t.Fatal(err)
	}
	return &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: data}
}

func TestFSMApply(t *testing.T) {
	f := NewFSM(nil)
	got := f.Apply(logOf(t, 3, 2, Entry{Open: true})).(Applied)
	if got.Epoch != 2 || got.Index != 3 || got.T != 0 || len(got.Results) != 0 {
		t.Errorf("got %+v, want epoch 2 at index 3", got)
	}
	got = f.Apply(logOf(t, 4, 2, Entry{Epoch: 2, Stamp: 7, Commands: []Command{{}}})).(Applied)
	if got.T != 7 || got.Index != 4 || len(got.Results) != 1 || got.Results[0].Code != CodeInvalid {
		t.Errorf("got %+v, want T 7 at index 4 and one invalid command", got)
	}
	f.View(func(s *State) {
		if s.T() != 7 || s.Index() != 4 {
			t.Errorf("View: got T %d index %d, want 7, 4", s.T(), s.Index())
		}
	})
}

func TestFSMStopsAtWhatItCannotDecode(t *testing.T) {
	f := NewFSM(nil)
	got := panicOf(func() { f.Apply(&raft.Log{Index: 9, Term: 4, Data: []byte{0xff}}) })
	if !strings.HasPrefix(got, "fsm: Decodable is broken at index 9 term 4: fsm: decode entry: ") {
		t.Errorf("got panic %q", got)
	}
	f.View(func(s *State) { // and no lock is held
		if s.Index() != 0 {
			t.Errorf("got index %d, want 0", s.Index())
		}
	})
}

// memorySink is a raft.SnapshotSink in memory.
type memorySink struct {
	io.Writer
	closed, canceled bool
}

func (*memorySink) ID() string      { return "memory" }
func (s *memorySink) Close() error  { s.closed = true; return nil }
func (s *memorySink) Cancel() error { s.canceled = true; return nil }

func TestFSMSnapshotAndRestore(t *testing.T) {
	var events []trace.Event
	sink := func(e trace.Event) { events = append(events, e) }
	f := NewFSM(sink)
	f.Apply(logOf(t, 1, 2, Entry{Open: true}))
	f.Apply(logOf(t, 2, 2, Entry{Epoch: 2, Stamp: 5, Commands: []Command{
		put("b", budget.Limit{Metric: "m", Amount: 1, Per: budget.MinPer})}}))
	snap, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var hash string
	f.View(func(s *State) { hash = s.Hash() })
	want := trace.Event{Kind: trace.KindState, Index: 2, Hash: hash}
	if got := events[len(events)-1]; got != want {
		t.Errorf("Snapshot: got event %+v, want %+v", got, want)
	}
	// An entry after Snapshot does not show in what Persist writes.
	f.Apply(logOf(t, 3, 2, Entry{Epoch: 2, Stamp: 9}))
	var b bytes.Buffer
	to := &memorySink{Writer: &b}
	if err := snap.Persist(to); err != nil || !to.closed || to.canceled {
		t.Fatalf("Persist: got %v, sink %+v, want it closed", err, to)
	}

	events = nil
	g := NewFSM(sink)
	if err := g.Restore(io.NopCloser(bytes.NewReader(b.Bytes()))); err != nil {
		t.Fatal(err)
	}
	want = trace.Event{Kind: trace.KindRestore, Index: 2, Hash: hash, T: 5, Epoch: 2}
	if len(events) != 1 || events[0] != want {
		t.Errorf("Restore: got events %+v, want %+v", events, want)
	}
	if err := g.Restore(io.NopCloser(bytes.NewReader(b.Bytes()[1:]))); !errors.Is(err, ErrSnapshot) {
		t.Errorf("Restore of garbage: got %v, want ErrSnapshot", err)
	}
	g.View(func(s *State) {
		if s.Hash() != hash {
			t.Errorf("the state is not as it was: got %s, want %s", s.Hash(), hash)
		}
	})
	g.Apply(logOf(t, 3, 2, Entry{Epoch: 2, Stamp: 9}))
	f.View(func(s *State) {
		g.View(func(r *State) {
			if s.Hash() != r.Hash() || s.Digest() != r.Digest() {
				t.Errorf("the restored state goes on differently")
			}
		})
	})

	full := &memorySink{Writer: &errWriter{n: 3}}
	if err := snap.Persist(full); !errors.Is(err, errDisk) || full.closed || !full.canceled {
		t.Errorf("Persist to a full disk: got %v, sink %+v, want it cancelled", err, full)
	}
	snap.Release()
}

// TestFSMViewsConcurrently is for the race detector: views, entries and a snapshot at once.
func TestFSMViewsConcurrently(t *testing.T) {
	f := NewFSM(nil)
	f.Apply(logOf(t, 1, 1, Entry{Open: true}))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			var last uint64
			for {
				select {
				case <-stop:
					return
				default:
				}
				f.View(func(s *State) {
					if s.Index() < last {
						t.Errorf("the index went back from %d to %d", last, s.Index())
					}
					last = s.Index()
					s.Budgets(s.T())
				})
			}
		})
	}
	for i := uint64(2); i < 300; i++ {
		f.Apply(logOf(t, i, 1, Entry{Epoch: 1, Stamp: budget.Instant(i), Commands: []Command{
			put("b", budget.Limit{Metric: "m", Amount: budget.Credits(i), Per: budget.MinPer}),
			{OpenSession: &OpenSession{Budget: "b"}},
			{Acquire: &lease.Request{Session: 1 + lease.SessionID(i/2), Seq: i, Revision: i - 1,
				Asks: []lease.Ask{{Want: 1}}}}}}))
		if i%100 == 0 {
			var hash string
			f.View(func(s *State) { hash = s.Hash() })
			snap, err := f.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				var b bytes.Buffer
				if err := snap.Persist(&memorySink{Writer: &b}); err != nil {
					t.Error(err)
				}
				if got := hashBytes(b.Bytes()); got != hash {
					t.Errorf("a snapshot hashes to %s, and the state did to %s", got, hash)
				}
			})
		}
	}
	close(stop)
	wg.Wait()
}

// TestFSMTellsMembers: a change of members is told with its index and voters, and leaves the state
// as it was. A state without entries can be a snapshot's, since raft counts such changes.
func TestFSMTellsMembers(t *testing.T) {
	var events []trace.Event
	f := NewFSM(func(e trace.Event) { events = append(events, e) })
	digest := func() (all string) {
		f.View(func(s *State) { all = s.Hash() + s.Digest() })
		return all
	}
	before := digest()
	members := raft.Configuration{Servers: []raft.Server{
		{ID: "n1"}, {ID: "n2", Suffrage: raft.Nonvoter}, {ID: "n3"}}}
	f.StoreConfiguration(7, members)
	want := trace.Event{Kind: trace.KindMembers, Index: 7, Voters: "n1,n3"}
	if len(events) != 1 || events[0] != want {
		t.Errorf("got events %+v, want %+v", events, want)
	}
	if got := digest(); got != before {
		t.Errorf("the state changed from %s to %s", before, got)
	}
	NewFSM(nil).StoreConfiguration(7, members) // nobody to tell

	members.Servers = nil
	for i := range 2 * maxVoters {
		id := raft.ServerID(strings.Repeat("x", 61) + strconv.Itoa(100+i))
		members.Servers = append(members.Servers, raft.Server{ID: id})
	}
	f.StoreConfiguration(8, members)
	if n := len(events[1].Voters); n > trace.MaxLine*3/4 || n < 64*maxVoters {
		t.Errorf("the voters take %d bytes; a line has %d", n, trace.MaxLine)
	}

	snap, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := snap.Persist(&memorySink{Writer: &b}); err != nil {
		t.Fatal(err)
	}
	if err := f.Restore(io.NopCloser(&b)); err != nil || digest() != before {
		t.Errorf("restored from a state without entries: %v", err)
	}
}
