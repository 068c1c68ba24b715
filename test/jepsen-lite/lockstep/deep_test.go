package lockstep

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// TestDeepUnderRapid draws walks step by step; a failure is shrunk, and rapid prints how to
// replay it.
func TestDeepUnderRapid(t *testing.T) {
	steps := "800"
	if *flagFull {
		steps = "5000"
	}
	if err := flag.Set("rapid.steps", steps); err != nil {
		t.Fatal(err)
	}
	dir, runs := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		here := filepath.Join(dir, fmt.Sprint(runs))
		if err := os.Mkdir(here, 0o755); err != nil {
			rt.Fatal(err)
		}
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "pick") }
		d := NewDeep(pick, Sound, here)
		steps := map[string]func(*rapid.T){}
		for _, s := range d.Steps() {
			for i := range s.Weight {
				steps[fmt.Sprintf("%s%d", s.Name, i)] = func(rt *rapid.T) {
					s.Do()
					if err := d.Err(); err != nil {
						rt.Fatal(err)
					}
				}
			}
		}
		rt.Repeat(steps)
		if err := d.Finish(); err != nil {
			rt.Fatal(err)
		}
		if err := os.RemoveAll(here); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestDeep walks longer, each walk from a seed, and demands that it gets somewhere.
func TestDeep(t *testing.T) {
	walks, length := uint64(24), 40_000
	if raceEnabled {
		walks = 3
	}
	if *flagFull {
		walks, length = 100, 60_000
	}
	var sum Tally
	for s := *flagSeed; s < *flagSeed+walks; s++ {
		tally, err := RunDeep(DeepOptions{Seed: s, Steps: length, Dir: t.TempDir()})
		sum.add(tally)
		if err != nil {
			t.Fatalf("%v\nreplay: go test ./test/jepsen-lite/lockstep -run 'TestDeep$' "+
				"-lockstep.seed=%d", err, s)
		}
	}
	t.Logf("%d walks: %+v", walks, sum)
	n := int(walks)
	for what, enough := range map[string]bool{
		"admissions": sum.Admissions >= 100*n, "grants": sum.Grants >= 30*n,
		"denials": sum.Denials >= 2*n, "rolls": sum.Rolls >= 10*n, "renewals": sum.Renewals >= n/4,
		"returns in part": sum.PartialReturns > 0, "idle returns": sum.IdleReturns > 0,
		"closes": sum.Closes >= 5*n, "failovers": sum.Failovers >= 10*n,
		"sleepers": sum.Sleepers >= n, "stale entries": sum.Stale >= n,
		"restores": sum.Restores >= n, "late answers": sum.Late >= n,
		"resets": sum.Resets >= n,
	} {
		if !enough {
			t.Errorf("too few %s to vouch for anything", what)
		}
	}
}

func (t *Tally) add(u Tally) {
	t.Admissions += u.Admissions
	t.Grants += u.Grants
	t.Denials += u.Denials
	t.Rolls += u.Rolls
	t.Renewals += u.Renewals
	t.PartialReturns += u.PartialReturns
	t.IdleReturns += u.IdleReturns
	t.Closes += u.Closes
	t.Lost += u.Lost
	t.Failovers += u.Failovers
	t.Sleepers += u.Sleepers
	t.Stale += u.Stale
	t.Restores += u.Restores
	t.Late += u.Late
	t.Resets += u.Resets
}

// TestNoSessionBeginsTwice has the answer that opened a session come again while the process waits
// for another session. Requests that were numbered from 1 again would be taken for the old ones.
func TestNoSessionBeginsTwice(t *testing.T) {
	// Of every choice the first: what is drawn stays in its bag.
	d := NewDeep(func(int) int { return 0 }, Sound, t.TempDir())
	p := d.fleet[0]
	answer := func() {
		d.propose()
		d.commitHead()
		d.deliver()
	}
	answer()
	p.offer()
	p.poll()
	p.crash()   // its session is to be replaced
	d.deliver() // what opened it, again
	if d.tally.Resets > 0 {
		t.Errorf("session %d begins again", p.session)
	}
	d.toLeader, d.toFleet = d.toLeader[len(d.fleet):], nil
	answer()
	p.offer()
	p.poll()
	d.toLeader, d.toFleet = d.toLeader[1:], nil
	answer()
	if d.tally.Resets != 1 || d.tally.Admissions != 1 {
		t.Errorf("%+v, want another session, and an admission before it", d.tally)
	}
	if err := d.Finish(); err != nil {
		t.Error(err)
	}
}

// TestDeepBreaks breaks one rule at a time. The judge must notice.
func TestDeepBreaks(t *testing.T) {
	for _, b := range []Break{StampEarly, ClockAhead, NoMargin, FromReceipt, EpochForged} {
		t.Run(string(b), func(t *testing.T) {
			for s := uint64(1); s <= 40; s++ {
				if _, err := RunDeep(DeepOptions{Seed: s, Steps: 3_000, Break: b}); err != nil {
					t.Logf("seed %d: %v", s, err)
					return
				}
			}
			t.Error("no walk of 40 noticed")
		})
	}
}
