package cluster

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// across is the theorem across a restore: nobody admits on a lease of the cluster that was lost
// once the one that took its place grants of the same limit. Times are of the nodes' clock; what
// processes recorded by clocks of their own is left out.
type across struct {
	clock  string
	limits map[uint64]limitName // of one cluster, by serial number
	leases map[uint64]limitName // of the first cluster
	last   map[limitName]admitted
	first  map[limitName]int64 // grant of the second cluster
	parted int64
	past   int64
}

// limitName is a limit, in both clusters.
type limitName struct{ budget, metric string }

type admitted struct {
	at  int64
	who string
}

// crossing is what the check across a restore came to.
type crossing struct {
	limits   int   // of which both clusters granted
	outlived int64 // credits admitted on leases whose cluster was lost
	late     error // what breaks the theorem
}

// String says it in short.
func (c crossing) String() string {
	return fmt.Sprintf("%d credits admitted after the loss; %d limits granted of after that",
		c.outlived, c.limits)
}

// checkAcross judges the files of two clusters, of which the first was lost at parted.
func checkAcross(first, second []string, parted int64) (found crossing, err error) {
	a := across{limits: map[uint64]limitName{}, leases: map[uint64]limitName{},
		last: map[limitName]admitted{}, first: map[limitName]int64{}, parted: parted}
	err = errors.Join(readAll(first, trace.RoleNode, a.lend),
		readAll(first, trace.RoleFleet, a.admit))
	a.limits = map[uint64]limitName{}
	if err = errors.Join(err, readAll(second, trace.RoleNode, a.grant)); err != nil {
		return found, err
	}
	found.outlived = a.past
	for limit, at := range a.first {
		old, ok := a.last[limit]
		if !ok {
			continue
		}
		found.limits++
		if old.at >= at {
			found.late = errors.Join(found.late, fmt.Errorf("cluster: %s admitted on a lease of the "+
				"lost cluster at %d; the one in its place granted %s of budget %q at %d",
				old.who, old.at, limit.metric, limit.budget, at))
		}
	}
	return found, nil
}

// lend notes which limit a lease of the first cluster is of.
func (a *across) lend(header trace.Event, e *trace.Event) {
	a.clock = header.Clock
	switch e.Kind {
	case trace.KindLimit:
		a.limits[e.Limit] = limitName{e.Budget, e.Metric}
	case trace.KindGrant:
		a.leases[e.Lease] = a.limits[e.Limit]
	}
}

// admit notes the last admission of a limit, and, of slots, the last that was held until then.
func (a *across) admit(header trace.Event, e *trace.Event) {
	at := e.Last
	switch {
	case header.Clock != a.clock:
		return
	case e.Kind == trace.KindRelease:
		at = e.At
	case e.Kind != trace.KindAdmit:
		return
	case at >= a.parted:
		a.past += e.N
	}
	if limit := a.leases[e.Lease]; at > a.last[limit].at {
		a.last[limit] = admitted{at, header.Recorder}
	}
}

// grant notes the first grant of the second cluster.
func (a *across) grant(_ trace.Event, e *trace.Event) {
	switch e.Kind {
	case trace.KindLimit:
		a.limits[e.Limit] = limitName{e.Budget, e.Metric}
	case trace.KindGrant:
		limit := a.limits[e.Limit]
		if at, ok := a.first[limit]; !ok || e.At < at {
			a.first[limit] = e.At
		}
	}
}

// readAll goes through the trace files of a role. A torn last line ends one.
func readAll(paths []string, role string, take func(header trace.Event, e *trace.Event)) error {
	for _, path := range paths {
		if err := read(path, role, take); err != nil {
			return err
		}
	}
	return nil
}

func read(path, role string, take func(header trace.Event, e *trace.Event)) error {
	file, err := trace.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	header := file.Header()
	if header.Role != role {
		return nil
	}
	for {
		e, err := file.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		take(header, &e)
	}
}

// partHistory sorts calls by the cluster that they were made to. What the second one says of
// sessions of the first is that it knows none of them, and left out. Which of them answered a call
// that spans the parting is for the answer to tell: if it knows the session no more, or names none,
// nobody knows what the call had come to, and a change of a budget may have been made in either.
func partHistory(
	h linear.History, p parting, restored int64,
) (first, second linear.History, err error) {
	second = linear.History{{Input: linear.Input{Kind: linear.TakeOver, At: restored},
		Call: p.at, Return: p.at, Output: &linear.Output{Answer: linear.Done}}}
	var errs []error
	for _, op := range h {
		in, out := op.Input, op.Output
		switch {
		case op.Call < p.at && in.Session == 0 && out != nil && out.Session >= p.first:
			second = append(second, op) // it opened one
		case op.Call < p.at && op.Return > p.at && out != nil && ofEither(in, out):
			op.Output, op.Return = nil, 0
			first = append(first, op)
			if in.Session == 0 && in.Kind != linear.OpenSession { // a change of a budget
				second = append(second, op)
			}
		case op.Call < p.at:
			first = append(first, op)
		case in.Session == 0 || in.Session >= p.first:
			second = append(second, op)
		case out != nil && !denies(in, out):
			errs = append(errs, fmt.Errorf("cluster: session %d of the lost cluster was told %+v by the "+
				"one in its place", in.Session, *out))
		}
	}
	return first, second, errors.Join(errs...)
}

// ofEither reports whether either cluster can have given an answer: it names no session of one.
func ofEither(in linear.Input, out *linear.Output) bool {
	return denies(in, out) || in.Session == 0 && out.Session == 0
}

// denies reports whether an answer says that there is no such session.
func denies(in linear.Input, out *linear.Output) bool {
	return out.Answer == linear.NoSession || in.Kind == linear.GiveBack && !out.SessionKnown
}

// restoredAt is the cluster time at which a cluster took the place of another.
func restoredAt(files []string) (at int64, err error) {
	at = math.MinInt64
	err = readAll(files, trace.RoleNode, func(_ trace.Event, e *trace.Event) {
		if e.Kind == trace.KindTakeOver {
			at = e.T
		}
	})
	if at == math.MinInt64 {
		err = errors.Join(err, errors.New("cluster: no trace of a restore"))
	}
	return at, err
}
