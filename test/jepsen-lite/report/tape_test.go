package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

const (
	ms  = int64(time.Millisecond)
	sec = int64(time.Second)
)

// tape is a trace that is written by hand: a file for each recorder.
type tape struct {
	names []string
	lines map[string][]trace.Event
}

// add adds events to a recorder's file, which begins at its first line.
func (p *tape) add(recorder, role, clock string, events ...trace.Event) {
	if p.lines == nil {
		p.lines = map[string][]trace.Event{}
	}
	if p.lines[recorder] == nil {
		p.names = append(p.names, recorder)
		p.lines[recorder] = []trace.Event{{Kind: trace.KindHeader, At: events[0].At, Version: 1,
			Run: "test", Recorder: recorder, Role: role, Clock: clock}}
	}
	p.lines[recorder] = append(p.lines[recorder], events...)
}

// write writes the files into a directory, and returns their paths.
func (p *tape) write(t testing.TB) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for _, name := range p.names {
		var b bytes.Buffer
		for _, e := range p.lines[name] {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(line, '\n'))
		}
		path := filepath.Join(dir, name+".jsonl")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func entry(at int64, index, epoch uint64) trace.Event {
	return trace.Event{Kind: trace.KindEntry, At: at, Index: index, Epoch: epoch, OK: true}
}

func grantOf(at int64, lease uint64, window, amount int64) trace.Event {
	return trace.Event{Kind: trace.KindGrant, At: at, Session: 1, Limit: 1, Key: "k", Lease: lease,
		Window: window, Amount: amount}
}

// story is a run of two nodes, whose leader changes, and of two limiters, of which the second
// has a clock of its own. Its time begins at 10 s; windows are a second long.
func story() *tape {
	p := &tape{}
	limit := func(at, amount int64) trace.Event {
		return trace.Event{Kind: trace.KindLimit, At: at, Limit: 1, Budget: "b", Metric: "requests",
			Per: sec, Amount: amount, OK: true}
	}
	roll := func(at, window int64) trace.Event {
		return trace.Event{Kind: trace.KindRoll, At: at, Limit: 1, Window: window}
	}
	log := func(late int64) []trace.Event { // as a node tells it that is late
		at := func(n int64) int64 { return 10*sec + n*ms + late }
		return []trace.Event{
			{Kind: trace.KindEntry, At: at(100), Index: 3, OK: true},
			{Kind: trace.KindEpoch, At: at(100), Epoch: 2},
			entry(at(200), 4, 2), limit(at(200), 100),
			entry(at(300), 5, 2), grantOf(at(300), 1, 0, 60),
			// Two grants around a change of the limit in one entry: the bound is the larger.
			entry(at(400), 6, 2), grantOf(at(400), 2, 0, 10), limit(at(400), 50),
			{Kind: trace.KindReturn, At: at(400), Session: 1, Lease: 1, Limit: 1, Key: "k", Amount: 20,
				OK: true},
			entry(at(1200), 7, 2), roll(at(1200), 1), grantOf(at(1200), 3, 1, 50),
		}
	}
	p.add("n1", trace.RoleNode, "boot", append([]trace.Event{
		{Kind: trace.KindLeader, At: 10*sec + 50*ms, Term: 2, OK: true}}, log(0)...)...)
	p.add("n2", trace.RoleNode, "boot", append(log(3*ms),
		trace.Event{Kind: trace.KindLeader, At: 12 * sec, Term: 3, OK: true},
		trace.Event{Kind: trace.KindEntry, At: 12*sec + 100*ms, Index: 8, Term: 3, OK: true},
		trace.Event{Kind: trace.KindEpoch, At: 12*sec + 100*ms, Epoch: 3},
		entry(12*sec+250*ms, 9, 3), roll(12*sec+250*ms, 2), grantOf(12*sec+250*ms, 4, 2, 30),
		trace.Event{Kind: trace.KindLeader, At: 14 * sec, Term: 3})...)
	// A second life of n1 tells everything again, later.
	p.add("n1-2", trace.RoleNode, "boot", append([]trace.Event{{Kind: trace.KindRestore,
		At: 12*sec + 500*ms, Index: 3}}, log(3 * sec)[2:]...)...)

	send := func(at int64, seq, attempt uint64) trace.Event {
		return trace.Event{Kind: trace.KindSend, At: at, Session: 1, Seq: seq, Attempt: attempt}
	}
	accept := func(at int64, seq, lease uint64) trace.Event {
		return trace.Event{Kind: trace.KindAccept, At: at, Session: 1, Seq: seq, Lease: lease}
	}
	admit := func(first, last int64, lease uint64, n int64) trace.Event {
		return trace.Event{Kind: trace.KindAdmit, At: last, Session: 1, Lease: lease, N: n, Count: n,
			First: first, Last: last}
	}
	p.add("f1", trace.RoleFleet, "boot",
		send(10*sec+250*ms, 1, 1), send(10*sec+280*ms, 1, 2), accept(10*sec+310*ms, 1, 1),
		accept(10*sec+310*ms, 1, 2), // another lease of the same answer is no other wait
		admit(10*sec+320*ms, 10*sec+350*ms, 1, 40), admit(10*sec+500*ms, 10*sec+600*ms, 2, 10),
		send(11*sec+100*ms, 2, 1), accept(11*sec+210*ms, 2, 3),
		admit(11*sec+300*ms, 11*sec+900*ms, 3, 20), // within the gap
		admit(11*sec+950*ms, 12*sec+300*ms, 3, 5),  // over its end: perhaps not
		trace.Event{Kind: trace.KindFailOpen, At: 12 * sec, Session: 1, N: 7, Count: 7})
	p.add("f2", trace.RoleFleet, "own",
		send(500*ms, 1, 1), accept(700*ms, 1, 4), admit(710*ms, 720*ms, 4, 30))
	return p
}
