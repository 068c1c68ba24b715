package lockstep

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/spec/twin"
)

// Deep is a world beyond any scope that can be walked edge by edge: several holders that ask,
// renew, idle and close by their own rules, limits of up to 100, tens of windows, failovers,
// sleepers, snapshots. Its steps are drawn by pick, and after each the judge looks at it: Safe,
// NoCarryOver, LeaseCover and Books as WindowLease has them, in exact arithmetic, on what the
// code did.
type Deep struct {
	pick   func(n int) int // 0..n-1
	broken Break
	now    int64 // true time in nanoseconds
	rho    int64 // parts per million, a multiple of 100: steps of 10 us stay exact
	limits []budget.Limit
	// local: every process records with its own wall clock, which drifts, and nobody else's can
	// be compared with it. Else wall clocks keep true time, and the trace is in that.
	local bool

	calm int // only one of so many offers is made

	*cluster
	fleet []*process
	judge *judge
	tape  *tape
	tally Tally
}

// Tally is how often the things happened that deep walks are for.
type Tally struct {
	Admissions, Grants, Denials, Rolls                  int
	Renewals, PartialReturns, IdleReturns, Closes, Lost int
	Failovers, Sleepers, Stale, Restores, Late, Resets  int
}

// DeepOptions are a walk's.
type DeepOptions struct {
	Seed  uint64
	Steps int
	Break Break
	// Dir takes the trace, for the trace checker to judge at the end. Empty: none is written.
	Dir string
}

// RunDeep draws a walk from a seed. The error says what was wrong with it, or with the files.
func RunDeep(o DeepOptions) (Tally, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 0xdee9))
	d := NewDeep(rng.IntN, o.Break, o.Dir)
	steps := d.Steps()
	names := make([]string, 0, len(steps))
	for _, s := range steps {
		for range s.Weight {
			names = append(names, s.Name)
		}
	}
	byName := map[string]func(){}
	for _, s := range steps {
		byName[s.Name] = s.Do
	}
	for range o.Steps {
		byName[names[rng.IntN(len(names))]]()
		if err := d.Err(); err != nil {
			break
		}
	}
	return d.tally, d.Finish()
}

// NewDeep returns a world whose every choice is pick's.
func NewDeep(pick func(n int) int, broken Break, dir string) *Deep {
	d := &Deep{
		pick: pick, broken: broken, now: int64(time.Second),
		rho: []int64{5_000, 100_000, 200_000, 0}[pick(4)],
	}
	d.local, d.calm = pick(2) == 0, []int{1, 3, 10}[pick(3)]
	if broken != Sound {
		d.rho, d.calm = 200_000, 1
	}
	per := []time.Duration{60, 200, 400}[pick(3)] * time.Millisecond
	d.limits = []budget.Limit{{Metric: "requests", Kind: budget.KindWindow,
		Amount: budget.Credits(1 + pick(100)), Per: per}}
	if pick(3) == 0 {
		d.limits = append(d.limits, budget.Limit{Metric: "tokens", Kind: budget.KindWindow,
			Amount: budget.Credits(1 + pick(100)), Per: per * 3 / 2})
	}
	d.judge = newJudge(d)
	d.tape = newTape(d, dir)
	d.cluster = newCluster(d)
	for i := range 3 + pick(3) {
		d.fleet = append(d.fleet, newProcess(d, i))
	}
	return d
}

// Step is one thing that may happen. Weight says how often it should, beside the others.
type Step struct {
	Name   string
	Weight int
	Do     func()
}

// Steps are all that may happen, each followed by a look of the judge.
func (d *Deep) Steps() []Step {
	someone := func(do func(*process)) func() {
		return func() { do(d.fleet[d.pick(len(d.fleet))]) }
	}
	list := []Step{
		{"offer", 50, someone((*process).offer)},
		{"queue", 8, someone((*process).queue)},
		{"poll", 50, someone((*process).poll)},
		{"resend", 5, someone((*process).resend)},
		{"propose", 90, d.propose},
		{"commit", 90, d.commitHead},
		{"deliver", 90, d.deliver},
		{"lose", 3, d.lose},
		{"blink", 30, func() { d.elapse(10_000, 50_000, 500_000, 2_000_000) }},
		{"pass", 1, func() { d.elapse(7_000_000, 20_000_000, 60_000_000) }},
		{"suspend", 1, someone((*process).suspend)},
		{"fail", 1, d.fail},
		{"elect", 20, d.elect},
		{"open", 20, d.openEpoch},
		{"wake", 10, d.wake},
		{"restore", 2, d.restore},
		{"follow", 3, d.follow},
		{"close", 1, d.rarely(someone((*process).close))},
		{"crash", 1, d.rarely(someone((*process).crash))},
	}
	for i := range list {
		do := list[i].Do
		list[i].Do = func() {
			do()
			d.judge.look()
		}
	}
	return list
}

// rarely does something one time in three.
func (d *Deep) rarely(do func()) func() {
	return func() {
		if d.pick(3) == 0 {
			do()
		}
	}
}

// elapse lets time pass. Every clock runs at a rate within the drift, mostly at an end of it.
func (d *Deep) elapse(nanos ...int64) {
	dt := nanos[d.pick(len(nanos))]
	d.now += dt
	d.earlier = d.clock
	if d.ready {
		d.clock += d.shown(dt)
	}
	for _, p := range d.fleet {
		p.mono += d.shown(dt)
		if d.local {
			p.wall += d.shown(dt)
		} else {
			p.wall += dt
		}
	}
}

// shown is what some clock shows of a time.
func (d *Deep) shown(dt int64) int64 {
	return dt + dt/100*[]int64{-d.rho, d.rho, 0}[d.pick(3)]/10_000
}

// drift is what holders are told.
func (d *Deep) drift() int64 {
	if d.broken == NoMargin {
		return 0
	}
	return d.rho
}

// Err returns what is wrong, if anything was yet.
func (d *Deep) Err() error { return d.judge.err }

// Finish ends the walk: every lease ends, and the trace checker judges the trace.
func (d *Deep) Finish() error {
	for _, p := range d.fleet {
		if p.core != nil {
			p.core.Close(p.reading())
		}
	}
	d.judge.end()
	report, err := d.tape.judge()
	if err != nil {
		return err
	}
	if d.judge.err != nil {
		return d.judge.err
	}
	if report != nil && report.Verdict == twin.Invalid {
		return fmt.Errorf("lockstep: the trace checker: %w", report.Violation)
	}
	if report != nil && report.Verdict == twin.Unknown && d.tally.Admissions > 0 {
		return fmt.Errorf("lockstep: the trace checker cannot tell: %v", report.Reasons)
	}
	return nil
}
