package node

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/leased-io/leased/trace"
)

// recorder is a node's trace file, or nothing at all.
type recorder struct{ writer *trace.Writer }

// newRecorder creates the trace file of one life of the node: a restarted node replays its log
// into another one.
func newRecorder(cfg Config, id string) (recorder, error) {
	if cfg.TraceDir == "" {
		return recorder{}, nil
	}
	if err := os.MkdirAll(cfg.TraceDir, 0o755); err != nil {
		return recorder{}, fmt.Errorf("trace directory: %w", err)
	}
	clock := cfg.TraceClock
	if clock.Now == nil {
		clock = trace.SystemClock()
	}
	name := fmt.Sprintf("%s-%d.jsonl", id, time.Now().UnixNano())
	header := trace.Event{
		Run:      cmp.Or(cfg.Run, DefaultConfig().Run),
		Recorder: id,
		Role:     trace.RoleNode,
		DriftPPM: cfg.DriftPPM,
	}
	w, err := trace.Create(filepath.Join(cfg.TraceDir, name), header, clock)
	return recorder{w}, err
}

// record takes one event; it never blocks.
func (r recorder) record(e trace.Event) {
	if r.writer != nil {
		r.writer.Record(e)
	}
}

// sink is what the state machine reports to: nil without a trace, so that it need not report.
func (r recorder) sink() trace.Sink {
	if r.writer == nil {
		return nil
	}
	return r.writer.Record
}

// now reads the recorder's clock; 0 without a trace.
func (r recorder) now() int64 {
	if r.writer == nil {
		return 0
	}
	return r.writer.Now()
}

// close writes what was recorded. Events after it are dropped.
func (r recorder) close() error {
	if r.writer == nil {
		return nil
	}
	return r.writer.Close()
}
