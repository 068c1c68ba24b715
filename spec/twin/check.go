package twin

import (
	"errors"
	"fmt"
	"time"

	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/trace"
)

// Options of a check. The zero value is strict: it suits recordings in virtual time.
type Options struct {
	// Slack is how far apart the two readings may lie that a recorder takes of one instant,
	// one for the product and one for the trace, if a scheduler comes between. It loosens
	// the comparisons across recorders, NeverFast and NoCarryOver, and nothing else.
	// DefaultSlack suits real machines.
	Slack time.Duration
	// Horizon is how long, in cluster time, what ended is still known: a lease that nobody
	// took, after its window; a session, after its end. Zero means DefaultHorizon.
	Horizon time.Duration
	// OnWindow, if set, is called once for each window of an account that was granted from,
	// when nothing more can happen to it. Not called once an invariant is violated.
	OnWindow func(WindowTally)
	// Observe, if set, is called for every event that has passed its checks, in the one order
	// that the check found for all files: of a log entry once for all nodes, of a fleet's event
	// not before what it rests on. header is that of the file it stands in. Both pointers are
	// good for the call only. After a violation it is not called any more.
	Observe func(at *Located, header *trace.Event)
}

const (
	// DefaultSlack is longer than a busy machine keeps a runnable goroutine waiting, as a rule.
	DefaultSlack = 20 * time.Millisecond
	// DefaultHorizon is longer than an answer takes.
	DefaultHorizon = time.Minute
)

// Bounds of the report's texts.
const (
	maxReasons = 10
	maxNotes   = 20
)

// Check reads the trace files of one run and checks them against the Invariants. It stops at
// the first violation. The order of files matters only for which violation is first.
//
// The error is about the input, not a verdict: a file that cannot be read, is no trace, or is
// of another run. It names file and line. There is no report then.
func Check(files []string, opts Options) (*Report, error) {
	if len(files) == 0 {
		return nil, errors.New("twin: no files to check")
	}
	sources := make([]source, 0, len(files))
	var readers []*ahead
	defer func() {
		for _, a := range readers {
			a.close()
		}
		for _, s := range sources {
			_ = s.Close() // only read from
		}
	}()
	for _, file := range files {
		r, err := trace.Open(file)
		if err != nil {
			return nil, err
		}
		sources = append(sources, r)
	}
	feeds := make([]feed, 0, len(files))
	for _, s := range sources {
		a := readAhead(s)
		readers, feeds = append(readers, a), append(feeds, a)
	}
	return check(sources, feeds, opts)
}

// errHole stops a check where the log cannot be followed any further. The reason is noted.
var errHole = errors.New("twin: the log has a hole")

func check(sources []source, feeds []feed, opts Options) (*Report, error) {
	if opts.Horizon == 0 {
		opts.Horizon = DefaultHorizon
	}
	c := newChecker(opts)
	for i, s := range sources {
		if err := c.admit(s, feeds[i]); err != nil {
			return nil, err
		}
	}
	err := c.run()
	if v, ok := errors.AsType[*Violation](err); ok {
		c.report.Violation = v
	} else if err != nil && !errors.Is(err, errHole) {
		return nil, err
	}
	return c.conclude(), nil
}

// checker is the state of one check. It is written by the log, in log order, and read and
// written by the processes in between.
type checker struct {
	opts   Options
	report Report
	counts map[trace.Kind]int64
	clocks []string // names; an input's clock is an index

	replicas  []*replica
	processes []*process
	// The processes that wait for the grant or replay of a lease, or for a session to open.
	awaitLease   map[uint64][]*process
	awaitSession map[uint64][]*process
	woken        []*process

	clusterClock
	digests recent
	members membersTold
	tables
	step    step // the entry that is being applied
	machine *refine.Machine

	watched  map[*watch]bool // those with windows that are not judged
	overshot error           // the first interval with too many admissions
}

func newChecker(opts Options) *checker {
	return &checker{
		opts:         opts,
		counts:       make(map[trace.Kind]int64),
		awaitLease:   make(map[uint64][]*process),
		awaitSession: make(map[uint64][]*process),
		clusterClock: newClusterClock(),
		tables:       newTables(),
		machine:      refine.New(opts.Horizon),
		watched:      make(map[*watch]bool),
	}
}

// run reads everything. Its error is a *Violation, errHole, or one of the input.
func (c *checker) run() error {
	for _, p := range c.processes {
		if err := c.advance(p); err != nil {
			return err
		}
	}
	if err := c.followLog(); err != nil {
		return c.firstDoubt(err)
	}
	if err := c.judgeWaiting(); err != nil {
		return err
	}
	if err := c.everyLevelOfRest(); err != nil {
		return err
	}
	c.judgeAllBeliefs()
	if err := c.judgeRest(); err != nil {
		return err
	}
	return c.clockWentBack()
}

// conclude settles the verdict.
func (c *checker) conclude() *Report {
	r := &c.report
	r.ClusterTime, r.LastIndex = c.now, c.index
	r.Coverage = c.machine.Coverage()
	for _, k := range kindsInOrder {
		if n := c.counts[k]; n > 0 {
			r.Events += n
			r.Kinds = append(r.Kinds, KindCount{k, n})
		}
	}
	if r.Violation != nil {
		r.Verdict, r.Reasons = Invalid, nil
		return r
	}
	c.settleAll()
	switch {
	case r.Entries == 0:
		c.unknown("no log entry was recorded: nothing was checked")
	case r.Credits == 0:
		c.unknown("no admission was recorded: the log was checked, the bound was not")
	}
	r.RealTimeChecked = r.Credits > 0 && r.Incomparable == 0
	if r.Unrecorded > 0 {
		c.note("processes that died held %d credits that may have been spent unrecorded; "+
			"their windows stay within the bound even so", r.Unrecorded)
	}
	if r.Untraced > 0 {
		c.note("%d credits were granted to sessions that no fleet file mentions", r.Untraced)
	}
	if r.Unhashed > 0 {
		c.note("the state was too large to be hashed %d times: what its replicas hold was compared by "+
			"their events and the digests of their results alone", r.Unhashed)
	}
	r.Verdict = Valid
	if len(r.Reasons) > 0 {
		r.Verdict = Unknown
	}
	return r
}

// passed is called for each event that the other invariants have nothing against, in one order:
// of the log's, in the log's order, and of a file in the file's. It must be a step that the
// model allows.
func (c *checker) passed(at *Located, in *input) error {
	if r := c.machine.Step(in.file, &at.Event); r != nil {
		return c.refused(r, at)
	}
	if r := c.machine.Doubt(); r != nil {
		c.sessions[at.Event.Session].process.doubts(c.refused(r, at))
	}
	if c.opts.Observe != nil {
		c.opts.Observe(at, &in.header)
	}
	return nil
}

// unknown says why the verdict cannot be Valid.
func (c *checker) unknown(format string, args ...any) {
	if len(c.report.Reasons) < maxReasons {
		c.report.Reasons = append(c.report.Reasons, fmt.Sprintf(format, args...))
	}
}

func (c *checker) note(format string, args ...any) {
	if len(c.report.Notes) < maxNotes {
		c.report.Notes = append(c.report.Notes, fmt.Sprintf(format, args...))
	}
}

// kindsInOrder is the order of the schema.
var kindsInOrder = [...]trace.Kind{
	trace.KindGap, trace.KindLeader, trace.KindPropose, trace.KindRestore,
	trace.KindMembers,
	trace.KindEntry, trace.KindEpoch, trace.KindState, trace.KindLimit, trace.KindBudget,
	trace.KindRoll,
	trace.KindSession, trace.KindSessionEnd, trace.KindGrant, trace.KindReplay,
	trace.KindDeny, trace.KindReturn, trace.KindTakeOver,
	trace.KindLeap, trace.KindSlow, trace.KindZone,
	trace.KindSend, trace.KindAccept, trace.KindDrop, trace.KindAdmit, trace.KindGiveUp,
	trace.KindRelease, trace.KindExpire, trace.KindFailOpen, trace.KindShadow,
}
