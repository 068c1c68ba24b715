package cluster

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

var outDir = flag.String("cluster.out", "",
	"directory for the report of TestLong; none: no report")

var hours = flag.Float64("cluster.hours", 0,
	"virtual hours of each run of TestLong; 0: two minutes")

var plant = flag.String("cluster.plant", "",
	"a fault that must not be survived: nosync, disks that lose what was written last")

// TestLong plays long runs: 20 limiters on three or five nodes, and faults of every kind.
func TestLong(t *testing.T) {
	if *findings != "" {
		t.Skip("looking for bugs")
	}
	if err := Plant(*plant).check(); err != nil {
		t.Fatal(err)
	}
	n, length := *runs, time.Duration(*hours*float64(time.Hour))
	if length == 0 {
		length = 2 * time.Minute
	}
	if n == 0 {
		n = 3
		if raceEnabled {
			n = 1
		}
	}
	var sum sums
	started, told := time.Now(), campaign(*seed, n, length)
	enough := n >= 3 || length >= roundLength
	for s := *seed; s < *seed+uint64(n); s++ {
		o := DrawLong(s, length)
		o.Plant = Plant(*plant)
		begin, cpu := time.Now(), cpuTime()
		dir := traceDir(t)
		out, judged := Judge(t, o, dir)
		sum.add(out, judged)
		told.Runs = append(told.Runs, o.runs(out, judged)...)
		t.Logf("seed %d: %d nodes, %v in %v (%v of CPU): %s", s, o.Nodes,
			out.Virtual.Round(time.Second), time.Since(begin).Round(time.Millisecond),
			(cpuTime() - cpu).Round(time.Millisecond), saw(out, judged))
		if judged.OK() {
			continue
		}
		for j := &judged; j != nil; j = j.Next {
			if r := j.Trace; r != nil {
				t.Logf("%s: %v %v", r.Verdict, r.Violation, r.Reasons)
			}
		}
		t.Errorf("%v; overshoot %d\noptions: %+v\ntrace: %s\nreplay the faults: %s",
			judged.Err, judged.Story.Overshoot, o, dir, o.replay())
	}
	t.Log(sum.String())
	if told.Took = time.Since(started); *outDir != "" {
		if err := told.Save(*outDir); err != nil {
			t.Error(err)
		}
	}
	if enough {
		sum.suffices(t)
	}
}

// traceDir is a place for a run's trace, which goes if the test passes.
func traceDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "leased-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(dir) // it is in the way of nothing
		}
	})
	return dir
}

// saw is what one run came to.
func saw(out Outcome, judged Judgement) string {
	report := judged.Trace
	text := fmt.Sprintf("%d requests allowed, all served %v after the healing, %d messages lost; "+
		"faults: %s", out.Allowed, out.Served.Round(time.Millisecond), out.Lost, listed(out.Faults))
	if report != nil {
		text += fmt.Sprintf("; trace: %s, %d files, %d events, %d entries, %d stale, %d epochs, "+
			"%d restores, %d windows, %d replays, %d fail open", report.Verdict, report.Files,
			report.Events, report.Entries, report.Stale, report.Epochs, report.Restores,
			report.Windows, report.Replays, report.FailOpen)
	}
	text = fmt.Sprintf("%s; %s, %d not judged", text, judged.Linear, judged.Linear.Unjudged)
	if next := judged.Next; next != nil && next.Trace != nil {
		text += fmt.Sprintf("; lost, and restored: trace: %s, %d events; %s; %v; %s, "+
			"%d not judged", next.Trace.Verdict, next.Trace.Events, next.crossing, next.Err,
			next.Linear, next.Linear.Unjudged)
	}
	return text
}

// sums are of all runs of a test.
type sums struct {
	virtual                   time.Duration
	faults, verdicts          map[string]int64
	allowed                   int
	epochs, restores, windows int64
	stale, replays, denied    int64
	crossing                  crossing // of all
	successions               int
}

func (s *sums) add(out Outcome, judged Judgement) {
	report := judged.Trace
	if s.faults == nil {
		s.faults, s.verdicts = map[string]int64{}, map[string]int64{}
	}
	s.virtual += out.Virtual
	for kind, n := range out.Faults {
		s.faults[kind] += n
	}
	s.allowed += out.Allowed
	if report == nil {
		s.verdicts["none"]++
		return
	}
	s.verdicts[string(report.Verdict)]++
	s.epochs += report.Epochs
	s.restores += report.Restores
	s.windows += report.Windows
	s.stale += report.Stale
	s.replays += report.Replays
	s.denied += report.Denials
	if judged.Next != nil {
		s.successions++
		s.crossing.limits += judged.Next.crossing.limits
		s.crossing.outlived += judged.Next.crossing.outlived
		out.Faults, out.Allowed, out.Virtual = nil, 0, 0 // those of both
		s.add(out, *judged.Next)
	}
}

// String says it in a few lines.
func (s *sums) String() string {
	return strings.Join([]string{
		fmt.Sprintf("%.2f virtual hours; verdicts: %s", s.virtual.Hours(), listed(s.verdicts)),
		fmt.Sprintf("faults: %s", listed(s.faults)),
		fmt.Sprintf("%d epochs, %d snapshots restored, %d requests allowed, %d windows, "+
			"%d entries of another epoch, %d replays, %d denials", s.epochs, s.restores, s.allowed,
			s.windows, s.stale, s.replays, s.denied),
		fmt.Sprintf("%d clusters lost and restored: %s", s.successions, s.crossing),
	}, "\n")
}

// suffices wants the runs to have met what they are for.
func (s *sums) suffices(t *testing.T) {
	t.Helper()
	if s.allowed == 0 || s.epochs < 2 || s.windows == 0 || s.denied == 0 || len(s.faults) < 10 {
		t.Error("the runs exercised too little to prove anything")
	}
	if s.successions > 0 && s.crossing.limits == 0 {
		t.Errorf("nothing was granted by a cluster in another's place: %s", s.crossing)
	}
}

// cpuTime is what the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
