package twin

import (
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/trace"
)

// changing is a run of three nodes in which members change where a proposal is lost.
func changing(t *testing.T, happen func(w *world)) *recording {
	t.Helper()
	w := newWorld(3)
	w.members("n1,n2,n3")
	w.elect(0)
	p := w.put("team", "requests", 100, second, 0)
	h := w.open(w.process("app"), "team", "")
	happen(w)
	w.sleep(ms)
	h.admit(h.acquire(10, p)[0], 10)
	w.sleep(ms)
	return recordingOf(t, w.files)
}

// lostAmidChange loses a proposal right before members change.
func lostAmidChange(w *world) {
	w.propose()
	w.sleep(ms)
	w.members("n1,n2")
}

// TestMembersThatFilesTell: an index that a change of members holds is none of an entry that all
// nodes left out; any other still is, where a proposal was lost.
func TestMembersThatFilesTell(t *testing.T) {
	const reason = "which no file holds"
	for _, test := range []struct {
		name    string
		reasons int
		happen  func(w *world)
	}{
		{"a change", 0, lostAmidChange},
		{"two changes", 0, func(w *world) { lostAmidChange(w); w.members("n1") }},
		{"a change, and an entry left out", 1, func(w *world) { lostAmidChange(w); w.index++ }},
		{"an entry left out, and a change", 1, func(w *world) {
			w.index++
			lostAmidChange(w)
		}},
		{"a change, an entry, and one left out", 1, func(w *world) {
			w.members("n1,n2")
			w.entry(nil)
			w.propose()
			w.index++
		}},
		{"a change as a leadership ends", 0, func(w *world) {
			lostAmidChange(w)
			w.index++ // by which the next one begins
			w.elect(1)
		}},
		{"the same, and an entry left out", 1, func(w *world) {
			lostAmidChange(w)
			w.index += 2
			w.elect(1)
		}},
		{"a node that died before the change", 0, func(w *world) {
			w.kill(2)
			lostAmidChange(w)
		}},
		{"a node whose snapshot covers the change", 0, func(w *world) {
			w.entry(nil)
			w.kill(2)
			w.snap()
			lostAmidChange(w)
			w.snapshot = len(w.log)
			w.restart(2)
		}},
		{"a node that applies the change again", 0, func(w *world) {
			w.snap()
			lostAmidChange(w)
			w.entry(nil)
			w.sleep(ms)
			w.reinstall(2)
			w.reinstall(2)
		}},
		{"a node that starts from nothing", 0, func(w *world) {
			w.kill(2)
			lostAmidChange(w)
			w.entry(nil)
			w.restart(2)
		}},
	} {
		report, got := changing(t, test.happen).check()
		want := map[int]Verdict{0: Valid, 1: Unknown}[test.reasons]
		if got != string(want) || len(report.Reasons) != test.reasons ||
			test.reasons > 0 && !strings.Contains(report.Reasons[0], reason) {
			t.Errorf("%s: got %s, %v, %v, want %s", test.name, got, report.Violation,
				report.Reasons, want)
		}
	}
}

// TestMembersThatNobodyTells: without the events, the run's verdict is unknown.
func TestMembersThatNobodyTells(t *testing.T) {
	r := changing(t, lostAmidChange)
	r.drop(r.find(trace.KindMembers, 2, nil))
	if report, got := r.check(); got != string(Unknown) || len(report.Reasons) != 1 {
		t.Errorf("got %s, %v, %v", got, report.Violation, report.Reasons)
	}
}

// entryInstead makes an entry of the second change of members in a node's file. It returns the
// change's id.
func entryInstead(r *recording, node int) int {
	id := r.find(trace.KindMembers, 2, nil)
	f := r.files[node]
	i := slices.IndexFunc(f.events, func(e recorded) bool { return e.id == id })
	e := &f.events[i].event
	*e = trace.Event{Kind: trace.KindEntry, At: e.At, Index: e.Index, Term: 1, Epoch: 1}
	return id
}

// TestReplicasAgreeOnMembers plants what no two nodes, and no node, can tell of members.
func TestReplicasAgreeOnMembers(t *testing.T) {
	again := func(w *world) {
		w.snap()
		lostAmidChange(w)
		w.entry(nil)
		w.sleep(ms)
		w.reinstall(2)
	}
	// change changes the nth event of members in a node's file.
	change := func(node, nth int, how func(*trace.Event)) func(*recording) {
		return func(r *recording) {
			for i := range r.files[node].events {
				if e := &r.files[node].events[i].event; e.Kind == trace.KindMembers {
					if nth--; nth == 0 {
						how(e)
						return
					}
				}
			}
			r.t.Fatal("too few changes of members")
		}
	}
	for _, test := range []struct {
		name   string
		happen func(w *world)
		plant  func(r *recording)
		text   string
	}{
		{"other voters in a replica", lostAmidChange,
			change(1, 2, func(e *trace.Event) { e.Voters = "n1,n3" }), "the replicas disagree"},
		{"a change at the index of others' entry", lostAmidChange, func(r *recording) {
			entryInstead(r, 0)
			entryInstead(r, 1)
		}, "left out entry"},
		{"a change at an entry's index, where files end", lostAmidChange, func(r *recording) {
			at := entryInstead(r, 2)
			for _, f := range r.files[:2] {
				i := slices.IndexFunc(f.events, func(e recorded) bool { return e.id == at })
				f.events, f.complete = f.events[:i+1], false
			}
		}, "the replicas disagree"},
		{"a change at the index of a node's own entry", lostAmidChange, func(r *recording) {
			r.edit(r.find(trace.KindMembers, 2, nil), func(e *trace.Event) { e.Index-- })
		}, "was applied after"},
		{"an entry at the index of a node's own change", lostAmidChange, func(r *recording) {
			r.edit(r.find(trace.KindMembers, 2, nil), func(e *trace.Event) { e.Index++ })
		}, "was applied after"},
		{"a change of entry 0", lostAmidChange, func(r *recording) {
			r.edit(r.find(trace.KindMembers, 1, nil), func(e *trace.Event) { e.Index = 0 })
		}, "was applied after"},
		{"a change told twice", lostAmidChange, func(r *recording) {
			r.twice(r.find(trace.KindMembers, 2, nil))
		}, "was applied after"},
		{"a change left out in a replica", lostAmidChange, func(r *recording) {
			id := r.find(trace.KindMembers, 2, nil)
			r.files[1].events = slices.DeleteFunc(r.files[1].events,
				func(e recorded) bool { return e.id == id })
		}, "left out entry"},
		{"an entry becomes a change when it is applied again", again, func(r *recording) {
			f := r.files[2]
			last := len(f.events) - 1
			for f.events[last].event.Kind != trace.KindRestore {
				last--
			}
			for i := last; i < len(f.events); i++ {
				if e := &f.events[i].event; e.Kind == trace.KindEntry {
					*e = trace.Event{Kind: trace.KindMembers, At: e.At, Index: e.Index}
					return
				}
			}
		}, "it was another one"},
		{"other voters when it is applied again", again,
			change(2, 3, func(e *trace.Event) { e.Voters = "n1" }), "the replicas disagree"},
	} {
		r := changing(t, test.happen)
		if _, got := r.check(); got != string(Valid) {
			t.Errorf("%s: unplanted: got %s", test.name, got)
		}
		test.plant(r)
		report, got := r.check()
		if got != ReplicasAgree || !strings.Contains(report.Violation.Text, test.text) {
			t.Errorf("%s: got %s, %v, want %s: %s", test.name, got, report.Violation,
				ReplicasAgree, test.text)
		}
	}
}

// TestEventsDoNotFollowMembers: a node has written all of an entry before it applies a change of
// members.
func TestEventsDoNotFollowMembers(t *testing.T) {
	r := changing(t, lostAmidChange)
	r.insert(r.find(trace.KindMembers, 2, nil), trace.Event{Kind: trace.KindSession, Session: 9})
	_, err := checkFiles(t, r.files, Options{})
	if err == nil || !strings.Contains(err.Error(), "does not follow an entry") {
		t.Errorf("got %v", err)
	}
}

// TestMembersAreBounded: of very many changes the latest are remembered.
func TestMembersAreBounded(t *testing.T) {
	c := newChecker(Options{})
	r := &replica{}
	for i := range uint64(maxMembersTold + 10) {
		at := Located{Event: trace.Event{Kind: trace.KindMembers, Index: i + 1}}
		if err := c.tellMembers(r, &at); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.members); n != maxMembersTold || c.members[0].at.Event.Index != 11 {
		t.Errorf("%d changes, the first at %d", n, c.members[0].at.Event.Index)
	}
	if got := c.ofMembers(maxMembersTold + 5); got != maxMembersTold-6 {
		t.Errorf("got %d changes between, want %d", got, maxMembersTold-6)
	}
}
