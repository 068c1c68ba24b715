package twin

import (
	"slices"
	"testing"

	"github.com/leased-io/leased/trace"
)

// recording is a world's files, to be changed.
type recording struct {
	t     testing.TB
	files []*file
}

// recordingOf copies what a world recorded.
func recordingOf(t testing.TB, files []*file) *recording {
	r := &recording{t: t}
	for _, f := range files {
		c := *f
		c.events = slices.Clone(f.events)
		r.files = append(r.files, &c)
	}
	return r
}

// find returns the id of the nth event, from 1, of a kind that where accepts (nil: any), in
// the order of the files. All replicas' copies of it have that id.
func (r *recording) find(kind trace.Kind, nth int, where func(trace.Event) bool) int {
	r.t.Helper()
	seen := map[int]bool{}
	for _, f := range r.files {
		for _, e := range f.events {
			if e.event.Kind != kind || seen[e.id] || where != nil && !where(e.event) {
				continue
			}
			seen[e.id] = true
			if nth--; nth == 0 {
				return e.id
			}
		}
	}
	r.t.Fatalf("the story has too few %s events", kind)
	return 0
}

// edit changes every copy of an event.
func (r *recording) edit(id int, change func(*trace.Event)) {
	for _, f := range r.files {
		for i := range f.events {
			if f.events[i].id == id {
				change(&f.events[i].event)
			}
		}
	}
}

// splice puts other events in the place of every copy of one: none to drop it, itself and
// another to insert.
func (r *recording) splice(id int, by func(trace.Event) []trace.Event) {
	for _, f := range r.files {
		for i := 0; i < len(f.events); i++ {
			if f.events[i].id == id {
				var in []recorded
				for _, e := range by(f.events[i].event) {
					in = append(in, recorded{id, e})
				}
				f.events = slices.Replace(f.events, i, i+1, in...)
				i += len(in) - 1
			}
		}
	}
}

func (r *recording) drop(id int) {
	r.splice(id, func(trace.Event) []trace.Event { return nil })
}

func (r *recording) insert(id int, more trace.Event) {
	r.splice(id, func(e trace.Event) []trace.Event { return []trace.Event{e, more} })
}

// sendAfter inserts another send of the same session.
func (r *recording) sendAfter(id int, seq, attempt uint64) {
	more := r.event(id)
	more.Seq, more.Attempt = seq, attempt
	r.insert(id, more)
}

func (r *recording) twice(id int) {
	r.splice(id, func(e trace.Event) []trace.Event { return []trace.Event{e, e} })
}

// swap changes the places of every copy of an event and of the one after it in its file.
func (r *recording) swap(id int) {
	for _, f := range r.files {
		for i := len(f.events) - 2; i >= 0; i-- {
			if f.events[i].id == id {
				f.events[i], f.events[i+1] = f.events[i+1], f.events[i]
			}
		}
	}
}

// swaps reports whether all copies of an event have the same one after them, to swap with.
func swaps(files []*file, id int) bool {
	next := 0
	for _, f := range files {
		for i := range f.events {
			if f.events[i].id != id {
				continue
			}
			if i+1 == len(f.events) || next != 0 && next != f.events[i+1].id {
				return false
			}
			next = f.events[i+1].id
		}
	}
	return next != 0
}

// again repeats every copy of an event at the end of its file.
func (r *recording) again(id int) {
	for _, f := range r.files {
		for i := len(f.events) - 1; i >= 0; i-- {
			if f.events[i].id == id {
				f.events = append(f.events, f.events[i])
				break
			}
		}
	}
}

// late repeats an event at the end of its file, in which it stands once, and of its session's time.
func (r *recording) late(id int) {
	for _, f := range r.files {
		for _, e := range f.events {
			if e.id == id {
				e.event.At = f.events[len(f.events)-1].event.At
				f.events = append(f.events, e)
				return
			}
		}
	}
}

// check returns the verdict, and the name of the invariant if one is violated.
func (r *recording) check() (*Report, string) {
	r.t.Helper()
	report, err := checkFiles(r.t, r.files, Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	if report.Violation == nil {
		return report, string(report.Verdict)
	}
	return report, report.Violation.Invariant
}

// event returns an event.
func (r *recording) event(id int) trace.Event {
	for _, f := range r.files {
		for _, e := range f.events {
			if e.id == id {
				return e.event
			}
		}
	}
	r.t.Fatalf("no event %d", id)
	return trace.Event{}
}

// editIn changes the first event of a kind in one file only.
func editIn(f *file, kind trace.Kind, change func(*trace.Event)) {
	i := slices.IndexFunc(f.events, func(e recorded) bool { return e.event.Kind == kind })
	change(&f.events[i].event)
}

// dropIn removes the first event of a kind from one file only.
func dropIn(f *file, kind trace.Kind) {
	i := slices.IndexFunc(f.events, func(e recorded) bool { return e.event.Kind == kind })
	f.events = slices.Delete(f.events, i, i+1)
}
