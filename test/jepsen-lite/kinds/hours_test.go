package kinds

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

var (
	hours = flag.Float64("kinds.hours", 0, "virtual hours that TestHours plays of each kind")
	from  = flag.Uint64("kinds.seed", 1, "the seed of TestHours' first schedule")
)

// campaigns are what TestHours plays, each by itself.
var campaigns = []struct {
	name string
	draw func(seed uint64) sim.Options
}{
	{"window", sim.Draw},
	{"sliding", func(seed uint64) sim.Options { return drawOf(seed, budget.KindSliding) }},
	{"bucket", func(seed uint64) sim.Options { return drawOf(seed, budget.KindBucket) }},
	{"slots", DrawSlots},
	{"several levels", DrawFamily},
}

// drawOf is Draw with limits of one kind alone.
func drawOf(seed uint64, kind budget.Kind) sim.Options {
	o := Draw(seed)
	own := o.Limits[:1]
	for i := range o.Limits {
		l := &o.Limits[i]
		if l.Kind == kind {
			continue
		}
		l.Kind, l.Slots, l.Burst, l.Lease = kind, 0, 0, 0
		if kind == budget.KindSliding {
			l.Slots = 1 + int(seed%12)
		} else {
			l.Burst = l.Amount * budget.Credits(1+seed%3)
		}
	}
	if (budget.Budget{Name: "b", Limits: o.Limits}).Validate() != nil { // the same one twice
		o.Limits = own
	}
	return o
}

// TestHours plays each kind under all faults for so many virtual hours, and has the oracle, the
// invariants and the checker judge every schedule. Without -kinds.hours it plays a few minutes.
func TestHours(t *testing.T) {
	length := time.Duration(*hours * float64(time.Hour))
	if length == 0 {
		length = time.Minute
	}
	for _, c := range campaigns {
		var played, admitted int64
		var virtual time.Duration
		faults := int64(0)
		began, dir := time.Now(), t.TempDir()
		for seed := *from; virtual < length; seed++ {
			o := c.draw(seed)
			o.Verify = true
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			out, r, panicked, err := sim.Judge(o, dir)
			if err != nil || panicked != "" || len(out.Violations)+len(out.Starved) > 0 ||
				out.Broken != "" || r.Verdict == twin.Invalid {
				var text strings.Builder
				if r != nil {
					_ = r.WriteText(&text) // to memory
				}
				t.Fatalf("%s, seed %d: %v %s %v %v %s %s\nreplay: go test ./test/jepsen-lite/kinds -run "+
					"TestHours -kinds.hours=0.001 -kinds.seed=%d", c.name, seed, err, panicked,
					out.Violations, out.Starved, out.Broken, &text, seed)
			}
			played, admitted, virtual = played+1, admitted+out.Books.Admitted, virtual+o.Length+o.Healed
			for _, n := range out.Struck {
				faults += int64(n)
			}
		}
		t.Logf("%s: %.1f virtual hours in %d schedules from seed %d, %d faults, %d credits admitted, "+
			"none too many; %v", c.name, virtual.Hours(), played, *from, faults, admitted,
			time.Since(began).Round(time.Second))
	}
}
