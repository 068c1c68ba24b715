package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"time"
)

// WriteText writes the report for people, on one screen: the verdict, why, and what it rests
// on. A violation comes with the lines that show it.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: run %s, %s\n", bytes.ToUpper([]byte(r.Verdict)), r.Run, r.summary())
	if v := r.Violation; v != nil {
		fmt.Fprintf(&b, "\n%s is violated: %s\n", v.Invariant, v.Text)
		for _, i := range Invariants() {
			if i.Name == v.Invariant {
				fmt.Fprintf(&b, "  %s (%s)\n", i.Text, i.Rule)
			}
		}
		for _, e := range v.Events {
			line, err := json.Marshal(e.Event)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "  %s:%d: %s\n", e.File, e.Line, line)
		}
		b.WriteString("\nUp to there:\n")
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "  unknown because %s\n", reason)
	}
	r.writeFigures(&b)
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "  note: %s\n", note)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (r *Report) summary() string {
	return fmt.Sprintf("%s, %s, %s, %s",
		count(int64(len(r.Nodes)), "node"), count(int64(len(r.Fleet)), "fleet recorder"),
		count(int64(r.Files), "file"), count(r.Events, "event"))
}

func (r *Report) writeFigures(b *bytes.Buffer) {
	fmt.Fprintf(b, "  log         %d entries (%d stale), %s, %s, cluster time %s\n",
		r.Entries, r.Stale, count(r.Epochs, "epoch"), count(r.Restores, "restore"),
		time.Duration(r.ClusterTime))
	fmt.Fprintf(b, "  leases      %d granted in %s, %d credits, %d returned; %s, %s\n",
		r.Grants, count(r.Sessions, "session"), r.Granted, r.Returned,
		count(r.Replays, "replay"), count(r.Denials, "denial"))
	fmt.Fprintf(b, "  admissions  %d of %d credits in %s\n",
		r.Admissions, r.Credits, count(r.Windows, "account window"))
	if f := r.Fullest; f != nil {
		fmt.Fprintf(b, "  fullest     %s %s per %s, key %q, window %d: %d of %d (%s)\n",
			f.Budget, f.Metric, time.Duration(f.Per), f.Key, f.Window,
			f.Admitted, f.Bound, percent(f.Admitted, f.Bound))
	}
	if f := r.FullestInterval; f != nil {
		fmt.Fprintf(b, "  any time    %s %s per %s, key %q, %s: %d of %d (%s)\n",
			f.Budget, f.Metric, time.Duration(f.Per), f.Key, f.Kind,
			f.Admitted, f.Bound, percent(f.Admitted, f.Bound))
	}
	switch {
	case r.RealTimeChecked:
		b.WriteString("  real time   every admission was over when its window was\n")
	case r.Credits > 0:
		fmt.Fprintf(b, "  real time   %s could not be compared with the log's clock\n",
			count(r.Incomparable, "admit event"))
	}
	fmt.Fprintf(b, "  covered     %s\n", r.Coverage)
	if r.FailOpen > 0 {
		fmt.Fprintf(b, "  fail open   %d credits admitted without leases, outside the bound\n",
			r.FailOpen)
	}
	if r.Shadow > 0 {
		fmt.Fprintf(b, "  shadow      %d credits admitted that would have been refused, "+
			"outside the bound\n", r.Shadow)
	}
	if r.Gaps > 0 {
		fmt.Fprintf(b, "  gaps        %s, %s lost\n",
			count(r.Gaps, "gap"), count(r.Lost, "event"))
	}
}

func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// percent returns part of whole with one decimal, rounded down: 100.0% is all of it.
func percent(part, whole int64) string {
	hi, lo := bits.Mul64(uint64(part), 1000)
	if hi >= uint64(whole) {
		return "far over"
	}
	permille, _ := bits.Div64(hi, lo, uint64(whole))
	return fmt.Sprintf("%d.%d%%", permille/10, permille%10)
}
