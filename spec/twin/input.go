package twin

import (
	"errors"
	"fmt"
	"io"

	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/trace"
)

// source is one trace file, opened and past its header.
type source interface {
	Name() string
	Header() trace.Event
	// Read reads the next event, or returns io.EOF or an error that names file and line.
	Read(*trace.Event) error
	Line() int
	Complete() bool
	Torn() bool
	Close() error
}

var _ source = (*trace.Reader)(nil)

// input is a source with what both kinds of recorders have in common.
type input struct {
	source
	feed   feed // its events
	header trace.Event
	clock  int          // index into checker.clocks
	file   *refine.File // the same, to the model
	last   int64        // the instant of the event read last, or of the header
	back   *wentBack    // where its clock went back, if it did
	// eof: everything was read. ended: with the end line, so that nothing is missing at the end.
	eof, ended bool
}

// next reads an event, counts it, and tells of gaps. At the end it sets eof and returns nil. The
// event is good until the next one is read.
func (in *input) next(c *checker) (*Located, error) {
	if in.eof {
		return nil, nil
	}
	at, err := in.feed.next()
	if errors.Is(err, io.EOF) {
		in.eof, in.ended = true, in.Complete()
		c.machine.End(in.file, in.ended)
		if in.Torn() {
			c.note("%s ends in a torn line: its process died while writing", in.Name())
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c.counts[at.Event.Kind]++
	if in.header.Role == trace.RoleNode {
		in.ticks(in.last, at)
	}
	in.last = at.Event.At
	if at.Event.Kind == trace.KindGap {
		c.report.Gaps++
		c.report.Lost += at.Event.N
		c.unknown("%s:%d: %d events were lost", at.File, at.Line, at.Event.N)
	}
	return at, nil
}

// admit takes a file into the check, by its header. The files of one check are of one run.
func (c *checker) admit(s source, f feed) error {
	h := s.Header()
	refuse := func(format string, args ...any) error {
		return &trace.FormatError{File: s.Name(), Line: 1, Reason: fmt.Sprintf(format, args...)}
	}
	if c.report.Files == 0 {
		c.report.Run = h.Run
	}
	if h.Run != c.report.Run {
		return refuse("run %q; the files before are of run %q, and runs do not mix",
			h.Run, c.report.Run)
	}
	c.report.Files++
	in := input{source: s, feed: f, header: h, last: h.At,
		clock: c.clockIndex(h.Clock), file: c.machine.File(&h)}
	switch h.Role {
	case trace.RoleNode:
		c.replicas = append(c.replicas, &replica{input: in})
		c.report.Nodes = appendOnce(c.report.Nodes, h.Recorder)
		c.report.DriftPPM = max(c.report.DriftPPM, h.DriftPPM)
	case trace.RoleFleet:
		c.processes = append(c.processes, &process{input: in})
		c.report.Fleet = appendOnce(c.report.Fleet, h.Recorder)
	default:
		return refuse("role %q; it must be node or fleet", h.Role)
	}
	return nil
}

func appendOnce(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

func (c *checker) clockIndex(name string) int {
	for i, have := range c.clocks {
		if have == name {
			return i
		}
	}
	c.clocks = append(c.clocks, name)
	return len(c.clocks) - 1
}
