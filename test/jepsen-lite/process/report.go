//go:build linux

package process

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leased-io/leased/spec/twin"
)

// Report is what a campaign came to.
type Report struct {
	Options  Options  `json:"options"`
	Workload Workload `json:"workload"`
	// Without is what could not be done on this machine.
	Without  []string  `json:"without,omitempty"`
	Verdicts []Verdict `json:"verdicts"`
	Failures []Failure `json:"failures,omitempty"`

	Faults   []Fault   `json:"faults"`
	Healings []Healing `json:"healings"`
	Gaps     Gaps      `json:"gaps"`
	Ledgers  []Ledger  `json:"ledgers"`
	Changes  int       `json:"budget_changes"`

	// Windows of accounts that were granted from, what they admitted, and what they might have.
	Windows     int64   `json:"windows"`
	Admitted    int64   `json:"admitted_credits"`
	Bound       int64   `json:"bound_credits"`
	Utilisation float64 `json:"utilisation"`

	// RealTime counts the admit events that were held against the log in real time.
	RealTime int `json:"real_time_admits"`

	Digest  string `json:"digest"` // all replicas', in the end
	Applied uint64 `json:"applied_index"`
	Carried int64  `json:"packets_carried"`
	Dropped int64  `json:"packets_dropped"` // by faults

	CheckTook float64      `json:"check_took_sec"`
	Check     *twin.Report `json:"check"`
}

// Verdict is one judge's.
type Verdict struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
}

// Failure is one thing that must not happen.
type Failure struct {
	Name string `json:"name"` // the judge's
	Text string `json:"text"`
}

// Ledger is a fleet process's own count beside its trace's.
type Ledger struct {
	ledger
	Traced int64 `json:"traced"`
}

// OK reports whether nothing failed.
func (r *Report) OK() bool { return len(r.Failures) == 0 && len(r.Verdicts) > 0 }

// Failed reports whether that judge found something.
func (r *Report) Failed(name string) bool {
	return slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return v.Name == name && !v.OK })
}

// tally adds a window of an account. Changed limits count with their largest amount.
func (r *Report) tally(w twin.WindowTally) {
	r.Windows++
	r.Admitted += w.Admitted
	r.Bound += w.Bound
	r.Utilisation = float64(r.Admitted) / float64(max(r.Bound, 1))
}

// write leaves the report as JSON and as a table.
func (r *Report) write(dir string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, reportFile), data, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, tableFile), []byte(r.Table()), 0o600)
}

// Table is the report on a page, in Markdown.
func (r *Report) Table() string {
	var b strings.Builder
	o := r.Options
	fmt.Fprintf(&b, "# Campaign of real processes, seed %d\n\n", o.Seed)
	for _, what := range r.Without {
		fmt.Fprintf(&b, "**Without %s.**\n\n", what)
	}
	b.WriteString("| what | figure |\n| --- | --- |\n")
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", name, fmt.Sprintf(format, args...))
	}
	for _, v := range r.Verdicts {
		row("verdict: "+v.Name, "%s", map[bool]string{true: "ok", false: "**failed**"}[v.OK])
	}
	row("nodes, fleet processes, limiters", "%d, %d, %d", o.Nodes, o.Fleets, r.Workload.Limiters)
	row("workload", "%s, windows of %s", o.Workload, r.Workload.Per)
	row("short logs of skewed nodes", "%t", o.Snapshots)
	counts := map[string]int{}
	for _, f := range r.Faults {
		counts[f.Kind]++
	}
	row("faults", "%d", len(r.Faults))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		row("- "+name, "%d", counts[name])
	}
	if len(r.Healings) > 0 {
		worst := slices.MaxFunc(r.Healings, func(a, b Healing) int {
			return cmp.Compare(a.Took, b.Took)
		})
		row("healings; slowest until all are served", "%d; %.2f s of %.0f s", len(r.Healings),
			worst.Took, worst.Within)
	}
	if c := r.Check; c != nil {
		row("events checked", "%d of %d files in %.1f s: %s", c.Events, c.Files, r.CheckTook,
			c.Verdict)
		row("entries, epochs, restores", "%d, %d, %d", c.Entries, c.Epochs, c.Restores)
		row("credits of processes that died", "%d", c.Unrecorded)
	}
	row("windows, utilisation", "%d, %.1f %%", r.Windows, 100*r.Utilisation)
	row("credits admitted", "%d", r.Admitted)
	if n := len(r.Gaps.All); n > 0 {
		row("gaps in grants after killed leaders, with what else was broken",
			"%d: median %.2f s, p99 %.2f s, max %.2f s", n,
			r.Gaps.Median, r.Gaps.P99, r.Gaps.Max)
		row("- until an epoch was open", "median %.2f s, max %.2f s", r.Gaps.MedianEpoch,
			r.Gaps.MaxEpoch)
		row("- with admissions from held leases", "%d", r.Gaps.Admitting)
	}
	if len(r.Failures) > 0 {
		b.WriteString("\n## Failures\n\n")
		for _, f := range r.Failures {
			fmt.Fprintf(&b, "- %s: %s\n", f.Name, f.Text)
		}
	}
	b.WriteString("\n## Faults\n\n| into | kind | what | for | came of it |\n" +
		"| --- | --- | --- | --- | --- |\n")
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "| %.1f s | %s | %s | %.1f s | %s |\n", f.Into, f.Kind, f.Target, f.For,
			f.Outcome)
	}
	return b.String()
}
