//go:build linux

package process

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"github.com/leased-io/leased/trace"
)

// fleetProc is one process of the fleet over all its lives.
type fleetProc struct {
	name   string
	host   *host
	script FleetScript

	life     int
	proc     *proc
	input    io.WriteCloser
	impaired bool
	stopped  bool // by SIGSTOP
	ledgers  []*ledger

	mu     sync.Mutex
	served map[int]int64 // in this probe: limiter -> instant
	errs   []string
}

// maxErrors bounds what is kept of a process's complaints.
const maxErrors = 20

// start begins another life: new sessions, another trace.
func (f *fleetProc) start(on *stage) error {
	f.life++
	f.stopped = false
	s := f.script
	s.Name = fmt.Sprintf("%s-%d", f.name, f.life)
	s.Run = on.current().name
	s.TraceFile = filepath.Join(on.current().dir, s.Name+".jsonl")
	s.HistoryFile = filepath.Join(on.histories(), s.Name+".jsonl")
	s.Seed += uint64(f.life)
	f.script.DiesAfter = 0 // once is enough
	script, err := json.Marshal(s)
	if err != nil {
		return err
	}
	l := &ledger{Recorder: s.Name, ppm: s.ClockPPM}
	f.mu.Lock()
	f.ledgers = append(f.ledgers, l)
	f.mu.Unlock()
	p, input, err := startTalker(f.host, on.logs(), s.Name,
		[]string{on.o.Actor, "fleet", string(script)},
		func(output io.Reader) { f.listen(output, l) })
	f.proc, f.input = p, input
	return err
}

// listen takes what the process says until it ends.
func (f *fleetProc) listen(output io.Reader, l *ledger) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		var line FleetLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			line = FleetLine{Error: fmt.Sprintf("%q is no line: %v", lines.Text(), err)}
		}
		f.take(line, l)
	}
}

func (f *fleetProc) take(line FleetLine, l *ledger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if line.Error != "" && len(f.errs) < maxErrors {
		f.errs = append(f.errs, l.Recorder+": "+line.Error)
	}
	switch line.Op {
	case ToldTick, ToldEnd:
		l.take(line)
	case ToldServed:
		if _, before := f.served[line.Limiter]; !before {
			f.served[line.Limiter] = line.At
		}
	}
}

// say sends a command. A process that is gone does not hear it.
func (f *fleetProc) say(command string) {
	if command == SayProbe {
		f.mu.Lock()
		f.served = map[int]int64{}
		f.mu.Unlock()
	}
	_, _ = fmt.Fprintln(f.input, command)
}

// unserved counts the limiters that this probe has not served; last is when the last one was.
func (f *fleetProc) unserved() (n int, last int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range f.served {
		last = max(last, at)
	}
	return f.script.Limiters - len(f.served), last
}

// admitted sums up what all lives have told.
func (f *fleetProc) admitted() (n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.ledgers {
		n += l.Admitted
	}
	return n
}

// now is the instant on the trace's clock.
func now() int64 { return trace.SystemClock().Now() }
