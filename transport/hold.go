package transport

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
)

// Bounds of holding calls while no leader can be reached.
const (
	// maxHeld bounds the calls that a node holds at a time, each of maxMessage at most. More are
	// refused at once.
	maxHeld = 1024
	// maxLeaderless bounds for how long calls are held, from the first that found no leader: an
	// election and another one. A node that is cut off has its callers go elsewhere from then on.
	maxLeaderless = 3 * time.Second
	// holdFraction leaves a part (one over it) of what time a call has to the answer that nobody
	// decided it: one that is not told so has an unknown outcome.
	holdFraction = 4
	// maxStaleCall is how long a call may have been held that is decided when a leader is known.
	// One that was held for longer is sent back, to be made anew, at that leader: what it would be
	// granted is timed from when it was sent (R7), and would have lost as much of its life.
	maxStaleCall = 100 * time.Millisecond
)

// holding has callers wait for a leader, where they would otherwise knock again and again. A call
// that is held was proposed nowhere: it is decided afterwards, or refused.
type holding struct {
	began time.Time
	held  atomic.Int64 // calls, at most maxHeld
	// since is how long after began a call first found no leader; 0: since then one did.
	since atomic.Int64
}

// seek returns who decides a call: this node, or another one with a connection to it. Where nobody
// can be reached the call is held until somebody can, or it is refused.
func (s *Server) seek(ctx context.Context) (Leader, *grpc.ClientConn, error) {
	if l := s.cluster.Leader(); l.Self {
		s.hold.since.Store(0)
		return l, nil, nil
	}
	if len(metadata.ValueFromIncomingContext(ctx, ForwardedHeader)) > 0 {
		return s.cluster.Leader(), nil, toStatus(ErrNotLeader)
	}
	began := time.Now()
	until := s.hold.until(ctx, began)
	for {
		news := s.cluster.News() // before it is looked at: what comes later wakes
		l, conn, err := s.reach()
		if err != nil || l.Self || conn != nil && conn.GetState() == connectivity.Ready {
			if err == nil {
				s.hold.since.Store(0)
				err = stale(l, time.Since(began))
			}
			return l, conn, err
		}
		if s.hold.wait(ctx, until, s.stopping, news, conn) {
			continue
		}
		if conn != nil && time.Since(began) < maxStaleCall {
			return l, conn, nil // it was not held: whoever connects finds out
		}
		return Leader{}, nil, toStatus(ErrNotLeader)
	}
}

// stale returns the refusal of a call that was held for too long to be decided, and nil of others.
func stale(l Leader, held time.Duration) error {
	if held <= maxStaleCall {
		return nil
	}
	return toStatus(fmt.Errorf("%w: the call was held for %s until there was one: ask %s anew",
		ErrNotLeader, held.Round(time.Millisecond), l.API))
}

// reach returns the leader that this node knows, with the connection there, which may not stand.
func (s *Server) reach() (Leader, *grpc.ClientConn, error) {
	l := s.cluster.Leader()
	if l.Self || l.API == "" {
		return l, nil, nil
	}
	conn, err := s.peers.conn(l.API)
	if err != nil {
		return l, nil, toStatus(fmt.Errorf("%w: %w", ErrNotLeader, err))
	}
	conn.Connect() // if it is idle
	return l, conn, nil
}

// until returns how long a call may be held.
func (h *holding) until(ctx context.Context, now time.Time) time.Time {
	h.since.CompareAndSwap(0, max(1, int64(now.Sub(h.began))))
	until := h.began.Add(time.Duration(h.since.Load()) + maxLeaderless)
	if deadline, bounded := ctx.Deadline(); bounded {
		left := deadline.Sub(now)
		if answer := now.Add(left - left/holdFraction); answer.Before(until) {
			return answer
		}
	}
	return until
}

// wait holds a call until there is news of a leader, or of the connection to one, and reports
// whether there is: not if it may not be held, or not any longer. Without news there is nothing to
// wait for.
func (h *holding) wait(ctx context.Context, until time.Time, stopping, news <-chan struct{},
	conn *grpc.ClientConn,
) bool {
	if news == nil {
		return false
	}
	defer h.held.Add(-1)
	if h.held.Add(1) > maxHeld {
		return false
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	moved := make(chan struct{}) // closed when the connection is in another state, or ctx ends
	if conn != nil {
		state := conn.GetState()
		if state == connectivity.Ready {
			return true
		}
		go func() { // joined below
			defer close(moved)
			conn.WaitForStateChange(ctx, state)
		}()
		defer func() { cancel(); <-moved }()
	}
	select {
	case <-news:
		return true
	case <-moved:
		return ctx.Err() == nil
	case <-stopping:
	case <-ctx.Done():
	}
	return false
}
