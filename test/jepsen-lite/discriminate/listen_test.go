package discriminate

import (
	"strings"
	"testing"
)

// TestListeners has each listener hear what its ring's campaign said of a plant, and of none.
func TestListeners(t *testing.T) {
	for name, c := range map[string]struct {
		ear   listener
		said  string
		seed  uint64
		judge string
		done  bool
	}{
		"ring 1, the oracle": {&simulated{}, `
    sim_test.go:70: seed 3: at 409447499: admission on lease 1 of window 0 in window 1
        at 409447500: lease 1 is overspent by 1
    sim_test.go:70: replay: go test ./test/jepsen-lite/sim`, 3, "oracle: wrong window", true},
		"ring 1, an invariant": {&simulated{}, `
    sim_test.go:70: seed 32: entry 5: invariant Books is broken: limit 1 key "": used 1
    sim_test.go:70: replay: go test ./test/jepsen-lite/sim`, 32, "invariant: Books", true},
		"ring 1, a crash": {&simulated{}, `
    sim_test.go:70: seed 4: the product panics: fsm: Books is broken at index 7 term 1: lease 3
    sim_test.go:70: replay: go test ./test/jepsen-lite/sim`, 4, "crash: Books", true},
		"ring 1, a snapshot": {&simulated{}, `
    sim_test.go:70: seed 1: the product panics: sim: restore: fsm: not a snapshot: invariant
    sim_test.go:70: replay: go test`, 1, "crash: restore", true},
		"ring 1, nobody is served": {&simulated{}, `
    sim_test.go:70: seed 9: not served in the healed phase: p1 p2
    sim_test.go:70: replay: go test`, 9, "starved", true},
		"ring 1, the checker": {&simulated{}, `
    sim_test.go:70: seed 1024: the checker disagrees:
        INVALID: run sim, 3 nodes, 8 fleet recorders, 11 files, 1284 events

        EpochOnly is violated: entry 79 was stamped under epoch 2 while epoch 3 was open
          An entry has effect if and only if it was stamped under the epoch that is open.
    sim_test.go:70: replay: go test`, 1024, "checker: EpochOnly", true},
		"ring 1, nothing": {&simulated{}, `
=== RUN   TestSim
    sim_test.go:55: go test ./test/jepsen-lite/sim -run 'TestSim$' -v -sim.seed=1 -sim.duration=10s
    sim_test.go:67: 13276 schedules in 10.001s: 1327 a second, 1.203ms of CPU each
        286734 windows, 3139594 entries
--- PASS: TestSim (10.00s)`, 0, "", false},
		"ring 2, the checker": {&virtual{}, `
    long_test.go:45: seed 5: 3 nodes, 3m4s in 535ms: 597 requests allowed; trace: valid, 38 files
    long_test.go:45: seed 6: 3 nodes, 3m6s in 811ms: 4842 requests allowed; trace: invalid, 36 files
    long_test.go:52: invalid: NoCarryOver: credits of window 7 were spent 599833378 ns late [] []
    long_test.go:54: <nil>
        options: {Seed:6 Nodes:3`, 6, "checker: NoCarryOver", true},
		"ring 2, a run that fails": {&virtual{}, `
    long_test.go:45: seed 1: 3 nodes, 3m0s in 1.894s: 1525 requests allowed; trace: valid, 34 files
    long_test.go:52: valid: <nil> [] [p3.jsonl ends in a torn line: its process died while writing]
    long_test.go:54: raft: failed to load any existing snapshots
        raft: failed to load any existing snapshots
        options: {Seed:1 Nodes:3`, 1, "restore", true},
		"ring 2, nobody is served": {&virtual{}, `
    long_test.go:45: seed 2: 3 nodes, 3m0s in 1.894s: 1525 requests allowed
    long_test.go:54: cluster: p3 was not served within 22s: session 4 at n1, held [], nothing
        options: {Seed:2 Nodes:3`, 2, "starved", true},
		"ring 2, a crash": {&virtual{}, `
    long_test.go:45: seed 1: 3 nodes, 3m0s in 1.894s: 1525 requests allowed; trace: valid, 34 files
panic: fsm: Books is broken at index 110 term 5: lease 125 of 3 is not charged to limit 3

goroutine 1823 [running, synctest bubble 3]:`, 2, "crash: Books", false},
		"ring 2, nothing": {&virtual{}, `
    long_test.go:45: seed 1: 3 nodes, 3m3s in 1.177s: 2057 requests allowed; trace: valid, 37 files
    long_test.go:58: 0.31 virtual hours; verdicts: valid 6
--- PASS: TestLong (4.63s)`, 0, "", false},
		"ring 3, the checker": {&processes{}, `
    campaign_test.go:146: seed 1: go test ./test/jepsen-lite/process -run TestCampaign -v
    campaign_test.go:178:
        INVALID: 1 life of clusters, 8 faults

          trace          invalid  EpochOnly: entry 7 was stamped under epoch 2
          real time      invalid  2 admissions were made outside their window
          replicas       valid
    campaign_test.go:180: failed: ["trace" "real time"]
        go test`, 1, "checker: EpochOnly", false},
		"ring 3, in one line": {&processes{}, `
    campaign_test.go:146: seed 2: go test ./test/jepsen-lite/process -run TestCampaign -v
    campaign_test.go:152: failed: [{Name:trace Text:NeverFast: cluster time ran from 5 to 7}]
        go test`, 2, "checker: NeverFast", false},
		"ring 3, another judge": {&processes{}, `
    campaign_test.go:146: seed 1: go test ./test/jepsen-lite/process -run TestCampaign -v
    campaign_test.go:178:
          trace          valid    81022 events of 11 files in 1.2 s
          real time      invalid  4 admissions were made outside their window
    campaign_test.go:180: failed: ["real time"]`, 1, "real time", false},
		"ring 3, nothing": {&processes{}, `
    campaign_test.go:146: seed 1: go test ./test/jepsen-lite/process -run TestCampaign -v
    campaign_test.go:178:
          trace          valid    81022 events of 11 files in 1.2 s
--- PASS: TestCampaign (34.63s)`, 1, "", false},
	} {
		done := false
		for _, line := range strings.Split(c.said, "\n") {
			if done {
				t.Errorf("%s: it stopped before %q", name, line)
			}
			done = c.ear.hear(line)
		}
		seed, judge, text := c.ear.found()
		if seed != c.seed || judge != c.judge || done != c.done || (text == "") != (judge == "") {
			t.Errorf("%s: got seed %d, %q, %q, done %t", name, seed, judge, text, done)
		}
	}
}
