package demo

import (
	"math/rand/v2"
	"time"
)

// Request is one call to the language model.
type Request struct {
	// At is when it arrives: time since the workload's start, before any speed-up.
	At time.Duration
	// In and Out are the tokens of prompt and answer. Their sum is at least 1.
	In, Out int64
}

// Tokens is what the request costs of a token limit.
func (r Request) Tokens() int64 { return r.In + r.Out }

// Rate is the mean of a workload, before any speed-up, and its largest request.
type Rate struct {
	RequestsPerSec float64
	TokensPerSec   float64
	LargestTokens  int64
}

// Workload is an endless stream of requests, in the order of their arrival.
type Workload interface {
	Next() Request
	Rate() Rate
}

// drawn is the built-in workload: draws from the measured curves. The gaps have a heavy tail, so
// they are drawn in strata: or one seed's demand would be twice another's.
type drawn struct {
	rng  *rand.Rand
	gaps strata
	now  time.Duration
}

var _ Workload = (*drawn)(nil)

// Drawn returns the built-in workload. Equal generators give equal requests.
func Drawn(rng *rand.Rand) Workload { return &drawn{rng: rng, gaps: strata{rng: rng}} }

// Next draws a request.
func (d *drawn) Next() Request {
	d.now += time.Duration(gapMicros.value(d.gaps.next()) * float64(time.Microsecond))
	return Request{
		At:  d.now,
		In:  int64(contextTokens.value(d.rng.Float64())),
		Out: int64(generatedTokens.value(d.rng.Float64())),
	}
}

// strata draws from [0, 1): of each stratumCount draws one from each of as many equal parts, in
// random order.
type strata struct {
	rng   *rand.Rand
	order []int // the parts that are still to be drawn from
}

const stratumCount = 500

func (s *strata) next() float64 {
	if len(s.order) == 0 {
		s.order = s.rng.Perm(stratumCount)
	}
	part := s.order[0]
	s.order = s.order[1:]
	return (float64(part) + s.rng.Float64()) / stratumCount
}

// Rate is the mean of the curves, which is what the draws tend to.
func (d *drawn) Rate() Rate {
	perSec := 1e6 / gapMicros.mean()
	return Rate{
		RequestsPerSec: perSec,
		TokensPerSec:   perSec * (contextTokens.mean() + generatedTokens.mean()),
		LargestTokens:  int64(contextTokens.max() + generatedTokens.max()),
	}
}

// replay is a recorded workload. It starts over when it ends, one mean gap after its last
// request.
type replay struct {
	requests []Request // at least 2, from At 0 on
	length   time.Duration
	rate     Rate
	next     int
	laps     int
}

var _ Workload = (*replay)(nil)

// newReplay returns the workload that repeats requests: at least two, in order, the first at
// 0, the last later.
func newReplay(requests []Request) *replay {
	n := len(requests)
	last := requests[n-1].At
	length := last + last/time.Duration(n-1)
	tokens, largest := int64(0), int64(0)
	for _, r := range requests {
		tokens += r.Tokens()
		largest = max(largest, r.Tokens())
	}
	return &replay{
		requests: requests,
		length:   length,
		rate: Rate{
			RequestsPerSec: float64(n) / length.Seconds(),
			TokensPerSec:   float64(tokens) / length.Seconds(),
			LargestTokens:  largest,
		},
	}
}

// Next returns the next recorded request.
func (p *replay) Next() Request {
	if p.next == len(p.requests) {
		p.next, p.laps = 0, p.laps+1
	}
	r := p.requests[p.next]
	p.next++
	r.At += time.Duration(p.laps) * p.length
	return r
}

// Rate is the recording's own mean.
func (p *replay) Rate() Rate { return p.rate }
