package timeline

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/leased-io/leased/spec/twin"
)

// What the page says in words and tables, for those who read it without its script.

func summary(r *twin.Report) string {
	nodes := "no node"
	if len(r.Nodes) > 0 {
		nodes = plural(int64(len(r.Nodes)), "node") + " (" + strings.Join(r.Nodes, ", ") + ")"
	}
	return fmt.Sprintf("%s in %s of %s and %s", plural(r.Events, "event"),
		plural(int64(r.Files), "file"), nodes, processes(len(r.Fleet)))
}

func processes(n int) string {
	if n == 1 {
		return "1 client process"
	}
	return grouped(int64(n)) + " client processes"
}

type figure struct{ Name, Value string }

func figures(r *twin.Report) []figure {
	list := []figure{
		{"Log", fmt.Sprintf("%s entries (%s stale), %s",
			grouped(r.Entries), grouped(r.Stale), plural(r.Epochs, "epoch"))},
		{"Cluster time", time.Duration(r.ClusterTime).Round(time.Millisecond).String()},
		{"Leases", fmt.Sprintf("%s in %s", grouped(r.Grants), plural(r.Sessions, "session"))},
		{"Granted", fmt.Sprintf("%s credits, %s returned",
			grouped(r.Granted), grouped(r.Returned))},
		{"Admitted", fmt.Sprintf("%s credits in %s", grouped(r.Credits),
			plural(r.Windows, "account window"))},
		{"Answers", fmt.Sprintf("%s, %s", plural(r.Denials, "denial"),
			plural(r.Replays, "replay"))},
	}
	if f := r.Fullest; f != nil {
		list = append(list, figure{"Fullest window", fmt.Sprintf("%s of %s (%s): %s, window %d",
			grouped(f.Admitted), grouped(f.Bound), share(f.Admitted, f.Bound), f.Metric,
			f.Window)})
	}
	if f := r.FullestInterval; f != nil {
		list = append(list, figure{"Fullest interval", fmt.Sprintf("%s of %s (%s): %s, %s",
			grouped(f.Admitted), grouped(f.Bound), share(f.Admitted, f.Bound), f.Metric, f.Kind)})
	}
	switch {
	case r.RealTimeChecked:
		list = append(list, figure{"Real time", "every admission was over when its window was"})
	case r.Credits > 0 && r.Violation == nil:
		list = append(list, figure{"Real time", plural(r.Incomparable, "admit event") +
			" could not be compared with the log's clock"})
	}
	if r.FailOpen > 0 {
		list = append(list, figure{"Failed open", grouped(r.FailOpen) +
			" credits without leases, outside the bound"})
	}
	if r.Shadow > 0 {
		list = append(list, figure{"Shadow mode", grouped(r.Shadow) +
			" credits that would have been refused, outside the bound"})
	}
	if r.Unrecorded > 0 {
		list = append(list, figure{"Unrecorded", grouped(r.Unrecorded) +
			" credits were held by processes that died"})
	}
	if r.Gaps > 0 {
		list = append(list, figure{"Lost", fmt.Sprintf("%s in %s", plural(r.Lost, "event"),
			plural(r.Gaps, "gap"))})
	}
	return append(list, figure{"Drift bound", grouped(r.DriftPPM) + " ppm"})
}

// sentences say what is not on the page.
func (o *LeftOut) sentences() []string {
	var list []string
	say := func(n int64, one, more, text string) {
		if n == 1 {
			list = append(list, "1 "+one+" "+text)
		} else if n > 1 {
			list = append(list, grouped(n)+" "+more+" "+text)
		}
	}
	say(o.Leases, "older lease is", "older leases are",
		"summed up: one rectangle for each session and window")
	say(o.Cells, "of these sums is", "of these sums are", "left out too, the oldest")
	say(o.Windows, "older window is", "older windows are", "not shown in detail")
	say(o.Bands, "older window is", "older windows are", "not drawn as a band")
	say(o.Accounts, "account is", "accounts are",
		"left out: shown are those of the newest that admitted most")
	say(o.Denials, "older denial is", "older denials are", "left out")
	say(o.FailOpens, "older admission without a lease is",
		"older admissions without leases are", "left out")
	say(o.Marks, "older mark is", "older marks are", "left out")
	say(o.Leaderships, "older leadership is", "older leaderships are", "left out")
	say(o.Late, "event came", "events came", "long after the window of its lease: not drawn")
	return list
}

type fileRow struct {
	Name, Recorder, Role, Events, From, To, End string
}

func (b *builder) fileRows() []fileRow {
	var rows []fileRow
	for _, f := range b.files {
		row := fileRow{Name: b.names[f.Name], Recorder: f.Recorder, Role: f.Role,
			Events: grouped(f.Events), End: "closed in order"}
		if b.axis.real {
			row.From = seconds((f.First - b.axis.origin) / perMicro)
			row.To = seconds((f.Last - b.axis.origin) / perMicro)
		}
		if !f.Ended {
			row.End = "no end line: its process died"
		}
		rows = append(rows, row)
	}
	return rows
}

type leaderRow struct {
	Node, Term, From, Open, To, How string
}

func (b *builder) leaderRows() []leaderRow {
	var rows []leaderRow
	for _, l := range b.cluster.led.all() {
		row := leaderRow{Node: l.node, Term: strconv.FormatUint(l.term, 10),
			From: seconds(l.from), Open: "never", To: seconds(l.to), How: "lost it"}
		if l.node == "" {
			row.Node = "not recorded"
		}
		if l.opened {
			row.Open = seconds(l.open)
		}
		if !l.lost {
			row.How = "stopped, or the trace ends"
		}
		rows = append(rows, row)
	}
	return rows
}

// table is the windows of one account.
type table struct {
	Label string
	Rows  []windowRow
}

// Open reports whether the table is short enough to be open at first.
func (t table) Open() bool { return len(t.Rows) <= openRows }

type windowRow struct {
	Window                               int64
	From, To                             string
	Bound, Leases                        string
	Granted, Returned, Admitted, Percent string
	Bar                                  int // of the bound, out of 100, no more
	Over                                 bool
	Note                                 string
}

func (b *builder) tables() []table {
	var list []table
	for at := range b.Accounts {
		a := &b.Accounts[at]
		if len(a.Windows) == 0 {
			continue
		}
		bands := map[int64][3]int64{}
		for _, band := range b.Limits[a.Limit].Bands {
			bands[band[0]] = band
		}
		t := table{Label: a.Label}
		for _, w := range a.Windows {
			row := row(w)
			if band, drawn := bands[w[0]]; drawn {
				row.From, row.To = seconds(band[1]), seconds(band[2])
			}
			if v := b.Violation; v != nil && v.Account == at && v.Window == w[0] {
				row.Over, row.Note = true, v.Invariant+" is violated"
				if v.Excess > 0 {
					row.Note += fmt.Sprintf(" by %s more %s", grouped(v.Excess), v.ExcessOf)
				}
			}
			t.Rows = append(t.Rows, row)
		}
		list = append(list, t)
	}
	return list
}

// row is a line of the table, from one of accountData.Windows.
func row(w [8]int64) windowRow {
	r := windowRow{Window: w[0], Bound: grouped(w[1]), Leases: grouped(w[2]),
		Granted: grouped(w[3]), Returned: grouped(w[4]), Admitted: grouped(w[5]),
		Percent: share(w[5], w[1]), Bar: int(permille(w[5], w[1]) / 10), Over: w[5] > w[1]}
	switch {
	case w[6] > 0:
		r.Note = grouped(w[6]) + " held by processes that died"
	case w[7] == 0:
		r.Note = "the check ended in it"
	}
	return r
}

// permille returns part of whole in thousandths, rounded down, and at most 1000.
func permille(part, whole int64) int64 {
	hi, lo := bits.Mul64(uint64(max(0, part)), 1000)
	if whole < 1 || part >= whole || hi >= uint64(whole) {
		return 1000
	}
	q, _ := bits.Div64(hi, lo, uint64(whole))
	return int64(q)
}

// share returns part of whole in percent, rounded down: 100.0 % is all of it.
func share(part, whole int64) string {
	if part > whole {
		return "over"
	}
	p := permille(part, whole)
	return fmt.Sprintf("%d.%d %%", p/10, p%10)
}

// seconds writes an instant as the axis does.
func seconds(i instant) string { return fmt.Sprintf("%d.%03d s", i/1e6, i/1000%1000) }

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// english writes numbers with a comma before every three digits.
var english = message.NewPrinter(language.English)

func grouped(n int64) string { return english.Sprint(n) }
