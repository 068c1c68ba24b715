//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/test/jepsen-lite/linear"
)

const (
	// maxTakeovers bounds how often a campaign loses its cluster.
	maxTakeovers = 4
	// atStake is, with three windows, how long a cluster lives at least: so that it has granted,
	// on a busy machine, too.
	atStake = 10 * time.Second
	// maxStale is how old a backup is at most, when the cluster is lost.
	maxStale = 3 * time.Second
	// commandTimeout bounds one command of the product's.
	commandTimeout = 20 * time.Second
	// youngest is how many sessions a cluster can have opened since its backup, at most. The one
	// that takes its place leaves out far more numbers.
	youngest = 1 << 30
)

// loseCluster loses all servers with all their data, founds a new cluster at their addresses, and
// restores it from a backup of just before. The fleet lives on.
func (s *stage) loseCluster(time.Duration) (string, *active) {
	age := time.Duration(now() - s.current().begin)
	if !s.changeable() || len(s.runs) > maxTakeovers || age < atStake+3*s.w.Per {
		return "", nil
	}
	file := filepath.Join(s.o.Out, fmt.Sprintf("backup-%d.json", len(s.runs)))
	if err := s.command("backup", file); err != nil {
		s.say("no backup now: %v", err)
		return "", nil
	}
	stale := time.Now().Add(s.upTo(maxStale))
	_ = s.tend(maxStale, "the backup to be old", func() (bool, string) {
		return time.Now().After(stale), ""
	})
	// Who granted last must be known, or its last words would be lost with it; and it must have
	// applied what the one before has granted, whose last words a fault may have swallowed.
	err := s.tend(joinBound, "a leader", func() (bool, string) {
		leader := s.leader()
		if leader == nil {
			return false, "nobody leads"
		}
		status, _ := leader.look()
		return status.Epoch == status.Term, "the leader's epoch is not open"
	})
	if err != nil {
		s.say("no cluster is lost: %v", err)
		return "", nil
	}
	lost := names(s.nodes)
	a := &active{over: true, from: now()}
	if err := s.ruin(); err != nil {
		s.fail(judgeHarness, "lose a cluster: %v", err)
		return lost, a
	}
	if err := s.takeOver(file); err != nil {
		s.fail(judgeLiveness, "a new cluster in the place of one that is lost: %v", err)
		return lost, a
	}
	a.outcome = names(s.nodes) + " took over"
	return lost, a
}

// lastWords is how long a leader that can commit nothing more has for writing its trace: the
// entries that it answered last are in no other file if all servers die at once.
const lastWords = 300 * time.Millisecond

// ruin kills all servers for good, and erases their disks.
func (s *stage) ruin() error {
	all := slices.Concat(s.nodes, s.former)
	leader := s.leader()
	for _, m := range all {
		if m != leader {
			m.proc.signal(syscall.SIGSTOP)
		}
	}
	pause(s.ctx, lastWords)
	for _, m := range all {
		m.proc.kill()
		m.gone = true
		m.unwatch()
	}
	s.healDue(true) // nobody comes back
	s.current().end = now()
	var errs []error
	for _, m := range all {
		errs = append(errs, m.erase())
	}
	s.nodes, s.former = nil, nil
	return errors.Join(errs...)
}

// takeOver founds a new cluster at the sites of the old one, and restores it from a backup.
func (s *stage) takeOver(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	b, err := client.ParseBackup(data)
	if err != nil {
		return err
	}
	r, err := s.newRun()
	if err != nil {
		return err
	}
	r.first, r.barred = b.Last.Session+youngest, true
	if err := s.founders(); err != nil {
		return err
	}
	if err := s.found(s.ctx); err != nil {
		return err
	}
	for _, is := range b.Budgets {
		r.given = append(r.given, linear.Op{Call: now(), Input: putOf(is)})
	}
	return s.command("restore", file)
}

// putOf is the operation that creates a budget.
func putOf(b budget.Budget) linear.Input {
	in := linear.Input{Kind: linear.PutBudget, Budget: b.Name, Keyed: b.Keyed}
	for _, l := range b.Canonical().Limits {
		in.Limits = append(in.Limits, linear.Limit{Metric: l.Metric, Kind: string(l.Kind),
			Amount: int64(l.Amount), Per: int64(l.Per)})
	}
	return in
}

// command runs a command of the product's on its cluster. Its output goes to the log.
func (s *stage) command(name, file string) error {
	ctx, cancel := context.WithTimeout(s.ctx, commandTimeout+stopBound)
	defer cancel()
	argv := []string{"cluster", name, file, "--timeout", commandTimeout.String()}
	for _, address := range s.endpoints() {
		argv = append(argv, "--endpoints", address)
	}
	cmd := exec.CommandContext(ctx, s.o.Leased, argv...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	s.say("leased cluster %s: %s", name, out)
	if err != nil {
		return fmt.Errorf("process: leased cluster %s: %w: %s", name, err, out)
	}
	return nil
}
