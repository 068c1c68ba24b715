package refine

import "math/big"

// tokens are BucketLease's variables of one account, as they were at T: tok in parts, and when
// what is out (account.used) is over.
type tokens struct {
	tok big.Int
	T   int64
	exp int64
}

// refilled is what stopped a refill on its way.
type refilled struct{ capped, over bool }

// cap is BucketLease!Cap: what, with the credits that are out, fills the bucket.
func (a *account) cap(l *limit) *big.Int {
	room := big.NewInt(max(0, l.burst-a.used))
	return room.Mul(room, pace(l.per))
}

// refill is BucketLease!Refill: from T to t, with a stop where the leases end.
func (a *account) refill(l *limit, t int64) (r refilled) {
	pour := func(to int64) {
		if to == a.T { // what a limit was for no time at all leaves no mark
			return
		}
		add := new(big.Int).Mul(big.NewInt(l.amount), big.NewInt(to-a.T))
		a.tok.Add(&a.tok, add)
		a.T = to
		if room := a.cap(l); a.tok.Cmp(room) > 0 {
			a.tok.Set(room)
			r.capped = r.capped || a.used > 0
		}
	}
	if a.used > 0 && a.exp <= t {
		pour(a.exp)
		a.used, r.over = 0, true
	}
	pour(t)
	return r
}

// left is Refill(C) \div Q.
func (a *account) left(l *limit) int64 {
	whole := new(big.Int).Quo(&a.tok, pace(l.per))
	return max(0, min(whole.Int64(), l.burst-a.used)) // it fits: see cap
}

// move takes n credits out of the bucket, or puts -n back (BucketLease!PutBack).
func (a *account) move(l *limit, n int64) {
	parts := big.NewInt(n)
	a.tok.Sub(&a.tok, parts.Mul(parts, pace(l.per)))
	a.used += n
	a.exp = l.end()
}

// refills reports whether a denial may tell to wait for d: the window is over then, and something
// may be needed that is not there before; or there is a credit more than a nanosecond earlier.
func (a *account) refills(l *limit, d int64) bool {
	whole := func(d int64) int64 {
		tok := new(big.Int).Mul(big.NewInt(l.amount), big.NewInt(d))
		tok.Add(tok, &a.tok)
		if room := a.cap(l); tok.Cmp(room) > 0 {
			tok.Set(room)
		}
		return tok.Quo(tok, pace(l.per)).Int64()
	}
	rest := l.end() - a.T
	switch {
	case d < 1 || d > rest:
		return false
	case l.loose:
		return true
	case d == rest:
		return whole(d-1) < l.burst
	default:
		return whole(d) > whole(d-1)
	}
}

// fresh returns the account of a key that was never asked: its bucket was full when the limit came
// into force.
func (l *limit) fresh() *account {
	a := &account{tokens: tokens{T: l.untouched.T}}
	a.tok.Set(&l.untouched.tok)
	return a
}

// exactChanges is how many changes of a bucket the log remembers for sure, of those that its
// tokens may still show. With more it may refill less than the model.
const exactChanges = 15

// changeBucket gives a bucket another amount and burst at t; what was refilled until then was at
// the old ones.
func (l *limit) changeBucket(amount, burst, t int64) (met refilled) {
	for _, a := range l.avail {
		r := a.refill(l, t) // no lease is over: the limit has rolled
		met.capped = met.capped || r.capped
	}
	l.untouched.refill(l, t)
	l.amount, l.burst = amount, burst
	l.least, l.largest = min(l.least, amount), max(l.largest, burst)
	slowest := limit{shape: bucket, per: l.per, amount: l.least, burst: l.largest}
	shown := slowest.memory() + 4*l.span
	recent := l.changes[:0]
	for _, at := range l.changes {
		if at >= t-shown && at < t {
			recent = append(recent, at)
		}
	}
	if l.changes = append(recent, t); len(l.changes) > exactChanges {
		l.loose, l.changes = true, nil
	}
	return met
}
