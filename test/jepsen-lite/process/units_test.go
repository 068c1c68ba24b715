//go:build linux

package process

import (
	"io"
	"maps"
	"math"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// TestSkew: a skewed clock and its inverse agree, at both ends of the bound and beyond.
func TestSkew(t *testing.T) {
	for _, ppm := range []int64{-200_000, -DriftPPM, -1, 0, 1, DriftPPM, 200_000} {
		for _, elapsed := range []int64{0, 1, 999_999, 1_000_000, 1_000_001, 123_456_789_123} {
			shown := Skew(elapsed, ppm)
			if got := Unskew(shown, ppm); got > elapsed || Skew(got, ppm) != shown {
				t.Errorf("Unskew(Skew(%d, %d) = %d) = %d, which shows %d", elapsed, ppm, shown,
					got, Skew(got, ppm))
			}
			want := float64(elapsed) * (1 + float64(ppm)/1e6)
			if math.Abs(float64(shown)-want) > 2 {
				t.Errorf("Skew(%d, %d) = %d, want %f", elapsed, ppm, shown, want)
			}
		}
	}
}

// TestFailovers: the gap of a kill is from the last grant before it to the first one of an epoch
// that was opened after it, and the percentiles are of the nearest rank.
func TestFailovers(t *testing.T) {
	const s = time.Second
	story := report.Story{Gaps: []report.Gap{
		{From: 1 * s, Open: 2 * s, To: 3 * s},
		// A grant of before the kill at 10 s is told by the next leader alone, at 12 s.
		{From: 12 * s, Open: 12 * s, To: 13 * s, Admitted: 7},
		{From: 19 * s, Open: 20*s + s/2, To: 21 * s},
	}}
	f := failoversOf(story, []time.Duration{10 * s, 20 * s, 30 * s})
	if want := []time.Duration{3 * s, 2 * s}; !slices.Equal(f.lengths, want) {
		t.Errorf("gaps of %s, want %s", f.lengths, want)
	}
	if want := []time.Duration{2 * s, s / 2}; !slices.Equal(f.epochs, want) || f.admitting != 1 {
		t.Errorf("epochs after %s, %d admitting; want %s and 1", f.epochs, f.admitting, want)
	}
	for _, test := range []struct {
		percent int
		want    time.Duration
	}{{50, 2 * s}, {99, 3 * s}, {100, 3 * s}} {
		if got := rank(f.lengths, test.percent); got != test.want {
			t.Errorf("rank %d: %s, want %s", test.percent, got, test.want)
		}
	}
}

// TestCarried: an admission belongs between the rolls around its window, to the nanosecond, by
// its recorder's clock. Where the first to know of a roll died with it untold, the window may
// have been entered since its last words.
func TestCarried(t *testing.T) {
	for _, test := range []struct {
		name        string
		first, last int64
		shift       int64
		untold      bool
		want        int
	}{
		{"inside", 200, 399, 0, false, 0},
		{"too early", 199, 399, 0, false, 1},
		{"too late", 200, 400, 0, false, 1},
		{"too late by another clock", 200, 399, 1, false, 1},
		{"after the last words of who rolled", 150, 399, 0, true, 0},
		{"before them", 149, 399, 0, true, 1},
	} {
		r := &records{
			grants: map[uint64]granted{1: {limit: 7}},
			rolls: map[uint64]rolls{7: {
				2: {at: 200, epoch: 5, led: !test.untold}, 4: {at: 400, epoch: 6, led: true},
			}},
			tails: map[uint64]int64{5: 150},
		}
		r.admits = []admitted{{recorder: "f", lease: 1, window: 2, first: test.first,
			last: test.last}}
		got := r.carried(func(_ string, at int64) int64 { return at + test.shift })
		if len(got) != test.want {
			t.Errorf("%s: %d found, want %d", test.name, len(got), test.want)
		}
	}
}

// TestCarriedSlots: a lease of slots is good from its grant for what was told, whatever rolls.
func TestCarriedSlots(t *testing.T) {
	for last, want := range map[int64]int{399: 0, 400: 0, 549: 0, 550: 1} {
		r := &records{grants: map[uint64]granted{1: {at: 250, ttl: 300, limit: 7}},
			slots: map[uint64]bool{7: true}, rolls: map[uint64]rolls{7: {2: {at: 200}, 3: {at: 400}}},
			admits: []admitted{{recorder: "f", lease: 1, window: 2, first: 260, last: last}}}
		got := r.carried(func(_ string, at int64) int64 { return at })
		if len(got) != want {
			t.Errorf("admitted at %d: %d found, want %d", last, len(got), want)
		}
	}
}

// TestCarriedSlotsAgain: a retry after a failover is told what the cluster's clock, which stood
// still, has left.
func TestCarriedSlotsAgain(t *testing.T) {
	for last, want := range map[int64]int{550: 0, 849: 0, 850: 1} {
		r := &records{grants: map[uint64]granted{1: {at: 250, ttl: 300, limit: 7}},
			slots: map[uint64]bool{7: true}, again: map[replay]int64{{1, 150}: 700, {1, 300}: 260},
			admits: []admitted{{recorder: "f", lease: 1, window: 2, first: 260, last: last}}}
		got := r.carried(func(_ string, at int64) int64 { return at })
		if len(got) != want {
			t.Errorf("admitted at %d: %d found, want %d", last, len(got), want)
		}
	}
}

// TestWire: packets pass from host to host, and one direction is cut without the other.
func TestWire(t *testing.T) {
	w := newWire(1)
	defer w.close()
	a, b := address(1), address(2)
	fromA, toB := pipe(t, w, a), pipe(t, w, b)
	packet := func(from, to netip.Addr, last byte) []byte {
		p := make([]byte, 21)
		p[0] = 4 << 4
		copy(p[12:], from.AsSlice())
		copy(p[16:], to.AsSlice())
		p[20] = last
		return p
	}
	got := func(end *os.File) byte {
		buffer := make([]byte, mtu)
		if err := end.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := end.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return buffer[n-1]
	}
	send := func(end *os.File, p []byte) {
		if _, err := end.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	send(fromA, packet(a, b, 1))
	if n := got(toB); n != 1 {
		t.Errorf("packet %d came, want 1", n)
	}
	w.change([]netip.Addr{a}, []netip.Addr{b}, drop)
	w.carry(route{a, b}, packet(a, b, 2))
	if n := w.dropped.Load(); n != 1 {
		t.Errorf("%d packets dropped, want 1", n)
	}
	send(toB, packet(b, a, 3))
	if n := got(fromA); n != 3 {
		t.Errorf("packet %d came the other way, want 3", n)
	}
	w.heal()
	w.change([]netip.Addr{a}, []netip.Addr{b}, func(l *link) { l.delay, l.copyPermille = 1, 1000 })
	w.carry(route{a, b}, packet(a, b, 4))
	if n, m := got(toB), got(toB); n != 4 || m != 4 {
		t.Errorf("packets %d and %d came, want 4 twice", n, m)
	}
	if _, ok := destination([]byte("not a packet of IPv4, but long")); ok {
		t.Error("what is no packet has a destination")
	}
}

// TestMinority: no fault takes more than a minority of the nodes, unless it may.
func TestMinority(t *testing.T) {
	s := &stage{}
	for range 5 {
		s.nodes = append(s.nodes, &member{voter: true, proc: &proc{done: make(chan struct{})}})
	}
	s.nodes[0].impaired, s.nodes[1].impaired = 1, 0
	if !s.mayHurt(s.nodes[1]) {
		t.Error("the second of five may not be hurt")
	}
	if s.mayHurt(s.nodes[0]) || s.mayHurt(nil) {
		t.Error("who is hurt may be hurt again, or nobody")
	}
	s.nodes[1].impaired = 1
	if s.mayHurt(s.nodes[2]) {
		t.Error("the third of five may be hurt")
	}
	s.nodes[1].impaired, s.nodes[3].voter, s.nodes[4].voter = 0, false, false
	if s.mayHurt(s.nodes[2]) {
		t.Error("the second of three that vote may be hurt")
	}
	s.o.MajorityLoss = true
	if !s.mayHurt(s.nodes[2]) {
		t.Error("the third of five may not be hurt though it was asked for")
	}
}

// TestOptionsAreChecked: what a campaign cannot play is refused by name.
func TestOptionsAreChecked(t *testing.T) {
	good := Draw(1, time.Second)
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Options){
		"4 nodes":    func(o *Options) { o.Nodes = 4 },
		"0 fleet":    func(o *Options) { o.Fleets = 0 },
		"workload":   func(o *Options) { o.Workload = "none" },
		"plant":      func(o *Options) { o.Plant = "none" },
		"fault":      func(o *Options) { o.Only = []string{"none"} },
		"in rounds":  func(o *Options) { o.Round = 0 },
		"17 fleet":   func(o *Options) { o.Fleets = maxFleets + 1 },
		"want more ": func(o *Options) { o.Pause = 0 },
	} {
		o := good
		spoil(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want one that says %q", err, want)
		}
	}
}

// stageOf returns a stage that judges only.
func stageOf(o Options) *stage { return &stage{o: o, log: io.Discard, out: newOutcome(o)} }

// failed are the names of the judges that found something.
func failed(s *stage) string {
	return strings.Join(slices.Sorted(maps.Keys(s.out.failures)), ", ")
}

// TestLedgers: what a process counted must be in its trace, all of it if it ended in order, and
// what it had counted a second before its death.
func TestLedgers(t *testing.T) {
	const second = int64(time.Second)
	for _, test := range []struct {
		name   string
		lines  []FleetLine
		traced int64
		want   string
	}{
		{"in order", []FleetLine{{Op: ToldEnd, Admitted: 5}}, 5, ""},
		{"one too few", []FleetLine{{Op: ToldEnd, Admitted: 5}}, 4, judgeLedger},
		{"one too many", []FleetLine{{Op: ToldEnd, Admitted: 5}}, 6, judgeLedger},
		{"killed", []FleetLine{{Op: ToldTick, At: second, Admitted: 3},
			{Op: ToldTick, At: 2 * second, Admitted: 5}}, 3, ""},
		{"killed, and old ones are lost", []FleetLine{{Op: ToldTick, At: second, Admitted: 3},
			{Op: ToldTick, At: 2 * second, Admitted: 5}}, 2, judgeLedger},
		{"killed early", []FleetLine{{Op: ToldTick, At: second, Admitted: 3}}, 0, ""},
	} {
		s, l := stageOf(Options{}), &ledger{Recorder: "f"}
		for _, line := range test.lines {
			l.take(line)
		}
		end := &ledger{Recorder: "last", Final: true}
		s.fleets = []*fleetProc{{ledgers: []*ledger{l, end}}}
		s.checkLedgers(map[string]int64{"f": test.traced})
		if got := failed(s); got != test.want {
			t.Errorf("%s: judges %q, want %q", test.name, got, test.want)
		}
	}
	s := stageOf(Options{})
	s.fleets = []*fleetProc{{ledgers: []*ledger{{}}, errs: []string{"odd"}}}
	s.checkLedgers(nil)
	if got, want := failed(s), judgeLedger+", "+judgeProcesses; got != want {
		t.Errorf("a process that complains and never ends: judges %q, want %q", got, want)
	}
}

// TestFailoverTargets: slow failovers, failovers that never came, and limiters that admitted
// nothing meanwhile are each a failure.
func TestFailoverTargets(t *testing.T) {
	campaign := func(n int, gap time.Duration, admitted int64) string {
		s := stageOf(Options{Kills: n})
		for i := range n {
			kill := time.Duration(i) * 100 * time.Second
			s.out.kills = append(s.out.kills, s.out.zero+int64(kill))
			if gap > 0 {
				s.out.run.Story.Gaps = append(s.out.run.Story.Gaps, report.Gap{
					From: kill, Open: kill + gap/2, To: kill + gap, Admitted: admitted,
				})
			}
		}
		s.checkFailovers()
		return failed(s)
	}
	if got := campaign(enoughKills, time.Second/2, 1); got != "" {
		t.Errorf("quick failovers: judges %q", got)
	}
	for name, got := range map[string]string{
		"slow":  campaign(enoughKills, 3*time.Second, 1),
		"never": campaign(enoughKills, 0, 1),
		"still": campaign(enoughKills, time.Second/2, 0),
	} {
		if got != judgeFailover {
			t.Errorf("%s failovers: judges %q, want %q", name, got, judgeFailover)
		}
	}
}

// TestAgree: replicas agree if they follow one leader and are at the same digest.
func TestAgree(t *testing.T) {
	s := stageOf(Options{})
	for _, state := range []string{"leader", "follower"} {
		s.nodes = append(s.nodes, &member{id: state, seen: time.Now(), status: client.NodeStatus{
			State: state, Leader: "leader", Term: 1, AppliedIndex: 7, Digest: "d"}})
	}
	if ok, why := s.agree(); !ok {
		t.Fatalf("no: %s", why)
	}
	other := &s.nodes[1].status
	for name, spoil := range map[string]func(){
		"digest": func() { other.Digest = "e" },
		"index":  func() { other.AppliedIndex = 6 },
		"term":   func() { other.Term = 2 },
		"leader": func() { other.Leader = "follower" },
		"none":   func() { other.Leader = "" },
		"silent": func() { s.nodes[1].forget() },
	} {
		before := *other
		spoil()
		if ok, why := s.agree(); ok || why == "" {
			t.Errorf("%s: they agree, %q", name, why)
		}
		*other, s.nodes[1].seen = before, time.Now()
	}
}

// TestStubborn: a process that does not stop in time is a failure, and is killed.
func TestStubborn(t *testing.T) {
	h, err := newHost(netip.MustParseAddr("127.0.0.1"), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := startProc(h, t.TempDir(), "stubborn",
		[]string{"sh", "-c", "trap '' TERM; while :; do sleep 1; done"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.end(time.Millisecond); err == nil || !p.ended() {
		t.Errorf("error %v, ended %t", err, p.ended())
	}
}

// pipe connects address to the wire, and returns what is a host's interface elsewhere.
func pipe(t *testing.T, w *wire, address netip.Addr) *os.File {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.connect(address, os.NewFile(uintptr(fds[0]), "wire"))
	end := os.NewFile(uintptr(fds[1]), "host")
	t.Cleanup(func() { _ = end.Close() })
	return end
}
