package sim

import "testing"

// TestCrowds plays the two kinds of crowd, which a campaign meets in few of its seeds: up to 200
// limiters on tiny windows, and a thousand with a key each. The checker judges a smaller one, since
// a trace has a file for each process.
func TestCrowds(t *testing.T) {
	for _, keyed := range []bool{false, true} {
		o := drawCrowd(1, keyed)
		if !o.crowd() || o.Length < 20*o.Limits[0].Per {
			t.Errorf("no crowd: %v", o)
		}
		small := o
		small.Holders, small.Length = 100, 3*o.Limits[0].Per
		if keyed {
			small.Keys, small.Overload = 100, o.Overload/10
		}
		if !raceEnabled {
			examine(t, o, false)
		}
		examine(t, small, true)
	}
}

func examine(t *testing.T, o Options, record bool) {
	t.Helper()
	out, _, finding, err := Examine(o, record)
	if err != nil {
		t.Fatal(err)
	}
	if finding.Reason != "" {
		t.Errorf("%s\nreplay: %s", finding.Text, o.Replay())
	}
	if out.Books.Admitted < int64(o.Holders) {
		t.Errorf("%v: %+v: too little happened to prove anything", o, out.Books)
	}
}

// TestWorkloads: among the seeds of a campaign is every workload, and every seed's is named.
func TestWorkloads(t *testing.T) {
	seen := map[string]int{}
	for s := uint64(1); s <= 40*large; s += 7 {
		seen[Draw(s).Workload()]++
	}
	for s := uint64(0); s <= 64*large; s += large {
		seen[Draw(s).Workload()]++
	}
	for _, want := range []string{
		"hot budget", "hot budget, amounts change", "keyed budget", "two metrics",
		"two metrics, large costs", "sliding limits", "buckets",
		"tiny windows, up to 200 limiters", "1,000 keys",
	} {
		if seen[want] == 0 {
			t.Errorf("no seed has %q: %v", want, seen)
		}
	}
}
