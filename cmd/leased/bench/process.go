package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// maxComplaint is how much of what a node said before it died is quoted, in bytes.
const maxComplaint = 500

// readyLine is what "leased serve" prints once its node knows a leader.
var readyLine = regexp.MustCompile(`^leased: node (\S+) is ready: api ([^,]+), `)

// errInUse is returned when a node found its port taken.
var errInUse = errors.New("a port was taken by another process")

// inUse is what such a node says.
const inUse = "is in use"

// process is one node.
type process struct {
	id, api string
	cmd     *exec.Cmd
	said    string        // the file that takes what it says
	ready   chan string   // size 1: its API address
	done    chan struct{} // closed at its end
	ended   error         // why; once done is closed
	killed  bool
}

func startProcess(id, said, program string, args []string) (*process, error) {
	log, err := os.Create(said)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own
	p := &process{id: id, said: said, ready: make(chan string, 1), done: make(chan struct{})}
	p.cmd = exec.CommandContext(context.Background(), program, args...)
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = ownGroup() // an interrupt at the terminal is for the bench alone
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node %s: %w", id, err)
	}
	go func() {
		defer close(p.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				p.ready <- m[2]
			}
		}
		p.ended = p.cmd.Wait()
	}()
	return p, nil
}

// early is the error of a node that ended before it was ready.
func (p *process) early() error {
	words := p.words()
	err := fmt.Errorf("node %s ended before it was ready: %w: %s", p.id, p.ended, words)
	if strings.Contains(words, inUse) {
		return fmt.Errorf("%w: %w", errInUse, err)
	}
	return err
}

// words is the end of what the node said.
func (p *process) words() string {
	said, err := os.ReadFile(p.said)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(said[max(0, len(said)-maxComplaint):]))
}

// kill ends the node as a crash of its process does.
func (p *process) kill() {
	p.killed = true
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
}

// stop ends the node in order.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.kill()
		return fmt.Errorf("node %s did not stop within %s, and was killed", p.id, stopTimeout)
	}
	if p.ended != nil {
		return fmt.Errorf("node %s: %w: %s", p.id, p.ended, p.words())
	}
	return nil
}
