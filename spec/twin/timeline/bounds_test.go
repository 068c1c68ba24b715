package timeline

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// long feeds a timeline, without files, with a run of windows in which each of the holders
// has some leases of each of keys, and is denied once.
func long(windows, holders, leases, keys int) *Timeline {
	w := newWorld(1, 1_000_000, sec)
	fleet := w.recorder(trace.RoleFleet, "app", "boot:1")
	line := New([]File{
		{Name: "n1.jsonl", Recorder: "n1", Role: trace.RoleNode, Clock: "boot:1",
			First: w.now, Last: w.now + int64(windows)*sec, Ended: true},
		{Name: "app.jsonl", Recorder: "app", Role: trace.RoleFleet, Clock: "boot:1",
			First: w.now, Last: w.now + int64(windows)*sec, Ended: true},
	})
	w.sink = func(f *recorder, e trace.Event) {
		line.Observe(&twin.Located{File: f.name(), Event: e}, &f.header)
	}
	w.elect(0)
	w.entry(trace.Event{Kind: trace.KindLimit, Limit: 1, Budget: "llm", Metric: "tokens",
		Per: sec, Amount: w.amount, OK: true})
	for window := range windows {
		w.now = 5*sec + int64(window)*sec + 10*ms
		w.clockAt, w.clockT = w.now, int64(window)*sec
		for i := range holders * keys {
			h := &holder{world: w, file: fleet, id: uint64(i/keys + 1)}
			if keys > 1 {
				h.key = fmt.Sprintf("key-%d-%d", window, i%keys)
			}
			w.now = 5*sec + int64(window)*sec + 20*ms + int64(i)*ms/10
			for range leases {
				l := h.acquire(10)
				for range maxSpans + 1 { // more than are kept
					w.sleep(ms)
					h.use(trace.KindAdmit, l, 1)
				}
				h.use(trace.KindExpire, l, 10-maxSpans-1)
			}
			w.entry(trace.Event{Kind: trace.KindDeny, Session: h.id, Limit: 1, Key: h.key})
		}
	}
	return line
}

// counting counts what is written to it.
type counting int

func (c *counting) Write(p []byte) (int, error) {
	*c += counting(len(p))
	return len(p), nil
}

// TestTenMinutesOfAHundredHolders: the page stays small, what it leaves out is said, and what
// it shows adds up.
func TestTenMinutesOfAHundredHolders(t *testing.T) {
	line := long(300, 100, 2, 1)
	if n := len(line.leases); n > maxLeases+len(line.late) {
		t.Errorf("%d leases are remembered", n)
	}
	if n := len(line.late); n > 1 {
		t.Errorf("%d leases are remembered beyond their rectangles, which are over", n)
	}
	report := &twin.Report{Verdict: twin.Valid, Run: "long"}
	var size counting
	if err := line.WriteHTML(&size, report); err != nil {
		t.Fatal(err)
	}
	if size > 5_000_000 || size < 1_000_000 {
		t.Errorf("the page has %d bytes", size)
	}
	b := line.build(report)
	a := b.Accounts[0]
	if len(a.Leases) != maxLeases || len(a.Windows) != 300 || len(a.Denials) != maxDenials {
		t.Fatalf("%d leases, %d windows, %d denials", len(a.Leases), len(a.Windows), len(a.Denials))
	}
	if want := int64(300*100*2 - maxLeases); b.LeftOut.Leases != want || b.LeftOut.Denials != 20_000 {
		t.Errorf("left out: %+v", b.LeftOut)
	}
	said := strings.Join(b.LeftOut.sentences(), "\n")
	if !strings.Contains(said, "40,000 older leases are summed up") ||
		!strings.Contains(said, "20,000 older denials are left out") {
		t.Errorf("it says: %s", said)
	}
	admitted := map[int64]int64{}
	for _, c := range a.Cells {
		admitted[c[1]] += c[6]
	}
	for _, l := range a.Leases {
		admitted[l[2]] += l[7]
		if spans := (len(l) - 14) / 3; spans > maxSpans || spans < 1 {
			t.Fatalf("a lease with %d spans", spans)
		}
	}
	for _, w := range a.Windows {
		if admitted[w[0]] != w[5] || w[5] != 100*2*(maxSpans+1) {
			t.Fatalf("window %d: lanes show %d, the books %d", w[0], admitted[w[0]], w[5])
		}
	}
}

// TestManyKeysAndWindows: each bound holds, whatever there is too much of.
func TestManyKeysAndWindows(t *testing.T) {
	line := long(60, 1, 1, 100) // 6,000 accounts, each of one window
	b := line.build(&twin.Report{Verdict: twin.Valid, Run: "keys"})
	if len(line.accounts) > maxAccounts || len(b.Accounts) != maxShown {
		t.Errorf("%d accounts, %d shown", len(line.accounts), len(b.Accounts))
	}
	if n := len(line.tallies.all()); n != maxWindows || b.LeftOut.Windows != 4_000 {
		t.Errorf("%d windows; left out: %+v", n, b.LeftOut)
	}
	if b.LeftOut.Accounts == 0 {
		t.Errorf("left out: %+v", b.LeftOut)
	}
	line = long(2*maxBands, 0, 0, 0)
	w := newWorld(1, 1, 1)
	for i := range int64(2 * maxBands) {
		line.roll(&trace.Event{Limit: 1, Window: i + 1})
	}
	if n := len(line.bands.all()); n != maxBands || len(line.limits[1].bands) != maxBands {
		t.Errorf("%d bands", n)
	}
	for i := range uint64(2 * maxSessions) {
		line.logged(&trace.Event{Kind: trace.KindSession, Session: i + 1})
		line.logged(&trace.Event{Kind: trace.KindSessionEnd, Session: i + 1})
	}
	if n := len(line.sessions); n > maxSessions {
		t.Errorf("%d sessions", n)
	}
	for i := range uint64(2 * maxProposals) {
		e := &trace.Event{Kind: trace.KindPropose, Epoch: 1, Stamp: int64(i), At: w.now}
		line.node("n1.jsonl", "n1", e)
		line.node("n1.jsonl", "n1", &trace.Event{Kind: trace.KindLeader, Term: i, OK: true})
		line.node("n1.jsonl", "n1", &trace.Event{Kind: trace.KindRestore, Index: i})
	}
	if len(line.axis.proposals) != maxProposals || len(line.cluster.led.all()) != maxLeaderships ||
		len(line.cluster.marks.all()) != maxMarks {
		t.Errorf("%d proposals, %d leaderships, %d marks", len(line.axis.proposals),
			len(line.cluster.led.all()), len(line.cluster.marks.all()))
	}
}

// TestCellsAreBounded: with more sessions and windows than there is room for sums, the oldest
// go, and the newest lease is still there.
func TestCellsAreBounded(t *testing.T) {
	line := long(450, 100, 1, 1)
	b := line.build(&twin.Report{Verdict: twin.Valid, Run: "cells"})
	a := b.Accounts[0]
	if len(a.Cells) != maxCells || b.LeftOut.Cells != 5_000 || len(line.cellOf) != maxCells {
		t.Errorf("%d cells; left out: %+v", len(a.Cells), b.LeftOut)
	}
	if last := a.Leases[len(a.Leases)-1]; last[0] != 45_000 {
		t.Errorf("the newest lease is %d", last[0])
	}
	if err := line.WriteHTML(io.Discard, &twin.Report{}); err != nil {
		t.Error(err)
	}
}

// TestLeaseThatOutlivesItsRectangle: what it does after it was summed up is in the sum.
func TestLeaseThatOutlivesItsRectangle(t *testing.T) {
	line := long(1, 0, 0, 0)
	line.logged(&trace.Event{Kind: trace.KindGrant, Session: 1, Limit: 1, Lease: 1, Amount: 9})
	for i := range uint64(maxLeases) {
		line.logged(&trace.Event{Kind: trace.KindGrant, Session: 2, Limit: 1, Lease: i + 2, Amount: 1})
	}
	at := &twin.Located{File: "app.jsonl", Event: trace.Event{Kind: trace.KindAdmit, Session: 1,
		Lease: 1, N: 4, Count: 1, First: 1, Last: 2}}
	line.fleet(at)
	c := line.cells.all()
	if len(c) != 1 || c[0].admitted != 4 || c[0].amount != 9 || len(line.late) != 1 {
		t.Fatalf("got %+v", c)
	}
	for window := range int64(3) {
		line.roll(&trace.Event{Limit: 1, Window: window + 1})
	}
	if len(line.late) != 0 || line.leases[1] != nil {
		t.Error("it is remembered for ever")
	}
	line.fleet(at)
	if line.out.Late != 1 {
		t.Errorf("left out: %+v", line.out)
	}
}
