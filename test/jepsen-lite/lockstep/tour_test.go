package lockstep

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

var (
	flagFull  = flag.Bool("lockstep.full", false, "walk the larger scopes too, and deeper: minutes")
	flagSeed  = flag.Uint64("lockstep.seed", 1, "first seed of the walks")
	flagScope = flag.String("lockstep.scope", "", "walk this scope alone")
	flagWalk  = flag.String("lockstep.walk", "", "the walk that TestReplay takes, from a failure")
	flagBreak = flag.String("lockstep.break", "", "what TestReplay breaks, such as R7-from-receipt")
)

// TestTour walks every edge of the small scopes, and under the race detector of smaller ones. Each
// kind of edge that is expected must be there and be walked to the last, and nothing may be left
// out but what is expected to be.
func TestTour(t *testing.T) {
	for _, scope := range Scopes() {
		quick := scope.Name == "small" && !raceEnabled || scope.Name == "pair" && raceEnabled ||
			scope.Name == "retry"
		if *flagScope != "" && scope.Name != *flagScope || *flagScope == "" && !quick && !*flagFull {
			continue
		}
		t.Run(scope.Name, func(t *testing.T) {
			t.Logf("go test ./test/jepsen-lite/lockstep -run 'TestTour$' -v "+
				"-lockstep.scope=%s -lockstep.seed=%d", scope.Name, *flagSeed)
			r, err := Run(scope, Options{Seed: *flagSeed})
			t.Log(r)
			if err != nil {
				t.Fatal(err)
			}
			complete(t, scope, r)
		})
	}
}

// complete checks that a tour has covered all that was expected, and nothing else.
func complete(t *testing.T, scope Scope, r Report) {
	t.Helper()
	if want, ok := sizes[scope.Name]; ok && want != [2]int{r.States, r.Edges} {
		t.Errorf("%d states and %d edges, want %v", r.States, r.Edges, want)
	}
	got := map[string]bool{}
	for _, c := range r.Branches {
		got[c.Branch] = true
		if c.Walked != c.Edges || c.Edges == 0 {
			t.Errorf("%d of %d edges of %q were walked", c.Walked, c.Edges, c.Branch)
		}
	}
	for branch := range strings.Lines(expectedBranches) {
		branch = strings.TrimSpace(branch)
		name, needs, _ := strings.Cut(branch, " | ")
		if !got[name] && (needs == "" || needs == "several" && scope.keys() > 1) {
			t.Errorf("no edge of %q", name)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("edges of %q, which is not expected", name)
	}
	apart := !scope.alike() && len(scope.CRate) > 1
	for _, u := range r.Unwalked {
		switch u.Kind + ": " + u.Why {
		case "Commit: " + string(decidedOnce), "Return: " + string(alive),
			"Return: " + string(wholly), "Tick: " + string(beyond):
		case "Tick: " + string(oneClock):
			if !apart {
				t.Errorf("%+v, and no holder's attempts can disagree", u)
			}
			apart = false
		default:
			t.Errorf("left out unexpectedly: %+v", u)
		}
	}
	if apart {
		t.Error("no tick was left out in which attempts of one holder disagree")
	}
	refused := 0
	for _, n := range r.Refused {
		refused += n
	}
	if refused == 0 {
		t.Error("nothing was refused, and late copies should be")
	}
}

// sizes are the graphs' states and edges: a change of either is a change of the twin, or of what
// the code is led to.
var sizes = map[string][2]int{"small": {117_438, 672_878}, "retry": {16_488, 93_220}}

// expectedBranches are all kinds of edges. Some need several holders.
const expectedBranches = `Accept
	Accept: too late to be of use
	Admit
	Commit: reserve denied | several
	Commit: reserve granted, answered
	Commit: reserve granted, nobody waits
	Commit: reserve granted, rolls, answered
	Commit: reserve granted, rolls, nobody waits
	Commit: reserve of a grant that stands, answered | optional
	Commit: reserve of a grant that stands, nobody waits
	Commit: reserve of a grant that stands, the answer before comes first
	Commit: reserve of a grant that stands, this answer comes first
	Commit: reserve refused, decided before the roll
	Commit: reserve refused, decided before the roll, rolls
	Commit: return not taken: it was before
	Commit: return not taken: its window is over
	Commit: return not taken: its window is over, rolls
	Commit: return taken
	Crash: holds a lease
	Crash: waits for an answer
	Failover
	Failover: loses proposals
	Propose(reserve)
	Propose(reserve): late copy
	Propose(return)
	Propose(return): of a holder that is gone
	Recover
	Recycle
	Return
	Send
	Tick
	Tick: no leader`

// TestNamesDoNotMatter: nodes that differ by a renaming of requests have one node for all.
func TestNamesDoNotMatter(t *testing.T) {
	for _, scope := range []Scope{
		{Name: "two", KeyOf: []int{0, 1}, Limit: 1, LRate: fastLeader, CRate: slowHolder,
			MaxLog: 2, MaxAhead: 0, Window: 8},
		{Name: "three", KeyOf: []int{0, 1, 2}, Limit: 1, LRate: fastLeader, CRate: slowHolder,
			MaxLog: 1, MaxAhead: 0, Window: 8},
	} {
		g, err := newGraph(scope)
		if err != nil {
			t.Fatal(err)
		}
		all := []renaming{{0, 1, 2}, {1, 0, 2}}
		if scope.keys() == 3 {
			all = append(all, renaming{0, 2, 1}, renaming{1, 2, 0}, renaming{2, 0, 1},
				renaming{2, 1, 0})
		}
		for i := range g.nodes {
			for _, r := range all {
				n := r.node(&g.nodes[i])
				if back := r.inverse().node(&n); back != g.nodes[i] {
					t.Fatalf("%v renamed by %v and back is %v", g.nodes[i], r, back)
				}
				if one := g.canonical(&n).node(&n); one != g.nodes[i] {
					t.Fatalf("%v renamed by %v stands for itself", g.nodes[i], r)
				}
			}
		}
		t.Logf("scope %s: %d nodes", scope.Name, len(g.nodes))
	}
}

// TestBreaks breaks one rule at a time around the code as it is. The tour must notice, and tell
// it by a walk that is short enough to be read.
func TestBreaks(t *testing.T) {
	for _, b := range Breaks() {
		t.Run(string(b), func(t *testing.T) {
			scope, _ := FindScope("retry")
			_, err := Run(scope, Options{Seed: *flagSeed, Break: b})
			var f *Failure
			if !errors.As(err, &f) {
				t.Fatalf("the tour did not notice: %v", err)
			}
			t.Log(f)
			if len(f.Path) > 60 {
				t.Errorf("it takes %d steps to show it", len(f.Path))
			}
			// The walk is repeated to the letter.
			scope, seed, path, err := ParseWalk(strings.Fields(walkOf(f))[0])
			if err != nil {
				t.Fatal(err)
			}
			text, again := Replay(scope, seed, path, b)
			if again == nil || again.Error() != f.Error() || text != f.Text {
				t.Errorf("replayed it ends with %v", again)
			}
		})
	}
}

// walkOf returns the walk in a failure's command.
func walkOf(f *Failure) string {
	_, walk, _ := strings.Cut(f.Replay(), "-lockstep.walk=")
	return walk
}

// TestReplay takes the walk of -lockstep.walk=, and shows both sides. Without it it takes one
// that goes well.
func TestReplay(t *testing.T) {
	text, broken := *flagWalk, Sound
	if text == "" {
		text = "retry:1:0.0.0.0"
	}
	for _, b := range Breaks() {
		if string(b) == *flagBreak {
			broken = b
		}
	}
	scope, seed, path, err := ParseWalk(text)
	if err != nil {
		t.Fatal(err)
	}
	text, err = Replay(scope, seed, path, broken)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text)
}

// TestParseWalk: what is no walk is told so.
func TestParseWalk(t *testing.T) {
	for _, text := range []string{"", "small", "small:1", "small:1:", "small:x:0", "none:1:0",
		"small:1:0.-1", "small:1:70000", "small:1:0:0"} {
		if _, _, _, err := ParseWalk(text); !errors.Is(err, ErrWalk) {
			t.Errorf("%q: %v", text, err)
		}
	}
	scope, _, path, _ := ParseWalk("retry:1:0.999")
	if _, err := Replay(scope, 1, path, Sound); !errors.Is(err, ErrWalk) {
		t.Errorf("an edge that there is not: %v", err)
	}
}
