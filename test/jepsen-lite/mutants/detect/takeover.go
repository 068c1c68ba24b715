package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/mutants"
	"github.com/leased-io/leased/trace"
)

const (
	// heirSchedules is how many restored clusters are played at most, of heirEntries each.
	heirSchedules = 120
	heirEntries   = 60
	// oldSession is the last session of the old cluster's later life.
	oldSession = 150
)

// heirPeriods are those of the limits that the clusters have.
var heirPeriods = []time.Duration{time.Second, 3 * time.Second, 20 * time.Second}

// heir is one restored cluster: a state machine alone, whose replica takes snapshots, and the
// trace of the node that it would be on.
type heir struct {
	rng   *rand.Rand
	state *fsm.State
	trace *trace.Writer
	index uint64
	now   time.Duration
	seq   map[lease.SessionID]uint64
	found [3]word // of the judges: invariants, oracle, checker
	took  budget.Instant
}

// succeed plays clusters that take the place of others, for three judges.
func succeed(dir string, seed uint64, schedules int) ([]mutants.Catch, error) {
	p := three()
	for s := seed; s < seed+uint64(min(schedules, heirSchedules)); s++ {
		found, err := inherit(filepath.Join(dir, fmt.Sprintf("heir-%d.jsonl", s)), s)
		if err != nil {
			return nil, fmt.Errorf("heir %d: %w", s, err)
		}
		p.hear(s, found[:]...)
	}
	return p.catches, nil
}

// inherit plays one, and has its trace, of which there is nothing but the file, checked.
func inherit(file string, seed uint64) (found [3]word, err error) {
	h := &heir{rng: rand.New(rand.NewPCG(seed, 9)), seq: map[lease.SessionID]uint64{}}
	header := trace.Event{Run: "heir", Recorder: "n1", Role: trace.RoleNode}
	clock := trace.Clock{Name: "virtual", Now: func() int64 { return int64(h.now) }}
	if h.trace, err = trace.Create(file, header, clock); err != nil {
		return found, err
	}
	h.state = fsm.New(h.record)
	if err := survive(func() error { h.play(); return nil }); err != nil && h.found[1].text == "" {
		h.found[1] = word{"crash", err.Error()}
	}
	if err := h.trace.Close(); err != nil {
		return found, err
	}
	report, err := twin.Check([]string{file}, twin.Options{})
	if err == nil {
		h.found[2] = judged(report)
	}
	return h.found, errors.Join(err, os.Remove(file))
}

func (h *heir) record(e trace.Event) {
	e.At = int64(h.now)
	h.trace.Record(e)
}

// play is the cluster's life: it is founded, restored, given budgets, and used.
func (h *heir) play() {
	h.record(trace.Event{Kind: trace.KindLeader, Term: 1, OK: true})
	h.index++
	h.state.Apply(h.index, 1, fsm.Entry{Open: true})
	h.pass()
	backup := strings.Repeat("a", fsm.BackupIDLen)
	takeOver := fsm.Command{TakeOver: &fsm.TakeOver{Backup: backup,
		Last: fsm.Counters{Session: 100, Lease: 1000, Limit: 5, Revision: 5}}}
	h.do(takeOver)
	h.took = h.state.T()
	for range heirEntries {
		h.pass()
		switch h.rng.IntN(12) {
		case 0, 1:
			h.do(fsm.Command{PutBudget: &fsm.PutBudget{Budget: h.budget()}})
		case 2:
			h.do(fsm.Command{DeleteBudget: &fsm.DeleteBudget{Name: "team"}})
		case 3, 4:
			h.do(fsm.Command{OpenSession: &fsm.OpenSession{Budget: "team"}})
		case 5:
			h.restart()
		case 6:
			h.do(takeOver)
		default:
			h.ask()
		}
	}
}

func (h *heir) pass() {
	h.now += []time.Duration{1, 300 * time.Millisecond, 700 * time.Millisecond}[h.rng.IntN(3)]
}

func (h *heir) budget() budget.Budget {
	l := budget.Limit{Metric: "requests", Kind: budget.KindWindow,
		Amount: 1 + budget.Credits(h.rng.IntN(50)), Per: heirPeriods[h.rng.IntN(len(heirPeriods))]}
	switch h.rng.IntN(4) {
	case 0:
		l.Kind, l.Slots = budget.KindSliding, 1+h.rng.IntN(8)
	case 1:
		l.Kind, l.Burst = budget.KindBucket, l.Amount
	}
	return budget.Budget{Name: "team", Limits: []budget.Limit{l}}
}

// waits is how long nobody may grant from such a limit, after another cluster may have: until the
// longest lease of that is over, and then as long as its charges count.
func waits(l budget.Limit) time.Duration {
	const margin = 200 // a part of the period is added for clocks that are fast
	period := l.Per + (l.Per+margin-1)/margin
	switch l.Kind {
	case budget.KindSliding:
		return period + period/time.Duration(l.Slots)
	case budget.KindBucket:
		return period + period/4 // its burst is what a period refills
	default:
		return l.Per
	}
}

// ask asks for a credit as a session of this cluster, or as one that it must not know.
func (h *heir) ask() {
	st, ok := h.state.Budget("team", "")
	if !ok {
		return
	}
	old := h.rng.IntN(4) == 0
	id := h.state.Last().Session
	if old {
		id = 1 + lease.SessionID(h.rng.IntN(oldSession))
	}
	h.seq[id]++
	got := h.do(fsm.Command{Acquire: &lease.Request{Session: id, Seq: h.seq[id],
		Revision: st.Revision, Asks: []lease.Ask{{Need: 1, Want: 3}}}})
	if old && got.Code != fsm.CodeUnknownSession {
		h.sees("known", "session %d of the old cluster is answered %s", id, got.Code)
	}
	limit := st.Budget.Limits[0]
	for _, g := range got.Grants {
		begins := limit.End(g.Window - 1)
		if over := h.took.Add(waits(limit)); begins < over {
			h.sees("bound", "window %d of %v, which begins at %d, is granted from; "+
				"what the old cluster granted counts until %d", g.Window, limit.Per, begins, over)
		}
	}
}

func (h *heir) sees(what, format string, args ...any) {
	if h.found[1].text == "" {
		h.found[1] = word{what, fmt.Sprintf(format, args...)}
	}
}

// do proposes and applies one command, and looks at the state.
func (h *heir) do(c fsm.Command) fsm.Result {
	h.index++
	h.record(trace.Event{Kind: trace.KindPropose, Epoch: 1, Stamp: int64(h.now),
		First: int64(h.now)})
	entry := fsm.Entry{Epoch: 1, Stamp: budget.Instant(h.now), Commands: []fsm.Command{c}}
	got := h.state.Apply(h.index, 1, entry)[0]
	if err := fsm.Check(h.state); err != nil && h.found[0].text == "" {
		h.found[0] = word{invariantOf(err.Error()), err.Error()}
	}
	return got
}

// restart goes on from a snapshot.
func (h *heir) restart() {
	var b bytes.Buffer
	err := h.state.Snapshot(&b)
	if err == nil {
		h.state, err = fsm.Restore(&b, h.record)
	}
	if err != nil {
		panic(err.Error())
	}
}
