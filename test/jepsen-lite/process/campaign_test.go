//go:build linux

package process

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

var (
	seed     = flag.Uint64("process.seed", 1, "the campaign's seed")
	duration = flag.Duration("process.duration", shortly, "how long things are broken")
	workload = flag.String("process.workload", "", "the workload; empty: drawn from the seed")
	nodes    = flag.Int("process.nodes", 0, "how many nodes; 0: drawn from the seed")
	only     = flag.String("process.only", "", "kinds of faults, by comma; empty: all")
	kills    = flag.Int("process.kills", 0, "kill that many leaders instead, and measure")
	majority = flag.Bool("process.majority", false, "also take a majority of the nodes")
	patience = flag.Duration("process.elect", 0,
		"how long a healed cluster may take; 0: what a machine of its own allows")
	outDir = flag.String("process.out", "", "keep what was recorded in this directory")
)

// shortly is how long an ordinary run of the tests breaks things.
const shortly = 6 * time.Second

// built is where binaries has put them, if it was called.
var built string

// binaries builds the product and the actor once for all tests.
var binaries = sync.OnceValues(func() (string, error) {
	sweep()
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", builtPrefix, os.Getpid()))
	if err != nil {
		return "", err
	}
	built = dir
	const module = "github.com/leased-io/leased/"
	build := exec.Command("go", "build", "-o", dir+"/", module+"cmd/leased",
		module+"test/jepsen-lite/process/actor")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

// builtPrefix is followed by the number of the process whose binaries they are.
const builtPrefix = "leased-process-bin-"

// sweep removes the binaries of tests that were killed. They had no other trace.
func sweep() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), builtPrefix+"*"))
	for _, dir := range old {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), builtPrefix), "-")
		pid, err := strconv.Atoi(id)
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}

// atATime is how many campaigns run beside each other: they wait more than they work.
const atATime = 6

func TestMain(m *testing.M) {
	flag.Parse()
	if n := runtime.GOMAXPROCS(0); flag.Lookup("test.parallel").Value.String() == strconv.Itoa(n) {
		_ = flag.Set("test.parallel", strconv.Itoa(max(n, atATime)))
	}
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// play plays a campaign in out and returns its report, and that of its one run.
func play(t *testing.T, o Options, out string) (*report.Campaign, *report.Run) {
	t.Helper()
	ctx, cancel := signal.NotifyContext(t.Context(), os.Interrupt)
	defer cancel()
	r, err := tryPlay(ctx, o, out, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return r, &r.Runs[0]
}

// summary is a campaign's outcome, and what its judges went through.
func summary(t *testing.T, c *report.Campaign) string {
	t.Helper()
	var b strings.Builder
	if err := report.WriteSummary(&b, []*report.Campaign{c}); err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Runs {
		for _, v := range r.Verdicts {
			fmt.Fprintf(&b, "\n  %-14s %-8s %s", v.Judge, v.Result, v.Detail)
		}
	}
	return b.String()
}

// failing are the judges of a run that do not say that all is well.
func failing(r *report.Run) (judges []string) {
	for _, v := range r.Verdicts {
		if v.Result != report.Valid {
			judges = append(judges, v.Judge)
		}
	}
	return judges
}

// amidOthers is how long a healed cluster may take in an ordinary run of all tests, of which many
// go on at a time: what is held to a bound there is that it gets well, and not how soon.
const amidOthers = 90 * time.Second

func tryPlay(ctx context.Context, o Options, out, scratch string) (*report.Campaign, error) {
	if *duration == shortly && *kills == 0 {
		o.Elect = cmp.Or(o.Elect, amidOthers)
	}
	dir, err := binaries()
	if err != nil {
		return nil, err
	}
	o.Leased, o.Actor = filepath.Join(dir, "leased"), filepath.Join(dir, "actor")
	o.Out, o.Scratch = out, scratch
	return Launch(ctx, o, os.Stderr)
}

// out is the directory of what a test records.
func out(t *testing.T) string {
	t.Helper()
	if *outDir == "" {
		return t.ArtifactDir()
	}
	dir, err := filepath.Abs(*outDir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestCampaign plays the campaign that belongs to the seed: nothing may fail.
func TestCampaign(t *testing.T) {
	if *duration == shortly && *kills == 0 {
		t.Parallel() // a longer one is alone, so that its figures mean something
	}
	o := Draw(*seed, *duration)
	o.Kills, o.MajorityLoss, o.Elect = *kills, *majority, *patience
	if *workload != "" {
		o.Workload = *workload
	}
	if *nodes > 0 {
		o.Nodes = *nodes
	}
	if o.Kills > 0 {
		o.Nodes = max(*nodes, 3)
		o.Workload = cmp.Or(*workload, Ample)
	}
	if *only != "" {
		o.Only = strings.Split(*only, ",")
	}
	replay := fmt.Sprintf("go test ./test/jepsen-lite/process -run TestCampaign -v -count=1 "+
		"-timeout=%s -process.seed=%d -process.duration=%s -process.workload=%s "+
		"-process.nodes=%d -process.only=%s -process.kills=%d -process.majority=%t",
		(o.limit() + time.Minute).Round(time.Minute), o.Seed, o.Duration, o.Workload, o.Nodes,
		*only, o.Kills, o.MajorityLoss)
	t.Logf("seed %d: %s", o.Seed, replay)
	o.Command = replay
	c, r := play(t, o, out(t))
	t.Logf("\n%s", summary(t, c))
	if bad := failing(r); len(bad) > 0 || len(r.Verdicts) == 0 {
		t.Errorf("failed: %q\n%s", bad, replay)
	}
	if len(r.Faults) == 0 || r.Story.Admitted+r.Story.Slots == 0 || r.Served.Healings == 0 {
		t.Error("the campaign exercised too little to prove anything")
	}
}
