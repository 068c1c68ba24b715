package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/leased-io/leased/trace"
)

// Bounds of what a reader remembers of one trace. Beyond them it says so, and reads no further:
// a longer run is several traces.
const (
	maxEntries = 4 << 20 // of the log
	maxLeases  = 4 << 20
)

// ReadStory reads the trace files of one run and returns what they tell, in the run's time: it
// is 0 at begin, a reading of the clock that the nodes share. A begin of 0 stands for the
// earliest header's.
//
// It asks nothing of the trace checker. It reads every line, also behind one that violates an
// invariant, and counts by adding up, so that an overshoot is seen here whatever the checker
// makes of it. All that nodes tell several times, in all their files and again after a restart,
// has the earliest of these instants.
//
// The error is about the files: one that cannot be read, is no trace, is of another run than the
// others, or too long; or nodes whose clocks differ. Limiters may have clocks of their own: of
// those only what needs no common clock is told. See Wait and Gap.
func ReadStory(files []string, begin int64) (Story, error) {
	return newReader(begin, maxEntries, maxLeases).read(files)
}

// reader is what is known while the files are read: the nodes' first, since they tell what
// every lease is of, and the fleet's then.
type reader struct {
	run, clock      string // of the nodes
	nodes, limiters []string
	begin, earliest int64

	log   log
	fleet fleet
}

func newReader(begin int64, entries, leases int) *reader {
	return &reader{begin: begin, earliest: math.MaxInt64, log: newLog(entries, leases),
		fleet: fleet{windows: map[windowID]*window{}}}
}

func (r *reader) read(files []string) (Story, error) {
	if err := r.headers(files); err != nil {
		return Story{}, err
	}
	if r.begin == 0 {
		r.begin = r.earliest
	}
	for _, path := range r.nodes {
		if err := r.file(path, r.log.file); err != nil {
			return Story{}, err
		}
	}
	r.log.settle()
	r.fleet.begin(&r.log)
	for _, path := range r.limiters {
		if err := r.file(path, r.fleet.file); err != nil {
			return Story{}, err
		}
	}
	return r.story(), nil
}

// headers sorts the files by what they are of.
func (r *reader) headers(files []string) error {
	if len(files) == 0 {
		return errors.New("report: no trace files to read")
	}
	for i, path := range files {
		file, err := trace.Open(path)
		if err != nil {
			return err
		}
		h := file.Header()
		_ = file.Close() // only read from
		if i == 0 {
			r.run = h.Run
		}
		switch {
		case h.Run != r.run:
			return fmt.Errorf("report: %s is of run %q, the files before of run %q",
				path, h.Run, r.run)
		case h.Role == trace.RoleFleet:
			r.limiters = append(r.limiters, path)
			continue
		case h.Role != trace.RoleNode:
			return fmt.Errorf("report: %s has role %q; it must be node or fleet", path, h.Role)
		case len(r.nodes) == 0:
			r.clock = h.Clock
		case h.Clock != r.clock:
			return fmt.Errorf("report: %s has clock %q; a run's nodes share one, and the "+
				"others have %q", path, h.Clock, r.clock)
		}
		r.nodes = append(r.nodes, path)
		r.earliest = min(r.earliest, h.At)
	}
	if len(r.nodes) == 0 {
		return errors.New("report: no node's file is among the trace files")
	}
	return nil
}

// file hands a file's events to what begin returns for it.
func (r *reader) file(path string, begin func(source) func(*trace.Event) error) error {
	file, err := trace.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h := file.Header()
	take := begin(source{recorder: h.Recorder, comparable: h.Clock == r.clock, first: h.At})
	for {
		e, err := file.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		r.log.story.Events++
		if err := take(&e); err != nil {
			return fmt.Errorf("report: %s:%d: %w", path, file.Line(), err)
		}
	}
}

// source is what an event's file says of all its events.
type source struct {
	recorder   string
	comparable bool // its clock is the nodes'
	first      int64
}

// at is an instant's place in the run's time.
func (r *reader) at(instant int64) time.Duration { return time.Duration(instant - r.begin) }

// story puts together what was read.
func (r *reader) story() Story {
	s := r.log.story
	s.Admissions, s.Admitted = r.fleet.admissions, r.fleet.admitted
	s.Strays, s.FailOpen, s.Slots = r.fleet.strays, r.fleet.failOpen, r.fleet.slots
	share := int64(0)
	for id, w := range r.fleet.windows {
		s.Windows++
		share += r.log.limits[id.limit].share(w.amount)
		s.Overshoot = max(s.Overshoot, w.admitted-w.bound)
	}
	s.Bound = share/parts + r.fleet.filled
	s.Bands, s.Hidden = r.bands()
	s.Waits = r.waits()
	s.Gaps = r.gaps()
	s.Leads = r.leads()
	return s
}

// Join adds what the trace of another cluster tells that took over in the same run, in the same
// time: one that was restored from a backup, say.
func (s *Story) Join(next Story) {
	s.Events += next.Events
	s.Entries += next.Entries
	s.Epochs += next.Epochs
	s.Restores += next.Restores
	s.Windows += next.Windows
	s.Admissions += next.Admissions
	s.Admitted += next.Admitted
	s.Bound += next.Bound
	s.Overshoot = max(s.Overshoot, next.Overshoot)
	s.Operations += next.Operations
	s.Slots += next.Slots
	s.Strays += next.Strays
	s.FailOpen += next.FailOpen
	s.Hidden += next.Hidden
	s.Bands = append(s.Bands, next.Bands...)
	s.Waits = append(s.Waits, next.Waits...)
	s.Gaps = append(s.Gaps, next.Gaps...)
	s.Leads = append(s.Leads, next.Leads...)
}
