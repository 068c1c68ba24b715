//go:build linux

package process

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
)

// run is one life of a cluster: its traces do not mix with another's.
type run struct {
	name  string // in the headers of its traces
	dir   string // of its nodes' traces
	begin int64  // on the trace's clock
	end   int64  // all its nodes had ended; 0: it goes on
	// first is the least number that its sessions have: those of another cluster are below, since
	// one that takes another's place hands no number out again.
	first uint64
	// given are operations that nobody's client has recorded.
	given linear.History
	// barred: it took another one's place, and grants nothing at first.
	barred bool
}

// newRun begins the life of a cluster.
func (s *stage) newRun() (*run, error) {
	n := len(s.runs) + 1
	r := &run{
		name:  fmt.Sprintf("process-%d-%d-%d", s.o.Seed, s.out.zero, n),
		dir:   filepath.Join(s.traces(), fmt.Sprintf("run-%d", n)),
		begin: now(),
	}
	s.runs = append(s.runs, r)
	return r, os.MkdirAll(r.dir, 0o755)
}

// current is the run that goes on.
func (s *stage) current() *run { return s.runs[len(s.runs)-1] }
