package sim

import (
	"fmt"
	"os"
	"strings"

	"github.com/leased-io/leased/spec/twin"
)

// Finding is what is wrong with a schedule.
type Finding struct {
	// Reason is the same for findings of one kind; Text says it all. Both are empty if nothing is
	// wrong.
	Reason, Text string
}

// Examine plays the schedule and returns what it came to, and the first thing that is wrong with
// it in the order of the judges: the product panics, the oracle, fsm.Check with o.Verify, who was
// not served. With record, the schedule is recorded too, and the checker judges its trace, whose
// report is returned. The error is one of the trace's files.
func Examine(o Options, record bool) (Outcome, *twin.Report, Finding, error) {
	if !record {
		out, panicked := Survive(func() Outcome { return Run(o, nil) })
		return out, nil, out.finding(panicked), nil
	}
	dir, err := os.MkdirTemp("", "sim")
	if err != nil {
		return Outcome{}, nil, Finding{}, err
	}
	out, report, panicked, err := Judge(o, dir)
	if err == nil {
		err = os.RemoveAll(dir)
	}
	f := out.finding(panicked)
	if f.Reason == "" && report != nil {
		f = disputed(out, report)
	}
	return out, report, f, err
}

// finding is what is wrong by the judges that see more than a trace.
func (out Outcome) finding(panicked string) Finding {
	switch {
	case panicked != "":
		return Finding{"crash: " + kind(panicked), "the product panics: " + panicked}
	case len(out.Violations) > 0:
		_, what, _ := strings.Cut(out.Violations[0], ": ") // without the instant
		return Finding{"oracle: " + kind(what), strings.Join(out.Violations, "\n")}
	case out.Broken != "":
		_, what, _ := strings.Cut(out.Broken, ": ") // without the entry's index
		return Finding{kind(what), out.Broken}
	case len(out.Starved) > 0:
		return Finding{"starved",
			"not served in the healed phase: " + strings.Join(out.Starved, " ")}
	}
	return Finding{}
}

// disputed is what the checker has to say against a schedule that is sound for the others.
func disputed(out Outcome, report *twin.Report) Finding {
	if report.Verdict == twin.Valid || report.Verdict == twin.Unknown && out.Books.Admitted == 0 {
		return Finding{}
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		fmt.Fprintf(&text, "%v", err)
	}
	what := fmt.Sprint(report.Verdict)
	if report.Violation != nil {
		what = report.Violation.Invariant
	}
	return Finding{"checker: " + what, "the checker disagrees:\n" + text.String()}
}

// kind is the part of a text that does not depend on numbers: what is before them.
func kind(text string) string {
	if i := strings.IndexAny(text, "0123456789:\n"); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSpace(text)
}

// Replay is the command that plays the schedule again, with all judges.
func (o Options) Replay() string {
	return fmt.Sprintf("go test ./test/jepsen-lite/sim -run 'TestSim$' -v -sim.options='%v'", o)
}
