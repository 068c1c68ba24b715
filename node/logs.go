package node

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// warnEvery is how often one message of raft is worth a warning.
const warnEvery = 10 * time.Second

// raftLogger passes raft's logs to slog. Raft warns of every vote and calls every missed
// heartbeat an error: its errors may heal, which is our warning, now and then, and the rest is
// our detail.
type raftLogger struct {
	hclog.Logger // a null logger, for what raft does not use
	log          *slog.Logger
	warned       *warned
}

// warned has when each message was last a warning. Raft's messages are constants: a few dozen.
type warned struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// again reports whether msg is worth a warning, and takes note of it.
func (w *warned) again(msg string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if last, ok := w.last[msg]; ok && now.Sub(last) < warnEvery {
		return false
	}
	w.last[msg] = now
	return true
}

var _ hclog.Logger = raftLogger{}

func newRaftLogger(log *slog.Logger) hclog.Logger {
	return raftLogger{
		Logger: hclog.NewNullLogger(),
		log:    log.With("component", "raft"),
		warned: &warned{last: map[string]time.Time{}},
	}
}

// Log passes one message on.
func (l raftLogger) Log(level hclog.Level, msg string, args ...any) {
	to := slog.LevelDebug
	if level == hclog.Error && l.warned.again(msg) {
		to = slog.LevelWarn
	}
	if !l.log.Enabled(context.Background(), to) {
		return
	}
	for i, arg := range args {
		if f, ok := arg.(hclog.Format); ok && len(f) > 0 {
			args[i] = fmt.Sprintf(fmt.Sprint(f[0]), f[1:]...)
		}
	}
	l.log.Log(context.Background(), to, msg, args...)
}

// Trace to Error are Log with the level in the name.
func (l raftLogger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }

// Debug logs detail.
func (l raftLogger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }

// Info logs what raft thinks is of interest.
func (l raftLogger) Info(msg string, args ...any) { l.Log(hclog.Info, msg, args...) }

// Warn logs what may heal.
func (l raftLogger) Warn(msg string, args ...any) { l.Log(hclog.Warn, msg, args...) }

// Error logs what failed.
func (l raftLogger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

// With returns a logger that adds args to each message.
func (l raftLogger) With(args ...any) hclog.Logger {
	return raftLogger{Logger: l.Logger, log: l.log.With(args...), warned: l.warned}
}

// Named returns l: its component is named already.
func (l raftLogger) Named(string) hclog.Logger { return l }

// ResetNamed returns l: its component is named already.
func (l raftLogger) ResetNamed(string) hclog.Logger { return l }

// gossipLogger passes memberlist's lines, such as "[WARN] memberlist: text", to slog.
func gossipLogger(to *slog.Logger) *log.Logger {
	return log.New(gossipWriter{to.With("component", "gossip")}, "", 0)
}

type gossipWriter struct{ log *slog.Logger }

// Write takes one line. Gossip warns of every member that is slow or gone: that is detail,
// since raft notices what matters.
func (w gossipWriter) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	level := slog.LevelDebug
	if strings.HasPrefix(text, "[ERR]") {
		level = slog.LevelWarn
	}
	if _, rest, ok := strings.Cut(text, "memberlist: "); ok {
		text = rest
	}
	w.log.Log(context.Background(), level, "gossip", "text", text)
	return len(line), nil
}
