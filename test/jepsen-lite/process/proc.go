//go:build linux

package process

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// proc is one life of a process that the stage started.
type proc struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed at its end
	err  error         // of its end; once done is closed
	// excused: the stage ends it, or breaks what it needs to live.
	excused atomic.Bool
}

// startProc starts a program on a host. What it says goes to a file under logs.
func startProc(h *host, logs, name string, argv []string) (*proc, error) {
	p, log, err := newProc(logs, name, argv)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own
	p.cmd.Stdout = log
	return p, p.begin(h, func() {})
}

// startTalker starts a program that is talked to: commands on its standard input, and what it
// answers goes to listen, which must read it to the end.
func startTalker(h *host, logs, name string, argv []string, listen func(io.Reader)) (
	*proc, io.WriteCloser, error,
) {
	p, log, err := newProc(logs, name, argv)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	input, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return p, input, p.begin(h, func() { listen(output) })
}

func newProc(logs, name string, argv []string) (*proc, *os.File, error) {
	log, err := os.Create(filepath.Join(logs, name+".log"))
	if err != nil {
		return nil, nil, err
	}
	// Its life is the stage's affair: no context ends it.
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...)
	p := &proc{name: name, cmd: cmd, done: make(chan struct{})}
	p.cmd.Stderr = log
	return p, log, nil
}

func (p *proc) begin(h *host, listen func()) error {
	if err := h.start(p.cmd); err != nil {
		p.err = err
		close(p.done)
		return fmt.Errorf("process: start %s: %w", p.name, err)
	}
	go func() {
		defer close(p.done)
		listen()
		p.err = p.cmd.Wait()
	}()
	return nil
}

// signal sends a signal to the process, if it lives.
func (p *proc) signal(sig syscall.Signal) {
	if !p.ended() {
		_ = p.cmd.Process.Signal(sig) // it may end at any time
	}
}

// kill ends it as a crash does, and returns the instant on the trace's clock.
func (p *proc) kill() int64 {
	p.excused.Store(true)
	at := now()
	p.signal(syscall.SIGKILL)
	<-p.done
	return at
}

// end asks it to stop in order, and waits. It is killed if it has not within the time.
func (p *proc) end(within time.Duration) error {
	p.excused.Store(true)
	p.signal(syscall.SIGTERM)
	return p.await(within)
}

// await waits for its end, and kills it if that takes longer.
func (p *proc) await(within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("process: %s: %w", p.name, p.err)
		}
		return nil
	case <-timer.C:
		p.ask()
		return fmt.Errorf("process: %s did not stop within %s; its log says what it waits for",
			p.name, within)
	}
}

// askedFor is how long a process that is asked what it is doing has to write it down.
const askedFor = 5 * time.Second

// ask kills it with the signal by which Go's runtime logs what every goroutine waits for.
func (p *proc) ask() {
	p.excused.Store(true)
	p.signal(syscall.SIGQUIT)
	timer := time.NewTimer(askedFor)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.kill()
	}
}

func (p *proc) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// died reports whether it ended though nobody made it.
func (p *proc) died() bool { return p.ended() && !p.excused.Load() }
