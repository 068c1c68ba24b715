package discriminate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Find is what a ring came to with one plant.
type Find struct {
	Plant string `json:"plant"`
	Ring  int    `json:"ring"`
	// Means is the plant's, so that a find of another bug is not taken for one of this.
	Means string `json:"means"`
	// Judge is who found it, in a word or two; empty: nobody did, in as long as After.
	Judge string `json:"judge,omitempty"`
	// Seed is that of the schedule, run or campaign.
	Seed uint64 `json:"seed,omitempty"`
	// After is the real time from the campaign's start until it said so.
	After time.Duration `json:"after_ns"`
	// Text is what the campaign said of it. It names files of a run that is over, so it is not kept.
	Text string `json:"-"`
}

// Found reports whether the ring found the plant.
func (f Find) Found() bool { return f.Judge != "" }

const (
	// maxText bounds what a find quotes, in bytes, and maxTail how much of a campaign that failed
	// for no known reason is shown, in lines.
	maxText = 240
	maxTail = 60
	// patience bounds how long a campaign that was told to end may take to do so.
	patience = 30 * time.Second
)

// Hunter builds campaigns with plants in them, and runs them.
type Hunter struct {
	Root string // of the module
	Dir  string // for what is built, by turns
}

// Hunt has a ring look for a plant, and ends it once it has found something, or after bound; and
// again, from another seed, if the ring has tries. A plant without edits is the code as it is. A
// campaign that does not build, or fails without a word that is known here, is an error.
func (h Hunter) Hunt(ctx context.Context, r Ring, p Plant, bound time.Duration) (Find, error) {
	find := Find{Plant: p.Name, Ring: r.Number, Means: p.Means}
	binary, env, err := h.build(ctx, r, p)
	for seed := 1; seed <= r.Tries && !find.Found() && err == nil; seed++ {
		args := append([]string{"-test.run=^" + r.Campaign + "$", "-test.v", "-test.timeout=1h"},
			r.Flags(seed, bound)...)
		err = h.campaign(ctx, &find, r, bound, append([]string{binary}, args...), env)
	}
	if err != nil {
		err = fmt.Errorf("plant %s, ring %d: %w", p.Name, r.Number, err)
	}
	return find, err
}

// campaign runs one campaign, and notes what it found.
func (h Hunter) campaign(
	ctx context.Context, find *Find, r Ring, bound time.Duration, command, env []string,
) error {
	bounded, cancel := context.WithTimeout(ctx, bound+r.Tail)
	defer cancel()
	cmd := exec.CommandContext(bounded, command[0], command[1:]...)
	cmd.Dir = filepath.Join(h.Root, filepath.FromSlash(r.Package))
	cmd.Env = append(append(os.Environ(), "TMPDIR="+h.Dir), env...)
	if r.Number == 3 { // it has processes of its own to end
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	}
	cmd.WaitDelay = patience
	ear := r.Listen()
	after, last, err := listen(cmd, ear, cancel)
	find.After += after
	if find.Seed, find.Judge, find.Text = ear.found(); !find.Found() {
		find.Seed = 0
	}
	find.Text = find.Text[:min(len(find.Text), maxText)]
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !find.Found() && err != nil && bounded.Err() == nil:
		return fmt.Errorf("the campaign fails, and does not say why: %w\n%s", err,
			strings.Join(last, ""))
	}
	return nil
}

// listen runs a campaign until it ends, or has said what it found. It returns the time until
// then, the last that it said, and how it ended.
func listen(cmd *exec.Cmd, ear listener, stop context.CancelFunc) (
	after time.Duration, last []string, err error,
) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, nil, err
	}
	cmd.Stderr = cmd.Stdout
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	lines, said := bufio.NewReader(out), false
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			if last = append(last, line); len(last) > maxTail {
				last = last[1:]
			}
			done := ear.hear(strings.TrimRight(line, "\n"))
			if _, judge, _ := ear.found(); judge != "" && !said {
				after, said = time.Since(begin), true
			}
			if done {
				stop()
			}
		}
		if err != nil {
			break
		}
	}
	err = cmd.Wait()
	if !said {
		after = time.Since(begin)
	}
	return after, last, err
}

// build builds a ring's tests with the plant in them, and returns what the campaign needs in its
// environment. Ring 3 builds the processes itself that it breaks: to it, the plant is theirs.
func (h Hunter) build(
	ctx context.Context, r Ring, p Plant,
) (binary string, env []string, err error) {
	binary = filepath.Join(h.Dir, fmt.Sprintf("ring%d.test", r.Number))
	command := []string{"test", "-c", "-o", binary, r.Package}
	if m := p.mutant(r.Number); len(m.Edits) > 0 {
		overlay, err := m.Overlay(h.Root, h.Dir)
		if err != nil {
			return "", nil, err
		}
		flag := "-overlay=" + overlay
		env = []string{"GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" "+flag)}
	}
	cmd := exec.CommandContext(ctx, "go", command...)
	cmd.Dir, cmd.Env = h.Root, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("does not build:\n%s", out), err)
	}
	return binary, env, nil
}
