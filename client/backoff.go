package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// Bounds of a retry's pauses. The first is short, since one endpoint that fails says little of
// the next; the last is the rate at which a whole fleet knocks on a cluster that is down.
const (
	retryMin = 20 * time.Millisecond
	retryMax = 500 * time.Millisecond
	// maxRedirects bounds the redirects that are followed in a row without a pause: in a
	// leader change two nodes may name each other.
	maxRedirects = 2
)

// backoff paces the attempts of one request. The zero value is ready.
type backoff struct {
	ceiling   time.Duration // of the last pause; 0 before the first
	redirects int           // in a row
}

// next returns the pause before the next attempt: none after a redirect, otherwise uniform in
// [c/2, c] for a ceiling c that doubles from retryMin to retryMax.
func (b *backoff) next(redirected bool) time.Duration {
	if redirected && b.redirects < maxRedirects {
		b.redirects++
		return 0
	}
	b.redirects = 0
	b.ceiling = min(max(2*b.ceiling, retryMin), retryMax)
	return b.ceiling/2 + rand.N(b.ceiling/2+1)
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
