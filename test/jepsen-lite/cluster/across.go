package cluster

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// across is the theorem across a restore: nobody admits on a lease of the cluster that was lost
// once the one that took its place grants of the same budget. Files are those of both, and all
// their times are of one clock but those of processes with clocks of their own.
type across struct {
	clock   string            // of the nodes
	budgets map[uint64]string // by session of the first cluster
	last    map[string]admitted
	first   map[string]int64 // grant of the second, by budget
}

type admitted struct {
	at  int64
	who string
}

// checkAcross returns what breaks the theorem, and how many budgets both clusters granted of.
func checkAcross(first, second []string) (compared int, err error) {
	a := across{budgets: map[uint64]string{}, last: map[string]admitted{}, first: map[string]int64{}}
	for _, path := range first {
		if err := read(path, a.session); err != nil {
			return 0, err
		}
	}
	for _, path := range first {
		if err := read(path, a.admit); err != nil {
			return 0, err
		}
	}
	granted := map[uint64]string{}
	for _, path := range second {
		if err := read(path, func(_ trace.Event, e *trace.Event) { a.grant(granted, e) }); err != nil {
			return 0, err
		}
	}
	var errs []error
	for budget, at := range a.first {
		old, ok := a.last[budget]
		if !ok {
			continue
		}
		compared++
		if old.at >= at {
			errs = append(errs, fmt.Errorf("cluster: %s admitted on a lease of the lost cluster at %d; "+
				"the one in its place granted of budget %q at %d", old.who, old.at, budget, at))
		}
	}
	return compared, errors.Join(errs...)
}

// session notes which budget a session is of.
func (a *across) session(header trace.Event, e *trace.Event) {
	if e.Kind == trace.KindSession {
		a.clock, a.budgets[e.Session] = header.Clock, e.Budget
	}
}

// admit notes the last admission.
func (a *across) admit(header trace.Event, e *trace.Event) {
	if e.Kind != trace.KindAdmit || header.Clock != a.clock {
		return
	}
	if b := a.budgets[e.Session]; e.Last > a.last[b].at {
		a.last[b] = admitted{e.Last, header.Recorder}
	}
}

// grant notes the first grant.
func (a *across) grant(budgets map[uint64]string, e *trace.Event) {
	switch e.Kind {
	case trace.KindSession:
		budgets[e.Session] = e.Budget
	case trace.KindGrant:
		b := budgets[e.Session]
		if at, ok := a.first[b]; !ok || e.At < at {
			a.first[b] = e.At
		}
	}
}

// read goes through a trace file. A torn last line ends it.
func read(path string, take func(header trace.Event, e *trace.Event)) error {
	file, err := trace.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		e, err := file.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		take(file.Header(), &e)
	}
}

// partHistory sorts calls by the cluster that they were made to. What the second one says of
// sessions of the first is that it knows none of them, and left out.
func partHistory(
	h linear.History, p parting, restored int64,
) (first, second linear.History, err error) {
	second = linear.History{{Input: linear.Input{Kind: linear.TakeOver, At: restored},
		Call: p.at, Return: p.at, Output: &linear.Output{Answer: linear.Done}}}
	var errs []error
	for _, op := range h {
		in, out := op.Input, op.Output
		switch {
		case op.Call < p.at:
			first = append(first, op)
		case in.Session == 0 || in.Session >= p.first:
			second = append(second, op)
		case out != nil && out.Answer != linear.NoSession &&
			(in.Kind != linear.GiveBack || out.SessionKnown):
			errs = append(errs, fmt.Errorf("cluster: session %d of the lost cluster was told %+v by the "+
				"one in its place", in.Session, *out))
		}
	}
	return first, second, errors.Join(errs...)
}

// restoredAt is the cluster time at which a cluster took the place of another.
func restoredAt(files []string) (at int64, err error) {
	at = math.MinInt64
	for _, path := range slices.Sorted(slices.Values(files)) {
		err = errors.Join(err, read(path, func(_ trace.Event, e *trace.Event) {
			if e.Kind == trace.KindTakeOver {
				at = e.T
			}
		}))
	}
	if at == math.MinInt64 {
		err = errors.Join(err, errors.New("cluster: no trace of a restore"))
	}
	return at, err
}
