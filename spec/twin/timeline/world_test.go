package timeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

const (
	ms  = int64(1e6)
	sec = 1000 * ms
	// life is the part of a TTL that the world's holders use, in percent.
	life = 99
)

// world is a cluster with one limit and a fleet, in virtual time. It records what a run would,
// and hands it to sink in an order that a check could find.
type world struct {
	sink  func(f *recorder, e trace.Event)
	now   int64
	files []*recorder
	nodes []*recorder
	up    []bool

	leader             int
	term, index, lease uint64
	clockAt, clockT, t int64
	window, per        int64
	amount             int64
	entryEvents        []trace.Event
}

type recorder struct {
	header trace.Event
	lines  []trace.Event
	ended  bool
}

func (f *recorder) name() string { return f.header.Recorder + ".jsonl" }

// newWorld makes a world of nodes that elect the first one and put a limit into force.
func newWorld(nodes int, amount, per int64) *world {
	w := &world{now: 5 * sec, per: per, amount: amount}
	w.sink = func(f *recorder, e trace.Event) { f.lines = append(f.lines, e) }
	for i := range nodes {
		w.nodes = append(w.nodes, w.recorder(trace.RoleNode, fmt.Sprintf("n%d", i+1), "boot:1"))
		w.up = append(w.up, true)
	}
	return w
}

func (w *world) recorder(role, name, clock string) *recorder {
	f := &recorder{ended: true, header: trace.Event{Kind: trace.KindHeader, At: w.now, Version: 1,
		Run: "test", Recorder: name, Role: role, Clock: clock}}
	if role == trace.RoleNode {
		f.header.DriftPPM = 5000
	}
	w.files = append(w.files, f)
	return f
}

func (w *world) record(f *recorder, e trace.Event) {
	if e.At == 0 {
		e.At = w.now
	}
	w.sink(f, e)
}

func (w *world) sleep(d int64) { w.now += d }

// elect makes node i the leader, whose epoch is open a little later.
func (w *world) elect(i int) {
	w.term++
	w.leader = i
	w.record(w.nodes[i], trace.Event{Kind: trace.KindLeader, Term: w.term, OK: true})
	w.sleep(5 * ms)
	w.commit(trace.Event{OK: true},
		[]trace.Event{{Kind: trace.KindEpoch, Epoch: w.term, T: w.t}})
	w.clockAt, w.clockT = w.now, w.t
}

// kill ends a node in the middle of its file.
func (w *world) kill(i int) { w.up[i], w.nodes[i].ended = false, false }

// entry commits what the events say, under the leader's clock.
func (w *world) entry(events ...trace.Event) {
	stamp := w.clockT + w.now - w.clockAt
	w.record(w.nodes[w.leader], trace.Event{Kind: trace.KindPropose, First: w.now,
		Epoch: w.term, Stamp: stamp})
	w.sleep(ms)
	w.t = max(w.t, stamp)
	if w.t/w.per != w.window && w.index > 2 {
		w.window = w.t / w.per
		events = append([]trace.Event{{Kind: trace.KindRoll, Limit: 1, Window: w.window}}, events...)
	}
	for i := range events {
		if k := events[i].Kind; k == trace.KindGrant || k == trace.KindDeny {
			events[i].TTL = (w.window+1)*w.per - w.t
		}
		if events[i].Kind == trace.KindGrant {
			events[i].Window = w.window
		}
	}
	w.commit(trace.Event{Epoch: w.term, Stamp: stamp, OK: true}, events)
	w.entryEvents = events
}

func (w *world) commit(entry trace.Event, events []trace.Event) {
	w.index++
	entry.Kind, entry.Index, entry.Term, entry.T = trace.KindEntry, w.index, w.term, w.t
	entry.Hash = fmt.Sprintf("digest-%d", w.index)
	for i, f := range w.nodes {
		if w.up[i] {
			for _, e := range append([]trace.Event{entry}, events...) {
				w.record(f, e)
			}
		}
	}
	w.sleep(ms)
}

// holder is a session on the world's limit.
type holder struct {
	*world
	file    *recorder
	id, seq uint64
	key     string
}

// held is a lease that a holder took.
type held struct {
	id     uint64
	window int64
}

func (w *world) open(f *recorder, id uint64, budget, key string) *holder {
	w.entry(trace.Event{Kind: trace.KindSession, Session: id, Budget: budget, Key: key})
	return &holder{world: w, file: f, id: id, key: key}
}

// acquire asks for n credits, and takes the answer.
func (h *holder) acquire(n int64) held {
	h.seq++
	h.lease++
	h.record(h.file, trace.Event{Kind: trace.KindSend, Session: h.id, Seq: h.seq, Attempt: h.seq})
	h.sleep(ms)
	h.entry(trace.Event{Kind: trace.KindGrant, Session: h.id, Seq: h.seq, Limit: 1, Key: h.key,
		Amount: n, Lease: h.lease})
	ttl := h.entryEvents[len(h.entryEvents)-1].TTL
	h.record(h.file, trace.Event{Kind: trace.KindAccept, Session: h.id, Seq: h.seq,
		Attempt: h.seq, Lease: h.lease, Window: h.window, Amount: n, TTL: ttl,
		Life: ttl / 100 * (life - 1)})
	return held{h.lease, h.window}
}

func (h *holder) use(kind trace.Kind, l held, n int64) {
	e := trace.Event{Kind: kind, Session: h.id, Lease: l.id, Window: l.window, N: n}
	if kind == trace.KindAdmit {
		e.Count, e.First, e.Last = n, h.now, h.now
	}
	h.record(h.file, e)
}

// files writes what was recorded into a directory, and returns the paths.
func (w *world) write(t testing.TB, dir string) []string {
	t.Helper()
	var paths []string
	for _, f := range w.files {
		var b bytes.Buffer
		lines := append([]trace.Event{f.header}, f.lines...)
		if f.ended {
			lines = append(lines, trace.Event{Kind: trace.KindEnd, At: w.now})
		}
		for _, e := range lines {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(line, '\n'))
		}
		path := filepath.Join(dir, f.name())
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// check checks files and collects a timeline of it.
func check(t testing.TB, paths []string) (*Timeline, *twin.Report) {
	t.Helper()
	files, err := Scan(paths)
	if err != nil {
		t.Fatal(err)
	}
	line := New(files)
	report, err := twin.Check(paths, twin.Options{Observe: line.Observe, OnWindow: line.OnWindow})
	if err != nil {
		t.Fatal(err)
	}
	return line, report
}

func render(t testing.TB, line *Timeline, report *twin.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := line.WriteHTML(&b, report); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
