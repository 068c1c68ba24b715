//go:build linux

package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// overtime is how much longer than its rounds a campaign may take: to found the cluster, to heal
// after each round, to stop everything and to check. It is generous: the machine may be busy.
const overtime = 5 * time.Minute

// limit bounds a whole campaign.
func (o Options) limit() time.Duration {
	return overtime + 4*o.Duration + time.Duration(o.Kills)*perKill
}

// namespaces are the stage's own. With the first process of its process namespace, which the
// stage is, the kernel kills all others.
const namespaces = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET

// Launch plays a campaign in a process of its own, and returns its report. What it says on the
// way goes to out. When ctx ends, or the caller dies, nothing of the campaign is left running.
func Launch(ctx context.Context, o Options, out io.Writer) (*report.Campaign, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	// A parent-death signal is the thread's, so the thread has to stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeout(ctx, o.limit())
	defer cancel()
	cmd, err := startStage(ctx, o, out)
	if err != nil {
		return nil, fmt.Errorf("process: start the stage: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("process: the stage: %w", errors.Join(err, context.Cause(ctx)))
	}
	return report.ReadFile(filepath.Join(o.Out, CampaignFile))
}

// startStage starts the stage, in namespaces of its own if the system allows that. It is killed
// when ctx ends or the caller's thread does.
func startStage(ctx context.Context, o Options, out io.Writer) (*exec.Cmd, error) {
	start := func(flags uintptr) (*exec.Cmd, error) {
		o.Isolated = flags != 0
		script, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, o.Actor, "stage", string(script))
		cmd.Stdout, cmd.Stderr = out, out
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: flags,
		}
		return cmd, cmd.Start()
	}
	if slices.Contains(o.Avoid, AvoidNamespaces) {
		return start(0)
	}
	cmd, err := start(namespaces)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		return start(0)
	}
	return cmd, err
}
