package sim

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
)

// campaign is schedules of one seed after another, on every core, and what they came to in sum.
type campaign struct {
	first uint64
	more  func(played int64) bool // called before each but the first
	// look is how a seed is looked at.
	look func(seed uint64) (o Options, record bool)

	mu      sync.Mutex
	taken   int64
	failed  []failure
	covered refine.Coverage

	played, judged, verified, grants, rolls, entries, epochs, windows int64

	struck    Counts
	books     Books
	workloads map[string]int64
	length    time.Duration // virtual
	limiters  int64
	events    int64 // that the checker read
	healed    int64 // schedules with a healed phase
	slowest   time.Duration
	within    time.Duration
}

// failure is a schedule in which something is wrong.
type failure struct {
	options Options
	record  bool
	finding Finding
}

// run plays until there is no more, or something is wrong. Seeds are taken in their order and
// played to their end, so the lowest seed that fails is found whoever is faster.
func (c *campaign) run() error {
	errs := make([]error, runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for i := range errs {
		workers.Go(func() {
			for seed, ok := c.next(); ok && errs[i] == nil; seed, ok = c.next() {
				o, record := c.look(seed)
				out, report, finding, err := Examine(o, record)
				errs[i] = err
				c.add(failure{o, record, finding}, out, report)
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *campaign) next() (seed uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failed) > 0 || c.taken > 0 && !c.more(c.taken) {
		return 0, false
	}
	c.taken++
	return c.first + uint64(c.taken) - 1, true
}

func (c *campaign) add(f failure, out Outcome, report *twin.Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.finding.Reason != "" {
		c.failed = append(c.failed, f)
	}
	if report != nil {
		c.judged++
		c.events += report.Events
		c.covered.Merge(report.Coverage)
	}
	if f.options.Verify {
		c.verified++
	}
	if c.workloads == nil {
		c.workloads = map[string]int64{}
	}
	c.workloads[f.options.Workload()]++
	c.length += f.options.Length + f.options.Healed
	c.limiters = max(c.limiters, int64(f.options.Holders))
	if f.options.heals() {
		c.healed++
		if out.Slowest >= c.slowest {
			c.slowest, c.within = out.Slowest, f.options.Healed
		}
	}
	c.played++
	c.grants += out.Grants
	c.rolls += out.Rolls
	c.entries += int64(out.Entries)
	c.windows += out.Windows
	c.epochs += out.Epochs
	c.struck.add(out.Struck)
	c.books.add(out.Books)
}

// lowest is the failure of the lowest seed.
func (c *campaign) lowest() (f failure, ok bool) {
	for i := range c.failed {
		if !ok || c.failed[i].options.Seed < f.options.Seed {
			f, ok = c.failed[i], true
		}
	}
	return f, ok
}

// figures are what the campaign came to, and how fast it was.
func (c *campaign) figures(wall, cpu time.Duration) string {
	n := max(1, c.played)
	return fmt.Sprintf("%d schedules in %v: %.0f a second, %v of CPU each\n"+
		"%d windows, %d entries, %d grants, %d credits admitted, %d rolls, %d failovers, "+
		"%d proposals appended under a later term than their stamp's; "+
		"%d schedules were judged by the checker",
		c.played, wall.Round(time.Millisecond), float64(c.played)/wall.Seconds(),
		(cpu / time.Duration(n)).Round(time.Microsecond),
		c.windows, c.entries, c.grants, c.books.Admitted, c.rolls, c.struck[Failover],
		c.struck[Sleeper], c.judged)
}

// report fails the test for a failure, with a smaller schedule that fails alike.
func (f failure) report(t *testing.T) {
	t.Helper()
	plays := minimising
	if f.record {
		plays /= 10
	}
	t.Errorf("seed %d: %s", f.options.Seed, f.finding.Text)
	t.Logf("replay: %s", f.options.Replay())
	small := Minimise(f.options, plays, func(o Options) bool {
		_, _, finding, err := Examine(o, f.record)
		return err == nil && finding.Reason == f.finding.Reason
	})
	t.Logf("the least that fails for the same reason (%s): %s", f.finding.Reason, small.Replay())
}

// TestCampaign: of the schedules in which something is wrong the one of the lowest seed is told,
// whichever core plays what; and nothing is where nothing is wrong.
func TestCampaign(t *testing.T) {
	broken := func(rule Broken) *campaign {
		return &campaign{
			first: 1,
			more:  func(played int64) bool { return played < 200 },
			look: func(seed uint64) (Options, bool) {
				o := Draw(seed)
				o.Broken = rule
				return o, seed%50 == 0
			},
		}
	}
	c := broken(ResumeAhead)
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	got, ok := c.lowest()
	var want uint64
	for s := uint64(1); want == 0; s++ {
		o, record := c.look(s)
		_, _, finding, err := Examine(o, record)
		if err != nil {
			t.Fatal(err)
		}
		if finding.Reason != "" {
			want = s
		}
	}
	if !ok || got.options.Seed != want || c.played >= 200 {
		t.Errorf("%d schedules, and the lowest that failed is seed %d, want %d",
			c.played, got.options.Seed, want)
	}
	sound := broken(Sound)
	if err := sound.run(); err != nil {
		t.Fatal(err)
	}
	if f, ok := sound.lowest(); ok || sound.played != 200 || sound.judged != 4 {
		t.Errorf("%d schedules, %d of them judged, failure %+v", sound.played, sound.judged, f)
	}
}
