package sim

import "testing"

// TestFound plays again what campaigns have found, each as small as it was made. What was wrong was
// the simulation's in both cases.
func TestFound(t *testing.T) {
	for what, line := range map[string]string{
		// The process's clock was ahead of the nodes', and was taken for the first line of a
		// replica's file that began after it.
		"a recorder's clock goes back": "close=10m0s dup=177 failover=8m30s holders=3 insist=15s " +
			"length=25m0s limits=requests:20/1m0s local=true loss=174 overload=107 " +
			"patience=1m0s replicas=3 seed=1795336476288 slow=54",
		// The wall clock alone told of a suspend, and was read before a lease was over for an
		// offer after it.
		"a suspend is hidden by a late reading": "change=12.5s close=14.5s crash=14s delete=17s " +
			"dup=339 failover=14s holders=6 insist=250ms late=408 length=21s " +
			"limits=requests:26/1s local=true loss=111 odd=160 overload=91 patience=250ms " +
			"replicas=2 reshape=12.5s seed=29 slow=106 suspend=13s",
	} {
		o, err := ParseOptions(line)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range []bool{false, true} {
			if _, _, finding, err := Examine(o, record); err != nil || finding.Reason != "" {
				t.Errorf("%s: %s, %v\nreplay: %s", what, finding.Text, err, o.Replay())
			}
		}
	}
}
