package bench

import (
	"fmt"
	"strings"
	"time"

	"github.com/leased-io/leased/cmd/leased/demo"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// Report is what a bench came to. Its JSON form is what --output json prints.
type Report struct {
	// Check is the checker's word on the recorded trace; nil: none was recorded.
	Check       *twin.Report `json:"check,omitempty"`
	TraceDir    string       `json:"trace_dir,omitempty"`
	Interrupted bool         `json:"interrupted"`

	Rate     int     `json:"rate"` // requests a second, as configured
	Limiters int     `json:"limiters"`
	Clients  int     `json:"clients"`
	Amount   int64   `json:"budget_per_window"`
	Window   string  `json:"window"`
	Seconds  float64 `json:"seconds"` // of the load

	Requests Requests  `json:"requests"`
	PerSec   float64   `json:"admissions_per_second"`
	Latency  Quantiles `json:"latency"`
	// Late is by how much the bench itself was late to send requests: it is part of Latency.
	Late   Quantiles `json:"sent_late"`
	Slices []Slice   `json:"slices"`

	Calls Calls `json:"coordinator"`
	// Overshoot is the credits admitted above the budget in the worst window; nil: not recorded.
	Overshoot *int64    `json:"overshoot,omitempty"`
	Failover  *Failover `json:"failover,omitempty"`
	// Edges are nil where nothing was recorded.
	Edges *Edges `json:"edges,omitempty"`

	killColumn int
}

// Requests counts the requests by how they ended.
type Requests struct {
	Offered  int64  `json:"offered"`
	Admitted int64  `json:"admitted"`
	Unfed    int64  `json:"unfinished"` // not admitted within seconds after the load's end
	Failed   int64  `json:"failed"`
	Failure  string `json:"failure,omitempty"` // the first
}

// Calls is what the load cost the coordinator.
type Calls struct {
	Messages    uint64  `json:"messages"`
	Requests    uint64  `json:"requests"` // in them
	PerThousand float64 `json:"messages_per_1000_admissions"`
	// CPUSec is the processor time of all nodes; 0: not known. PerCore is how many admissions
	// each second of it served.
	CPUSec  float64 `json:"cpu_seconds,omitempty"`
	PerCore float64 `json:"admissions_per_cpu_second,omitempty"`
}

// Failover says what the kill cost.
type Failover struct {
	Killed string  `json:"killed"` // empty: no leader was known when one was to be killed
	AtSec  float64 `json:"at_seconds"`
	// GapSec is the time from the last grant before the kill to the first after it; 0 if there
	// was none after it.
	GapSec float64 `json:"grant_gap_seconds"`
	// Admitted counts the admissions inside the gap, from leases that limiters held.
	Admitted int64 `json:"admitted_in_gap"`
}

// report sums up the run, and has its trace checked.
func (s *stage) report() (*Report, error) {
	l := s.load
	r := &Report{
		TraceDir: s.dir, Interrupted: s.interrupted,
		Rate: s.cfg.Rate, Limiters: s.cfg.Limiters, Clients: s.cfg.Clients,
		Amount: int64(s.cfg.amount()), Window: s.cfg.Window.String(),
		Seconds: s.elapsed.Seconds(),
		Requests: Requests{Offered: l.offered.Load(), Admitted: l.admitted.Load(),
			Unfed: l.unfed.Load(), Failed: l.failed.Load()},
		Late:       quantiles(l.late),
		killColumn: -1,
	}
	if failure := l.failure.Load(); failure != nil {
		r.Requests.Failure = (*failure).Error()
	}
	r.Slices, r.Latency = l.timeline.summary(s.elapsed)
	r.PerSec = float64(r.Requests.Admitted) / max(s.elapsed, time.Millisecond).Seconds()
	r.Calls = Calls{Messages: s.sent.Calls, Requests: s.sent.Requests,
		PerThousand: 1000 * float64(s.sent.Calls) / float64(max(1, r.Requests.Admitted))}
	if s.cpuKnown && s.cpu > 0 {
		r.Calls.CPUSec = s.cpu.Seconds()
		r.Calls.PerCore = float64(r.Requests.Admitted) / s.cpu.Seconds()
	}
	if s.cfg.Kill {
		r.Failover = &Failover{}
	}
	if s.kill != nil {
		r.Failover.Killed, r.Failover.AtSec = s.kill.node, s.kill.into.Seconds()
		r.killColumn = int(s.kill.into / l.timeline.length)
	}
	if s.dir == "" {
		return r, nil
	}
	if err := r.readTrace(s); err != nil {
		return nil, fmt.Errorf("read the trace in %s: %w", s.dir, err)
	}
	return r, nil
}

// readTrace adds what the trace says, and what the checker says of it.
func (r *Report) readTrace(s *stage) error {
	ledger, err := demo.ReadLedger(s.dir)
	if err != nil {
		return err
	}
	overshoot := int64(0)
	for _, uses := range ledger.Windows() {
		for _, use := range uses {
			overshoot = max(overshoot, use.Admitted-use.Amount)
		}
	}
	r.Overshoot = &overshoot
	if s.kill != nil {
		if gap, ok := ledger.Failover(s.kill.at); ok {
			r.Failover.GapSec, r.Failover.Admitted = gap.Duration().Seconds(), gap.Admitted
		}
	}
	files, err := trace.Files(s.dir)
	if err != nil {
		return err
	}
	killed := int64(0)
	if s.kill != nil {
		killed = s.kill.at
	}
	r.Edges, err = readEdges(files, s.cfg.Limiters, s.began, s.began+int64(s.elapsed), killed)
	if err != nil {
		return err
	}
	r.Check, err = twin.Check(files, twin.Options{Slack: twin.DefaultSlack})
	return err
}

// Text is the report for people: the verdict first, then the picture, then the figures.
func (r *Report) Text() string {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s%s\n", label, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "\n%s\n\n%s\n", r.headline(),
		plot(r.Slices, time.Duration(r.Seconds*float64(time.Second)), r.killColumn))
	q := r.Requests
	line("admitted", "%s of %s in %.1f s: %s/s", grouped(q.Admitted), grouped(q.Offered),
		r.Seconds, grouped(int64(r.PerSec)))
	if q.Unfed+q.Failed > 0 {
		line("", "%s unfinished, %s failed %s", grouped(q.Unfed), grouped(q.Failed), q.Failure)
	}
	line("latency", "p50 %s   p90 %s   p99 %s   p99.9 %s   max %s", plain(r.Latency.P50),
		plain(r.Latency.P90), plain(r.Latency.P99), plain(r.Latency.P999), plain(r.Latency.Max))
	line("", "of that the bench itself was late by p50 %s   p99.9 %s",
		plain(r.Late.P50), plain(r.Late.P999))
	line("calls", "%s to the coordinator, with %s requests: %.2f per 1,000 admissions",
		grouped(int64(r.Calls.Messages)), grouped(int64(r.Calls.Requests)), r.Calls.PerThousand)
	if r.Calls.CPUSec > 0 {
		line("coordinator", "%.1f s of CPU in all nodes: %s admissions for each",
			r.Calls.CPUSec, grouped(int64(r.Calls.PerCore)))
	}
	if f := r.Failover; f != nil {
		f.addTo(line)
	}
	if r.Edges != nil {
		r.Edges.addTo(line)
	}
	if r.TraceDir != "" {
		line("trace", "leased trace check %s", r.TraceDir)
	}
	return b.String()
}

// headline is the verdict in a sentence, and what makes it one.
func (r *Report) headline() string {
	switch {
	case r.Check == nil:
		return "NOT CHECKED: a cluster that runs already is not traced"
	case r.Check.Verdict == twin.Valid:
		return fmt.Sprintf("VALID: overshoot %s, by a trace of %s events", grouped(*r.Overshoot),
			grouped(r.Check.Events))
	case r.Check.Verdict == twin.Invalid:
		return "VIOLATION: " + r.Check.Violation.Error()
	}
	return "UNKNOWN: nothing is violated in what was recorded, but\n  " +
		strings.Join(r.Check.Reasons, "\n  ")
}

// addTo tells of the failover.
func (f *Failover) addTo(line func(label, format string, args ...any)) {
	switch {
	case f.Killed == "":
		line("failover", "nobody was killed: the run ended first, or no leader was known")
	case f.GapSec == 0:
		line("failover", "%s was killed %.1f s into the run, and nobody granted after that",
			f.Killed, f.AtSec)
	default:
		line("failover", "%s was killed %.1f s into the run: no grants for %.2f s,", f.Killed,
			f.AtSec, f.GapSec)
		line("", "in which limiters admitted %s requests from what they held", grouped(f.Admitted))
	}
}

// addTo tells of the edges.
func (e *Edges) addTo(line func(label, format string, args ...any)) {
	line("grant", "p50 %s from send to credits", plain(e.Grant))
	if worst, ok := e.worst(); ok {
		line("rolls", "%d: in the worst of them 99 %% of %d limiters had new credits within %s",
			len(e.Rolls), worst.Limiters, plain(worst.P99))
	}
	if e.Storm != nil {
		line("after kill", "%.1f requests of each limiter in the first second, %d of one at most",
			e.Storm.Mean, e.Storm.Most)
	}
}
