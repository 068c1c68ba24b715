package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// Bounds of giving back.
const (
	// returnsPerCall is what one Return may carry.
	returnsPerCall = 64
	// giveBackCalls bounds giving back to as many call timeouts, also where ctx has no end.
	giveBackCalls = 5
)

// opened is a session as the coordinator opened it.
type opened struct {
	of       account
	session  lease.SessionID
	revision uint64
	limits   []budget.Limit
	levels   budget.Levels
	rules    budget.Rules
	driftPPM int64
}

// openSession starts a holder's incarnation. An attempt whose answer was lost leaves a session
// behind, which holds nothing and expires by itself.
func (c *Client) openSession(
	ctx context.Context, t tries, budget string, of account,
) (opened, error) {
	e := newOpener(budget, of)
	err := c.conns.repeat(ctx, t, func(ctx context.Context) error {
		return c.post.deliver(ctx, &e.errand)
	})
	if err != nil {
		return opened{}, err
	}
	return e.opened, nil
}

// opener is an errand that opens a session.
type opener struct {
	errand
	of     account
	opened opened
}

func newOpener(budget string, of account) *opener {
	o := &opener{of: of}
	o.errand = errand{way: opening, read: o.take,
		wire: &leasedv1.OpenSessionRequest{Budget: budget, Key: of.key, Labels: of.labels,
			Priority: string(of.priority)}}
	return o
}

func (o *opener) take(answer proto.Message) (err error) {
	o.opened, err = toOpened(answer.(*leasedv1.OpenSessionResponse))
	o.opened.of = o.of
	return err
}

func toOpened(wire *leasedv1.OpenSessionResponse) (opened, error) {
	o := opened{
		session:  lease.SessionID(wire.GetSession()),
		revision: wire.GetRevision(),
		driftPPM: wire.GetDriftPpm(),
	}
	if o.session == 0 {
		return o, errors.New("session 0")
	}
	if o.driftPPM < 0 || o.driftPPM > lease.MaxMaxClockDriftPPM {
		return o, driftError(o.driftPPM)
	}
	var err error
	o.limits, o.rules, err = toPolicy(wire.GetLimits(), wire.GetRules())
	if err != nil {
		return o, err
	}
	o.levels, err = toLevels(wire.GetLevels(), o.limits)
	return o, err
}

// Close ends the limiter: waiters get ErrClosed, a request that is under way gets its decision,
// and every credit held goes back to the budget for others. It blocks until the coordinator has
// taken them, until ctx ends, or for a few call timeouts. An error that matches ErrUnavailable
// says that they may still be charged: until their window ends, nobody can use them.
// Closing again waits for the first Close and returns its error.
func (l *Limiter) Close(ctx context.Context) error {
	l.mu.Lock()
	again := l.closed
	l.shutLocked()
	l.failAllLocked(Decision{Verdict: Closed, Decider: l.by})
	for s := range l.slots {
		l.loseLocked(s) // nothing keeps it from now on; it is not given back, since the work may go on
	}
	l.mu.Unlock()
	if again {
		select {
		case <-l.ended:
			return l.closeErr
		case <-ctx.Done():
			return named("close limiter on", l.budget, ctx.Err())
		}
	}
	ctx, cancel := context.WithTimeout(ctx, giveBackCalls*l.client.conns.callTimeout)
	defer cancel()

	close(l.stop)
	release := context.AfterFunc(ctx, l.cancel)
	l.tasks.Wait()
	release()
	l.cancel()
	l.closeErr = named("close limiter on", l.budget, l.giveBack(ctx))
	l.client.forget(l)
	close(l.ended)
	return l.closeErr
}

// shutLocked has every further decision be Closed.
func (l *Limiter) shutLocked() {
	l.closed = true
	l.holder.Recall(l.clock.now()) // what is lent decides no more
}

// giveBack returns what the holder has, and closes the session. Nothing else uses the holder.
func (l *Limiter) giveBack(ctx context.Context) error {
	l.mu.Lock()
	now := l.clock.now()
	undecided := l.holder.Status(now).Outstanding
	returns := l.holder.Close(now)
	l.flushLocked()
	session, lost := l.session, l.lost
	l.mu.Unlock()
	if lost {
		return nil // with the session, the coordinator has forgotten what it could take back
	}
	if len(returns) == 0 && !undecided {
		// To forget the session early is a courtesy, which is not worth insisting on.
		if err := l.client.post.deliver(ctx, giving(session, nil, true)); err != nil {
			l.log.Debug("session not closed", keyError, err)
		}
		return nil
	}
	var held budget.Credits
	for _, r := range returns {
		held += r.Amount
	}
	for {
		n := min(len(returns), returnsPerCall)
		e := giving(session, returns[:n], n == len(returns))
		err := l.client.conns.repeat(ctx, tries{stop: l.client.conns.closed},
			func(ctx context.Context) error { return l.client.post.deliver(ctx, e) })
		if err != nil {
			return fmt.Errorf("%d credits not surely given back: %w", held, err)
		}
		if returns = returns[n:]; len(returns) == 0 {
			return nil
		}
	}
}

// giving is a Return.
func giving(session lease.SessionID, returns []lease.Return, last bool) *errand {
	return &errand{
		way: returning,
		wire: &leasedv1.ReturnRequest{
			Session: uint64(session), Returns: fromReturns(returns), Close: last,
		},
		read: func(proto.Message) error { return nil }, // what was taken is of no use here
	}
}

// awaitFirstAnswer waits until the first request is decided, for a call timeout at most.
func (l *Limiter) awaitFirstAnswer(ctx context.Context) {
	timer := time.NewTimer(l.client.conns.callTimeout)
	defer timer.Stop()
	select {
	case <-l.first:
	case <-l.stop:
	case <-ctx.Done():
	case <-timer.C:
	}
}
