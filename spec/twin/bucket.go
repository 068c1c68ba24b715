package twin

// bucket is one key's part of a bucket limit, at an instant. What a period refills is as many
// parts as the period has nanoseconds; a credit is as many of them as that is credits' worth:
// everything is counted in credits times pace.
type bucket struct {
	tokens wide
	at     int64
	// out is granted and not taken back, on leases that are over at end, all of them.
	out, end int64
}

// refill lets time pass to t (BucketLease!Exact): refill stops where tokens and out fill the
// bucket, and at the leases' end, since what is out then never comes back.
func (b *bucket) refill(l *limit, t int64) {
	if b.out > 0 && b.end <= t {
		b.run(l, b.end)
		b.out = 0
	}
	b.run(l, t)
}

// run is refill while nothing ends. What a limit was for no time at all leaves no mark: a bucket
// that was smaller for an instant is as full as before.
func (b *bucket) run(l *limit, t int64) {
	if t == b.at {
		return
	}
	b.tokens = b.tokens.plus(product(t-b.at, l.amount))
	if room := product(max(0, l.burst-b.out), l.pace); room.less(b.tokens) {
		b.tokens = room
	}
	b.at = t
}

// left is what may be granted, of a bucket that was refilled to the present.
func (b *bucket) left(l *limit) int64 {
	return max(0, min(b.tokens.floor(l.pace), l.burst-b.out))
}

// charge moves n credits out; a negative n takes them back. A bucket has leases of one window at
// a time: those of the windows before are over.
func (b *bucket) charge(l *limit, n int64) {
	if n < 0 {
		b.tokens = b.tokens.plus(product(-n, l.pace))
	} else {
		b.tokens = b.tokens.minus(product(n, l.pace))
	}
	b.out += n
	b.end = l.end()
}

// fills reports whether a request that was denied at the bucket's instant may be told to wait
// for d: until there is one credit more, if it needs that one, or until its window is over, if it
// may need one that is not there by then.
func (b *bucket) fills(l *limit, d int64) bool {
	rest := l.end() - b.at
	after := func(d int64) wide { return b.tokens.plus(product(d, l.amount)) }
	switch {
	case d < 1 || d > rest:
		return false
	case d == rest:
		return b.out > 0 || after(d-1).less(product(l.burst, l.pace))
	}
	n := min(after(d).floor(l.pace), l.burst-b.out)
	return n > b.left(l) && after(d-1).less(product(n, l.pace))
}

// full is a bucket that was never asked.
func full(l *limit, t int64) bucket { return bucket{tokens: product(l.burst, l.pace), at: t} }

// bucket returns key's, refilled to now.
func (l *limit) bucket(key string, now int64) *bucket {
	b := l.buckets[key]
	if b == nil {
		untouched := l.untouched
		b = &untouched
		l.buckets[key] = b
	}
	b.refill(l, now)
	return b
}

// exactChanges is how many changes of a bucket are surely remembered, of those that are not
// longer ago than it takes to fill and a few windows. Of more the product may refill less.
const exactChanges = 15

// pours gives a bucket limit another amount or burst: what time has refilled until now it has
// refilled at the old ones.
func (l *limit) pours(amount, burst, now int64) {
	for _, b := range l.buckets {
		b.refill(l, now)
	}
	l.untouched.refill(l, now)
	slow := l.shape
	slow.burst = max(l.mostBurst, burst)
	l.amount, l.burst = amount, burst
	l.mostBurst, l.leastAmount = slow.burst, min(l.leastAmount, amount)
	since := now - slow.fill(l.leastAmount) - 4*l.span
	if n := len(l.changed); n == 0 || l.changed[n-1] < now {
		l.changed = append(l.changed, now)
	}
	for len(l.changed) > 0 && l.changed[0] < since {
		l.changed = l.changed[1:]
	}
	if len(l.changed) > exactChanges {
		l.loose, l.changed = true, nil
	}
}

// recycleBuckets forgets those that are as if they had never been asked.
func (l *limit) recycleBuckets(now int64) {
	l.untouched.refill(l, now)
	for key, b := range l.buckets {
		if b.refill(l, now); b.tokens == l.untouched.tokens && b.out == 0 {
			delete(l.buckets, key)
		}
	}
}
