package demo

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// aView is a run in its third window, just after the leader was killed.
func aView() view {
	uses := func(requests, tokens int64) []Use {
		return []Use{
			{Metric: metricRequests, Amount: 1000, Admitted: requests},
			{Metric: metricTokens, Amount: 2_000_000, Admitted: tokens},
		}
	}
	return view{
		elapsed: 5300 * time.Millisecond, duration: 20 * time.Second, waiting: 1234,
		rows: []row{
			{window: 1, uses: uses(834, 2_000_000), denied: 1500, calls: 210,
				leaders: []string{"n1"}},
			{window: 2, uses: uses(1000, 1_999_999), denied: 12, calls: 99,
				leaders: []string{"n1", "n2"}},
			{window: 3, uses: uses(80, 160_000), leaders: []string{"n1", "n2"}, leaderless: true},
		},
		notes: []string{"  5.0 s n2, the leader, was stopped without warning"},
	}
}

func TestTable(t *testing.T) {
	want := strings.Join([]string{
		"  5.3 s of 20 s, 1,234 waiting",
		"",
		"window  requests          tokens            admitted  denied  calls  leader",
		"     1  ████████▎░  83 %  ██████████ 100 %       834   1,500    210  n1",
		"     2  ██████████ 100 %  █████████▉  99 %     1,000      12     99  n1 > n2",
		"     3  ▊░░░░░░░░░   8 %  ▊░░░░░░░░░   8 %        80       0      0  n2 > none",
		"",
		"  5.0 s n2, the leader, was stopped without warning",
		"",
	}, "\n")
	got := aView().table()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n >= 80 {
			t.Errorf("%d columns wrap on a terminal of 80: %s", n, line)
		}
	}
}

func TestTableShowsTheLatest(t *testing.T) {
	v := aView()
	for i := range int64(20) {
		r := v.rows[0]
		r.window = 4 + i
		v.rows = append(v.rows, r)
	}
	table := v.table()
	if strings.Contains(table, "\n    11 ") || !strings.Contains(table, "\n    12 ") ||
		!strings.Contains(table, "\n    23 ") {
		t.Errorf("want windows 12 to 23:\n%s", table)
	}
}

func TestTerminalRedrawsInPlace(t *testing.T) {
	var b strings.Builder
	s := screen{out: &b, terminal: true}
	v := aView()
	s.show(v)
	s.show(v)
	want := v.table() + "\r\x1b[8A\x1b[J" + v.table()
	if got := b.String(); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestPlainPrintsFinishedWindowsOnce(t *testing.T) {
	var b strings.Builder
	s := screen{out: &b}
	v := aView()
	s.show(v)
	s.show(v)
	s.finish(v)
	want := strings.Join([]string{
		"window 1: requests 834/1000 (83 %), tokens 2000000/2000000 (100 %), " +
			"denied 1500, calls 210, leader n1",
		"window 2: requests 1000/1000 (100 %), tokens 1999999/2000000 (99 %), " +
			"denied 12, calls 99, leader n1 > n2",
		"  5.0 s n2, the leader, was stopped without warning",
		"window 3: requests 80/1000 (8 %), tokens 160000/2000000 (8 %), " +
			"denied 0, calls 0, leader n2 > none",
		"",
	}, "\n")
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBar(t *testing.T) {
	for part, want := range map[int64]string{
		0: "░░░░░░░░░░", 1: "░░░░░░░░░░", 13: "▏░░░░░░░░░", 99: "▉░░░░░░░░░", 100: "█░░░░░░░░░",
		112: "█░░░░░░░░░", 113: "█▏░░░░░░░░", 999: "█████████▉", 1000: "██████████",
		2000: "██████████",
	} {
		if got := bar(part, 1000); got != want {
			t.Errorf("bar(%d, 1000): got %s, want %s", part, got, want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567", -100: "-100",
		-123456: "-123,456",
	} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d): got %s, want %s", n, got, want)
		}
	}
}
