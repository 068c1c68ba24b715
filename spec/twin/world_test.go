package twin

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/leased-io/leased/trace"
)

// world is a cluster and a fleet in virtual time, small enough to be seen to be right: it does
// what the rules say and records it. Tests then change the recording.
type world struct {
	now   int64 // real time, which is every recorder's clock
	id    int   // of the last event; replicas' copies of one event share it
	nodes []*file
	up    []bool
	files []*file

	index, term, epoch uint64
	leader             int
	leads              bool  // leader does, and its file says so
	clockAt, clockT    int64 // when the leader's clock started, and at which T
	t                  int64
	log                [][]recorded // all entries, for restarts
	snapshot           int          // how many of them a snapshot covers
	snapshotIndex      uint64
	snapshotT          int64
	snapshotEpoch      uint64

	limits                            []*policy // in force
	lastLimit, lastSession, lastLease uint64
	entryEvents                       []trace.Event
	effective                         bool
	drift                             int64
	stateEvery                        int
}

// policy is a limit of the world.
type policy struct {
	serial         uint64
	budget, metric string
	shape          string // as in its event
	per, amount    int64
	slots, burst   int64
	span           int64
	window         int64
	used           map[string]int64
	empty          bool
	until          int64
	book           []entryOf // of one that is no window limit
}

func (p *policy) end() int64 { return (p.window + 1) * p.span }

type recorded struct {
	id    int
	event trace.Event
}

// file is a recorder in memory. It is the source of a check.
type file struct {
	name     string
	header   trace.Event
	events   []recorded
	complete bool
	torn     bool
	next     int
}

var _ source = (*file)(nil)

func (f *file) Name() string        { return f.name }
func (f *file) Header() trace.Event { return f.header }
func (f *file) Line() int           { return f.next + 1 }
func (f *file) Complete() bool      { return f.complete }
func (f *file) Torn() bool          { return f.torn }
func (f *file) Close() error        { return nil }
func (f *file) Read(e *trace.Event) error {
	if f.next == len(f.events) {
		return io.EOF
	}
	f.next++
	*e = f.events[f.next-1].event
	return nil
}

// direct reads an event when it is asked for.
type direct struct {
	source source
	at     Located
}

var _ feed = (*direct)(nil)

func (d *direct) next() (*Located, error) {
	err := d.source.Read(&d.at.Event)
	d.at.File, d.at.Line = d.source.Name(), d.source.Line()
	return &d.at, err
}

const (
	ms     = int64(1_000_000)
	second = 1000 * ms
	ppm    = 5000
)

func newWorld(nodes int) *world {
	w := &world{now: 1000 * second, drift: ppm, stateEvery: 5}
	for i := range nodes {
		w.nodes = append(w.nodes, w.file(trace.RoleNode, fmt.Sprintf("n%d", i+1)))
		w.up = append(w.up, true)
	}
	return w
}

func (w *world) file(role, recorder string) *file {
	f := &file{
		name:     fmt.Sprintf("%s-%d.jsonl", recorder, len(w.files)),
		complete: true,
		header: trace.Event{Kind: trace.KindHeader, At: w.now, Version: trace.Version,
			Run: "run", Recorder: recorder, Role: role, Clock: "sim", DriftPPM: ppm},
	}
	w.files = append(w.files, f)
	return f
}

func (w *world) sleep(d int64) { w.now += d }

func (w *world) record(f *file, e trace.Event) {
	w.id++
	if e.At == 0 {
		e.At = w.now
	}
	f.events = append(f.events, recorded{w.id, e})
}

// elect makes node i the leader and lets it open its epoch (R2, R3).
func (w *world) elect(i int) {
	w.resign()
	w.term++
	w.leader, w.leads = i, true
	w.record(w.nodes[i], trace.Event{Kind: trace.KindLeader, Term: w.term, OK: true})
	w.sleep(ms)
	w.epoch = w.term
	w.commit(trace.Event{OK: true}, []trace.Event{
		{Kind: trace.KindEpoch, Epoch: w.epoch, T: w.t}})
	w.sleep(ms) // the last replica applies it
	w.clockAt, w.clockT = w.now, w.t
}

// resign takes the leader's leadership, if it is there to say so.
func (w *world) resign() {
	if w.leads && w.up[w.leader] {
		w.record(w.nodes[w.leader], trace.Event{Kind: trace.KindLeader, Term: w.term})
	}
	w.leads = false
}

// clock is the leader's cluster clock.
func (w *world) clock() int64 { return w.clockT + w.now - w.clockAt }

// entry proposes and commits one entry; do adds what its commands do.
func (w *world) entry(do func()) {
	epoch, stamp := w.propose()
	w.sleep(ms)
	w.land(epoch, stamp, do)
}

// propose reads a stamp (R1).
func (w *world) propose() (epoch uint64, stamp int64) {
	epoch, stamp = w.epoch, w.clock()
	w.record(w.nodes[w.leader],
		trace.Event{Kind: trace.KindPropose, First: w.now, Epoch: epoch, Stamp: stamp})
	return epoch, stamp
}

// land commits an entry that was stamped before (R3, R4).
func (w *world) land(epoch uint64, stamp int64, do func()) {
	w.entryEvents = nil
	w.effective = epoch == w.epoch
	if w.effective {
		w.t = max(w.t, stamp)
		due := slices.Clone(w.limits)
		slices.SortStableFunc(due, func(a, b *policy) int { return cmp.Compare(a.end(), b.end()) })
		for _, p := range due {
			if p.end() <= w.t {
				p.window, p.used = w.t/p.span, map[string]int64{}
				p.empty = p.empty && p.window*p.span < p.until
				w.emit(trace.Event{Kind: trace.KindRoll, Limit: p.serial, Window: p.window})
			}
		}
		if do != nil {
			do()
		}
	}
	w.commit(trace.Event{Epoch: epoch, Stamp: stamp, OK: w.effective}, w.entryEvents)
	w.sleep(ms)
}

func (w *world) emit(e trace.Event) { w.entryEvents = append(w.entryEvents, e) }

// commit appends an entry with its events to the log and to every node that is up.
func (w *world) commit(entry trace.Event, events []trace.Event) {
	w.index++
	entry.Kind, entry.Index, entry.Term, entry.T = trace.KindEntry, w.index, w.term, w.t
	entry.Hash = fmt.Sprintf("digest-%d", w.index)
	all := append([]trace.Event{entry}, events...)
	if w.index%uint64(w.stateEvery) == 0 {
		all = append(all, trace.Event{Kind: trace.KindState, Index: w.index,
			Hash: fmt.Sprintf("state-%d", w.index)})
	}
	var group []recorded
	for _, e := range all {
		w.id++
		group = append(group, recorded{w.id, e})
	}
	w.deliver(group)
}

// members commits an entry of Raft's own that changes the members.
func (w *world) members(voters string) {
	w.index++
	w.id++
	w.deliver([]recorded{{w.id, trace.Event{
		Kind: trace.KindMembers, Index: w.index, Voters: voters}}})
	w.sleep(ms)
}

// deliver has every node that is up write what it applied.
func (w *world) deliver(group []recorded) {
	w.log = append(w.log, group)
	for i, f := range w.nodes {
		if w.up[i] {
			w.write(f, group, int64(i)*ms/10)
		}
	}
}

func (w *world) write(f *file, group []recorded, delay int64) {
	for _, r := range group {
		r.event.At = w.now + delay
		f.events = append(f.events, r)
	}
}

// snap takes a snapshot, from which restarts go on.
func (w *world) snap() {
	w.snapshot, w.snapshotIndex = len(w.log), w.index
	w.snapshotT, w.snapshotEpoch = w.t, w.epoch
}

// kill ends node i in the middle of a line.
func (w *world) kill(i int) {
	w.up[i] = false
	w.leads = w.leads && i != w.leader
	w.nodes[i].complete, w.nodes[i].torn = false, true
}

// restart starts node i again: from the last snapshot, applying what came after it again.
func (w *world) restart(i int) {
	w.up[i] = true
	w.nodes[i] = w.file(trace.RoleNode, w.nodes[i].header.Recorder)
	if w.snapshot > 0 {
		w.record(w.nodes[i], trace.Event{Kind: trace.KindRestore, Index: w.snapshotIndex,
			T: w.snapshotT, Epoch: w.snapshotEpoch,
			Hash: fmt.Sprintf("state-%d", w.snapshotIndex)})
	}
	for _, group := range w.log[w.snapshot:] {
		w.write(w.nodes[i], group, 0)
	}
}

// put brings a limit into force, with a grave's until if it has to start empty.
func (w *world) put(budget, metric string, amount, per, until int64) *policy {
	p := &policy{budget: budget, metric: metric, per: per, amount: amount, span: per}
	return w.putPolicy(p, until)
}

func (w *world) putPolicy(p *policy, until int64) *policy {
	w.lastLimit++
	p.serial, p.used, p.until = w.lastLimit, map[string]int64{}, until
	w.entry(func() {
		p.window = w.t / p.span
		p.empty = p.window*p.span < until
		p.enter(entryOf{at: w.t, amount: p.amount, burst: p.burst})
		w.emitLimit(p)
		w.limits = append(w.limits, p)
	})
	return p
}

func (w *world) emitLimit(p *policy) {
	e := trace.Event{Kind: trace.KindLimit, Limit: p.serial, Budget: p.budget,
		Metric: p.metric, Per: p.per, Amount: p.amount, OK: !p.empty, Until: p.until}
	if p.shape != "" && p.amount > 0 {
		e.Shape, e.Slots, e.Burst, e.Span = p.shape, p.slots, p.burst, p.span
	}
	w.emit(e)
}

func (w *world) setAmount(p *policy, amount int64) {
	w.entry(func() {
		if p.amount != amount {
			p.amount = amount
			p.enter(entryOf{at: w.t, amount: amount, burst: p.burst})
			w.emitLimit(p)
		}
	})
}

func (w *world) remove(p *policy) {
	w.entry(func() {
		p.amount, p.empty, p.until = 0, false, 0
		w.emitLimit(p)
		w.limits = slices.DeleteFunc(w.limits, func(q *policy) bool { return p == q })
	})
}

// checkFiles checks a recording, which it rewinds first.
func checkFiles(t testing.TB, files []*file, opts Options) (*Report, error) {
	t.Helper()
	sources, feeds := make([]source, len(files)), make([]feed, len(files))
	for i, f := range files {
		f.next = 0
		sources[i], feeds[i] = f, &direct{source: f}
	}
	return check(sources, feeds, opts)
}
