package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/budget"
)

// watched is an FSM, and entries for it.
type watched struct {
	t     *testing.T
	f     *FSM
	index uint64
}

func newWatched(t *testing.T) *watched {
	w := &watched{t: t, f: NewFSM(nil)}
	w.apply(Entry{Open: true})
	return w
}

func (w *watched) apply(e Entry) {
	w.t.Helper()
	data, err := EncodeEntry(e)
	if err != nil {
		w.t.Fatal(err)
	}
	w.index++
	w.f.Apply(&raft.Log{Index: w.index, Term: 1, Data: data})
}

func (w *watched) do(at time.Duration, commands ...Command) {
	w.t.Helper()
	w.apply(Entry{Epoch: 1, Stamp: budget.Instant(at), Commands: commands})
}

// wants looks at a watch: nothing has changed, or what is told.
func (w *watched) wants(x *Watch, want ...Revision) {
	w.t.Helper()
	changed := false
	select {
	case <-x.Changed():
		changed = true
	default:
	}
	if got := x.Take(); changed != (len(want) > 0) || !slices.Equal(got, want) {
		w.t.Errorf("got %v, changed %t; want %v", got, changed, want)
	}
}

func TestWatchTellsOfEveryChange(t *testing.T) {
	w := newWatched(t)
	l := budget.Limit{Metric: "m", Amount: 10, Per: time.Minute}
	w.do(0, put("a", l))
	x, err := w.f.Watch([]string{"b", "a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	w.wants(x, Revision{"a", 1}, Revision{"b", 0}) // as it is at first
	w.wants(x)
	w.do(1, put("b", l), put("c", l))
	w.wants(x, Revision{"b", 2})
	w.do(2, put("b", l), Command{OpenSession: &OpenSession{Budget: "a"}})
	w.wants(x) // it was there already
	set := func(amount budget.Credits, d time.Duration) Command {
		return Command{SetLimit: &SetLimit{Budget: "a", Metric: "m", Amount: amount, For: d}}
	}
	w.do(3, set(5, time.Second))
	w.do(4, set(6, time.Second), set(7, time.Second))
	w.wants(x, Revision{"a", 6}) // the last of three
	w.do(2 * time.Second)
	w.wants(x, Revision{"a", 7}) // it has lapsed
	w.do(3*time.Second, Command{DeleteBudget: &DeleteBudget{Name: "b"}})
	w.wants(x, Revision{"b", 0})

	saved, err := w.f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if err := saved.Persist(&memorySink{Writer: &data}); err != nil {
		t.Fatal(err)
	}
	if err := w.f.Restore(io.NopCloser(&data)); err != nil {
		t.Fatal(err)
	}
	w.wants(x, Revision{"a", 7}, Revision{"b", 0}) // who knows what was skipped

	x.Close()
	x.Close()
	w.do(4*time.Second, set(3, 0))
	w.wants(x)
	if len(w.f.watches.of) != 0 || w.f.watches.count != 0 {
		t.Errorf("a watch that is closed is kept: %+v", w.f.watches.of)
	}
}

func TestWatchesAreBounded(t *testing.T) {
	w := newWatched(t)
	var many []string
	for i := range MaxWatched + 1 {
		many = append(many, fmt.Sprint("b", i))
	}
	for _, names := range [][]string{nil, many} {
		if _, err := w.f.Watch(names); err == nil {
			t.Errorf("%d budgets are watched", len(names))
		}
	}
	all := make([]*Watch, MaxWatches)
	for i := range all {
		var err error
		if all[i], err = w.f.Watch([]string{"a"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.f.Watch([]string{"a"}); !errors.Is(err, ErrWatches) {
		t.Errorf("got %v, want ErrWatches", err)
	}
	all[0].Close()
	if _, err := w.f.Watch([]string{"a"}); err != nil {
		t.Errorf("got %v after one was closed", err)
	}
}
