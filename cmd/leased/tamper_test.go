package main

import (
	"slices"

	"github.com/leased-io/leased/trace"
)

// The edits of a run's trace. What all nodes wrote is edited in every node's file, so that
// they still agree; what one process wrote, in its file.

// nodes returns the nodes' files, fleet those of the fleet.
func (r *traceRun) nodes() []*traceFile { return r.role(trace.RoleNode) }
func (r *traceRun) fleet() []*traceFile { return r.role(trace.RoleFleet) }

func (r *traceRun) role(role string) []*traceFile {
	var files []*traceFile
	for _, f := range r.files {
		if f.lines[0].event.Role == role {
			files = append(files, f)
		}
	}
	return files
}

// log returns the lines of the log, from the node's file that has most of it.
func (r *traceRun) log() []*line {
	var log []*line
	for _, f := range r.nodes() {
		lines := slices.DeleteFunc(slices.Clone(f.lines), func(l *line) bool {
			return l.place.index == 0
		})
		if len(lines) > len(log) {
			log = lines
		}
	}
	return log
}

// logged returns the lines of the log that are of a kind and meet all conditions.
func (r *traceRun) logged(kind trace.Kind, conditions ...func(trace.Event) bool) []*line {
	return slices.DeleteFunc(r.log(), func(l *line) bool {
		if l.event.Kind != kind {
			return true
		}
		for _, holds := range conditions {
			if !holds(l.event) {
				return true
			}
		}
		return false
	})
}

// change edits a line of the log in every node's file.
func (r *traceRun) change(l *line, how func(*trace.Event)) {
	at := l.place
	for _, f := range r.nodes() {
		for _, l := range f.lines {
			if l.place == at {
				how(&l.event)
			}
		}
	}
}

// replace puts events in the place of a line of the log in every node's file, at the instant at
// which that node wrote the line.
func (r *traceRun) replace(l *line, by ...trace.Event) {
	for _, f := range r.nodes() {
		f.splice(l.place, by...)
	}
}

// splice is replace in one file.
func (f *traceFile) splice(at place, by ...trace.Event) {
	i := slices.IndexFunc(f.lines, func(l *line) bool { return l.place == at })
	if at.index == 0 || i < 0 {
		return
	}
	lines := make([]*line, len(by))
	for j, e := range by {
		e.At = f.lines[i].event.At
		lines[j] = &line{event: e}
	}
	f.lines = slices.Replace(f.lines, i, i+1, lines...)
}

// drop leaves a line of the log out, twice writes it twice, before and after put another one
// beside it.
func (r *traceRun) drop(l *line)                  { r.replace(l) }
func (r *traceRun) twice(l *line)                 { r.replace(l, l.event, l.event) }
func (r *traceRun) before(l *line, e trace.Event) { r.replace(l, e, l.event) }
func (r *traceRun) after(l *line, e trace.Event)  { r.replace(l, l.event, e) }

// take takes the lines of one entry out of one file.
func (f *traceFile) take(index uint64) []*line {
	var taken []*line
	f.lines = slices.DeleteFunc(slices.Clone(f.lines), func(l *line) bool {
		if l.place.index == index {
			taken = append(taken, l)
		}
		return l.place.index == index
	})
	return taken
}

// put puts lines behind the last line of entry index in one file.
func (f *traceFile) put(lines []*line, index uint64) {
	last := 0
	for i, l := range f.lines {
		if l.place.index == index {
			last = i
		}
	}
	f.lines = slices.Insert(f.lines, last+1, lines...)
}

// insert puts an event into one file, before the line.
func (f *traceFile) insert(before *line, e trace.Event) {
	i := slices.Index(f.lines, before)
	f.lines = slices.Insert(f.lines, i, &line{event: e})
}

// insertAfter puts an event into one file, after the line.
func (f *traceFile) insertAfter(after *line, e trace.Event) {
	i := slices.Index(f.lines, after)
	f.lines = slices.Insert(f.lines, i+1, &line{event: e})
}

// remove takes a line out of one file.
func (f *traceFile) remove(l *line) {
	i := slices.Index(f.lines, l)
	f.lines = slices.Delete(f.lines, i, i+1)
}

// last puts an event at the end of one file, after a change.
func (f *traceFile) last(e trace.Event, how func(*trace.Event)) {
	how(&e)
	f.insert(f.lines[len(f.lines)-1], e)
}
