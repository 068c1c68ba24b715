package client

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"
)

// Bounds of the pauses before a retry. The first is short, since one endpoint that fails says
// little of the next. The last, after calls that were not answered, is the rate at which a fleet
// knocks on a cluster without a leader: an election takes a second, and service shall not wait
// for much longer. After answers that led nowhere, which no election will mend, it is faultMax.
const (
	retryMin = 20 * time.Millisecond
	retryMax = 500 * time.Millisecond
	faultMax = 2 * time.Second
	// maxRedirects bounds the redirects that are followed in a row without a pause: in a
	// leader change two nodes may name each other.
	maxRedirects = 2
)

// backoff paces the attempts of one request. The zero value is ready.
type backoff struct {
	most      time.Duration // of the ceiling; 0: retryMax
	ceiling   time.Duration // of the last pause; 0 before the first
	redirects int           // in a row
}

// next returns the pause before the next attempt: none after a redirect, otherwise uniform in
// [c/2, c] for a ceiling c that doubles from retryMin to most.
func (b *backoff) next(redirected bool) time.Duration {
	if redirected && b.redirects < maxRedirects {
		b.redirects++
		return 0
	}
	b.redirects = 0
	b.ceiling = min(max(2*b.ceiling, retryMin), cmp.Or(b.most, retryMax))
	return b.ceiling/2 + rand.N(b.ceiling/2+1)
}

// after returns the pause after a call that was not decided. Where two nodes in a row could not
// decide and knew nobody who can, there is no leader: it is the longest at once, or every limiter
// of a fleet would knock half a dozen times before the election is over.
func (b *backoff) after(failed *callError) time.Duration {
	if failed.leaderless {
		b.ceiling = cmp.Or(b.most, retryMax)
	}
	return b.next(failed.redirected)
}

// pause waits d out and reports whether it did: not if ctx ended or stop was closed first.
func pause(ctx context.Context, stop <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		select {
		case <-ctx.Done():
			return false
		case <-stop:
			return false
		default:
			return true
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-stop:
		return false
	case <-timer.C:
		return true
	}
}
