package demo

import (
	"fmt"
	"strings"

	"github.com/leased-io/leased/spec/twin"
)

// Report is what a demo came to. Its JSON form is what --output json prints.
type Report struct {
	// Check is the checker's word on the recorded trace.
	Check *twin.Report `json:"check"`
	// TraceDir is where the trace lies.
	TraceDir    string `json:"trace_dir"`
	Interrupted bool   `json:"interrupted"`
	Seed        uint64 `json:"seed"`

	Requests Requests      `json:"requests"`
	Limits   []LimitReport `json:"limits"`
	Windows  []Window      `json:"windows"`
	// Full sums up the full windows: those that ran out of credits while requests waited to
	// the end. Nil if there was none.
	Full     *FullReport     `json:"full_windows"`
	Failover *FailoverReport `json:"failover,omitempty"`
	// Calls is what the limiters sent to the coordinator, retries included.
	Calls  int64 `json:"coordinator_calls"`
	Grants int64 `json:"grants"`
}

// Requests counts the workload's requests by how they ended.
type Requests struct {
	Offered  int64 `json:"offered"`
	Admitted int64 `json:"admitted"`
	Denied   int64 `json:"denied"` // out of patience
	Cut      int64 `json:"cut"`    // still waiting at the run's end
	Failed   int64 `json:"failed"`
	// Failure is the first failure.
	Failure string `json:"failure,omitempty"`
}

// LimitReport says how close to its amount a limit came.
type LimitReport struct {
	Metric    string `json:"metric"`
	Amount    int64  `json:"amount"`
	Fullest   int64  `json:"fullest"` // credits admitted in its fullest window
	Window    int64  `json:"window"`
	Overshoot int64  `json:"overshoot"` // credits above the amount, in the worst window
}

// Window is one window of the run.
type Window struct {
	Window int64 `json:"window"`
	Uses   []Use `json:"limits"`
	// Waiting is how many requests waited when it ended, give or take a tenth of a second.
	Waiting int64 `json:"waiting_at_end"`
	// Binding is the metric that ran out: of several, the one that was used most. Empty where
	// none did.
	Binding     string  `json:"binding,omitempty"`
	Utilisation float64 `json:"utilisation,omitempty"` // of Binding, 0..1
	// Cut marks the last window: the run ended in it, so that what it used says nothing.
	Cut bool `json:"cut,omitempty"`
}

// FullReport sums up the full windows, but for one that the run's end cut.
type FullReport struct {
	Count  int     `json:"count"`
	Lowest float64 `json:"lowest_utilisation"` // of the binding limit, 0..1
	Worst  int64   `json:"lowest_window"`
	Mean   float64 `json:"mean_utilisation"`
}

// FailoverReport says what the kill cost.
type FailoverReport struct {
	Killed string  `json:"killed"`
	AtSec  float64 `json:"at_seconds"`
	// GapSec is the time from the last grant before the kill to the first after it; 0 if there
	// was none after it.
	GapSec float64 `json:"grant_gap_seconds"`
	// Admitted counts the admissions inside the gap, from leases that limiters held.
	Admitted int64 `json:"admitted_in_gap"`
}

// report sums up the ledger and has the trace checked.
func (s *stage) report() (*Report, error) {
	r := &Report{
		TraceDir:    s.dir,
		Interrupted: s.interrupted,
		Seed:        s.cfg.Seed,
		Requests: Requests{
			Offered:  s.fleet.offered.Load(),
			Admitted: s.fleet.admitted.Load(),
			Denied:   s.fleet.denied.Load(),
			Failed:   s.fleet.failed.Load(),
		},
		Calls:  s.ledger.Sends,
		Grants: s.ledger.Grants,
	}
	done := r.Requests.Admitted + r.Requests.Denied + r.Requests.Failed
	r.Requests.Cut = r.Requests.Offered - done
	if failure := s.fleet.failure.Load(); failure != nil {
		r.Requests.Failure = (*failure).Error()
	}
	r.addWindows(s.windows(), func(window int64) int64 {
		if x := s.extras[window]; x != nil {
			return x.waiting
		}
		return 0
	})
	if s.kill != nil {
		r.Failover = &FailoverReport{Killed: s.kill.node, AtSec: s.kill.into.Seconds()}
		if gap, ok := s.ledger.Failover(s.kill.at); ok {
			r.Failover.GapSec = gap.Duration().Seconds()
			r.Failover.Admitted = gap.Admitted
		}
	}
	check, err := checkTrace(s.dir)
	if err != nil {
		return nil, fmt.Errorf("check the trace in %s: %w", s.dir, err)
	}
	r.Check = check
	return r, nil
}

// addWindows adds the windows, in order, and what they come to. waiting tells how many
// requests waited at a window's end.
func (r *Report) addWindows(windows [][]Use, waiting func(window int64) int64) {
	limits := map[string]int{} // by metric: index in r.Limits
	full, sum := FullReport{Lowest: 1}, 0.0
	for i, uses := range windows {
		w := Window{Window: uses[0].Window, Uses: uses, Cut: i == len(windows)-1}
		w.Waiting = waiting(w.Window)
		for _, use := range uses {
			if used := share(use.Admitted, use.Amount); use.Full() && used >= w.Utilisation {
				w.Binding, w.Utilisation = use.Metric, used
			}
			at, known := limits[use.Metric]
			if !known {
				at = len(r.Limits)
				limits[use.Metric] = at
				r.Limits = append(r.Limits, LimitReport{Metric: use.Metric})
			}
			r.Limits[at].add(use)
		}
		if w.Binding != "" && w.Waiting > 0 && !w.Cut {
			full.Count++
			sum += w.Utilisation
			if w.Utilisation <= full.Lowest {
				full.Lowest, full.Worst = w.Utilisation, w.Window
			}
		}
		r.Windows = append(r.Windows, w)
	}
	if full.Count > 0 {
		full.Mean = sum / float64(full.Count)
		r.Full = &full
	}
}

func (l *LimitReport) add(use Use) {
	if use.Admitted >= l.Fullest {
		l.Fullest, l.Window = use.Admitted, use.Window
	}
	l.Amount = max(l.Amount, use.Amount)
	l.Overshoot = max(l.Overshoot, use.Admitted-use.Amount)
}

// Text is the report for people: the verdict first, then what it rests on.
func (r *Report) Text() string {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "  %-13s%s\n", label, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "\n%s\n\n", r.headline())
	for _, l := range r.Limits {
		line(l.Metric, "fullest window %s of %s (%s), overshoot %s", grouped(l.Fullest),
			grouped(l.Amount), ratio(l.Fullest, l.Amount), grouped(l.Overshoot))
	}
	if f := r.Full; f != nil {
		line("utilisation", "lowest %.1f %% (window %d), mean %.1f %%, of %d full windows",
			floor1(f.Lowest), f.Worst, floor1(f.Mean), f.Count)
	} else {
		line("utilisation", "none of %d windows was full", len(r.Windows))
	}
	q := r.Requests
	line("requests", "%s offered: %s admitted, %s denied, %s unfinished",
		grouped(q.Offered), grouped(q.Admitted), grouped(q.Denied), grouped(q.Cut))
	if q.Failed > 0 {
		line("", "%s failed, the first one: %s", grouped(q.Failed), q.Failure)
	}
	line("calls", "%s to the coordinator: %.2f per admission", grouped(r.Calls),
		share(r.Calls, q.Admitted))
	if f := r.Failover; f != nil {
		f.addTo(line)
	}
	line("trace", "%s", r.TraceDir)
	line("", "leased trace check %s", r.TraceDir)
	return b.String()
}

// addTo tells of the failover.
func (f *FailoverReport) addTo(line func(label, format string, args ...any)) {
	line("failover", "%s was stopped %.1f s into the run", f.Killed, f.AtSec)
	if f.GapSec == 0 {
		line("", "nobody granted after that")
		return
	}
	line("", "no grants for %.2f s; limiters admitted %s requests meanwhile", f.GapSec,
		grouped(f.Admitted))
}
