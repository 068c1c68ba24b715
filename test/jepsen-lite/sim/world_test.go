package sim

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// TestTodo: tasks come out in the order of their instants, and of their arrival at one instant.
func TestTodo(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var q todo
		in := 0
		before := func(t, u task) bool { return t.at < u.at || t.at == u.at && t.seq < u.seq }
		var last task
		for step := range 300 {
			if len(q.heap) == 0 || rng.IntN(5) < 3 {
				q.push(task{at: last.at + rng.Int64N(4), seq: uint64(step + 1), n: step})
				in++
				continue
			}
			next := q.pop()
			if in--; before(next, last) || next.n != int(next.seq)-1 {
				t.Fatalf("%d/%d %d came after %d/%d", next.at, next.seq, next.n, last.at, last.seq)
			}
			last = next
		}
		for len(q.heap) > 0 {
			if next := q.pop(); before(next, last) {
				t.Fatalf("%d/%d came after %d/%d", next.at, next.seq, last.at, last.seq)
			} else {
				last = next
			}
			in--
		}
		if in != 0 {
			t.Fatalf("%d tasks were lost", in)
		}
	}
}

// TestSurvive: a panic of the product is a finding with its text, and not the end.
func TestSurvive(t *testing.T) {
	out, panicked := Survive(func() Outcome { panic("the books do not balance") })
	if panicked != "the books do not balance" || out.Entries != 0 {
		t.Errorf("got %q, %+v", panicked, out)
	}
	if out, panicked = Survive(func() Outcome { return Outcome{Entries: 3} }); panicked != "" ||
		out.Entries != 3 {
		t.Errorf("got %q, %+v", panicked, out)
	}
}

// TestStranger: over a few schedules the stranger's returns are refused, and taken, and its
// requests are told again, or it is no test of the rules.
func TestStranger(t *testing.T) {
	seen := map[string]int{}
	for s := uint64(1); s <= 20; s++ {
		o := DrawSmall(s)
		o.Strange = o.Limits[0].Per / 50
		fleet := map[uint64]bool{}
		Run(o, func(recorder string, e trace.Event) {
			switch {
			case strings.HasPrefix(recorder, "p"):
				fleet[e.Session] = true
			case recorder != "n1" || fleet[e.Session]:
			case e.Kind == trace.KindReturn && e.OK:
				seen["taken"]++
			case e.Kind == trace.KindReturn:
				seen["refused"]++
			case e.Kind == trace.KindReplay:
				seen["told again"]++
			case e.Kind == trace.KindGrant:
				seen["granted"]++
			}
		})
	}
	for _, what := range []string{"taken", "refused", "told again", "granted"} {
		if seen[what] == 0 {
			t.Errorf("nothing of the stranger's was ever %s: %v", what, seen)
		}
	}
}

// TestSmallSchedulesAreQuick: sessions expire in some small schedules, and each is of a few
// windows.
func TestSmallSchedulesAreQuick(t *testing.T) {
	long := 0
	for s := uint64(1); s <= 200; s++ {
		o := DrawSmall(s)
		if o.Length > 12*o.Limits[0].Per || o.Holders > 4 {
			t.Errorf("seed %d is not small: %v", s, o)
		}
		if o.Limits[0].Per > 10*time.Minute {
			long++
		}
	}
	if long == 0 {
		t.Error("in no schedule a session can expire")
	}
}

// TestShapes: every schedule of a campaign is of 20 windows at least and of 3 to 50 holders, and
// nobody switched a fault off for good.
func TestShapes(t *testing.T) {
	var faults, most, healed int
	for s := uint64(1); s <= 60*large; s += 41 {
		o := Draw(s)
		if o.Length < 20*o.Limits[0].Per || o.Holders < 3 || o.crowd() {
			t.Errorf("not of that shape: %v", o)
		}
		most, faults = max(most, faultsOf(o)), faults+faultsOf(o)
		healed += int(min(1, o.Healed))
	}
	if schedules := 60 * large / 41; most != 16 || faults < 6*schedules || healed < schedules/20 {
		t.Errorf("of %d schedules one has %d faults, all %d, and %d heal",
			schedules, most, faults, healed)
	}
	if o := Draw(large); o.Holders < 3 || o.Length != 30*o.Limits[0].Per || o.Failover == 0 {
		t.Errorf("seed %d is not large: %v", large, o)
	}
}
