package linear

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
)

const (
	// touchedEvery is how exactly it is known when a session was touched: a minute. So the order of
	// calls leaves fewer traces in the states that they lead to.
	touchedEvery = 60_000_000_000
	// sessionIdle is how long a session lives without commands, in cluster time.
	sessionIdle = 600_000_000_000
	// maxHeld bounds the leases that a session may still return: the oldest makes room.
	maxHeld = 64
)

// state is the coordinator as far as one budget goes. It is never changed once it was returned
// by a step.
type state struct {
	// t is the earliest that cluster time can be. It names the window that every limit is in.
	t int64
	// late: it is after everything that any answer dates, in windows that are not told apart.
	late bool

	lastSession, lastLease uint64
	// revision is the budget's, 0 where it is not known: above lastRevision.
	revision, lastRevision uint64

	// heir: this coordinator took the place of another, at restored, which may be 0.
	heir     bool
	restored int64

	exists, keyed bool
	lastLife      int
	lives         []life  // of the limits, in canonical order
	graves        []grave // by metric
	sessions      []session
	// pending are the calls that were not answered and may still have effect, by class.
	pending []*command

	id    string // all of the above, in bytes
	shape string // the part of it without accounts and pending calls
	core  string // the part of it that does not pass with time
	hash  uint64
}

// life is one life of a limit.
type life struct {
	Limit
	serial     int
	emptyUntil int64 // grants nothing in windows that begin before
	accounts   []account
}

// account is what is charged to the current window for one key: from lo to hi, since nobody
// knows what a grant that was not told came to.
type account struct {
	key    string
	lo, hi int64
}

// grave is the end of the leases of removed limits of one metric.
type grave struct {
	metric string
	until  int64
}

type session struct {
	id      uint64
	key     string
	seq     uint64
	touched int64   // the earliest it can have been, or a little before
	decided *Output // of seq, nil if nobody was ever told it
	said    string  // decided in words
	opens   int64   // when the limit of its denial opens
	held    []held
}

type held struct {
	lease          uint64
	life           int
	window, amount int64
}

func (l *life) window(t int64) int64 { return t / l.Per }
func (l *life) end(w int64) int64    { return (w + 1) * l.Per }
func (l *life) empty(t int64) bool   { return l.window(t)*l.Per < l.emptyUntil }

// opens is when the limit's account is fresh the next time.
func (l *life) opens(t int64) int64 {
	if l.empty(t) {
		return l.end((l.emptyUntil - 1) / l.Per)
	}
	return l.end(l.window(t))
}

// account returns key's account, which it creates if there is none.
func (l *life) account(key string) *account {
	for i := range l.accounts {
		if l.accounts[i].key == key {
			return &l.accounts[i]
		}
	}
	l.accounts = append(l.accounts, account{key: key})
	return &l.accounts[len(l.accounts)-1]
}

// is narrows the account to one that n is charged to, and reports whether it can be.
func (a *account) is(n int64) bool {
	if n < a.lo || n > a.hi {
		return false
	}
	a.lo, a.hi = n, n
	return true
}

// leaves narrows the account to one of which n of amount are left, and reports whether it can be.
func (a *account) leaves(n, amount int64) bool {
	if n > 0 {
		return a.is(amount - n)
	}
	a.lo = max(a.lo, amount)
	return n == 0 && a.lo <= a.hi
}

func (s *state) session(id uint64) *session {
	for i := range s.sessions {
		if s.sessions[i].id == id {
			return &s.sessions[i]
		}
	}
	return nil
}

func (s *state) forget(id uint64) {
	s.sessions = slices.DeleteFunc(s.sessions, func(ss session) bool { return ss.id == id })
}

func (s *state) life(serial int) *life {
	for i := range s.lives {
		if s.lives[i].serial == serial {
			return &s.lives[i]
		}
	}
	return nil
}

// fits reports whether the session's key is one of the budget.
func (s *state) fits(ss *session) bool { return !s.exists || s.keyed == (ss.key != "") }

// learn reports whether the budget's revision can be the one that was told, which it then is.
func (s *state) learn(told uint64) bool {
	if s.revision == 0 && told > s.lastRevision {
		s.revision, s.lastRevision = told, told
	}
	return s.revision == told
}

// clone returns a copy that may be changed.
func (s *state) clone() *state {
	c := *s
	c.pending = slices.Clone(s.pending)
	c.lives = slices.Clone(s.lives)
	for i := range c.lives {
		c.lives[i].accounts = slices.Clone(c.lives[i].accounts)
	}
	c.graves = slices.Clone(s.graves)
	c.sessions = slices.Clone(s.sessions)
	for i := range c.sessions {
		c.sessions[i].held = slices.Clone(c.sessions[i].held)
	}
	return &c
}

// at returns a copy in which cluster time is t, or nil if it was later already.
func (s *state) at(t int64) *state {
	if t < s.t {
		return nil
	}
	c := s.clone()
	for i := range c.lives {
		l := &c.lives[i]
		if s.late || l.window(t) != l.window(s.t) {
			l.accounts = nil
		}
	}
	c.t = t
	c.graves = slices.DeleteFunc(c.graves, func(g grave) bool { return g.until <= t })
	return c
}

// from lists the states that s can have become by the time of c, as far as they differ: at once,
// at each start of a window, and late.
func (s *state) from(c *command) []*state {
	if s.late {
		return []*state{s.clone()}
	}
	if c.dated > 0 {
		return s.later(nil, max(s.t, c.dated), c)
	}
	var starts []int64
	for i := range s.lives {
		l := &s.lives[i]
		for start := l.end(l.window(s.t)); start <= min(c.until, c.horizon); start += l.Per {
			starts = append(starts, start)
		}
	}
	for _, g := range s.graves {
		if g.until > s.t {
			starts = append(starts, g.until)
		}
	}
	slices.Sort(starts)
	all := []*state{s.clone()}
	for _, start := range slices.Compact(starts) {
		all = s.later(all, start, c)
	}
	return s.later(all, max(s.t, c.horizon)+1, c)
}

// later adds what s becomes at t to all, if it can have been so late at c.
func (s *state) later(all []*state, t int64, c *command) []*state {
	if t > c.until {
		return all
	}
	n := s.at(t)
	n.late = s.late || t > c.horizon
	return append(all, n)
}

// seal ends the changing of a state.
func (s *state) seal() *state {
	s.pending = slices.DeleteFunc(s.pending, s.over)
	e := encoder{}
	e.add(int64(s.lastSession), int64(s.lastLease), int64(s.revision), int64(s.lastRevision))
	e.flag(s.late, s.exists, s.keyed, s.heir)
	e.add(int64(s.lastLife), int64(len(s.lives)), int64(len(s.sessions)), s.restored)
	for i := range s.lives {
		l := &s.lives[i]
		if !l.empty(s.t) {
			l.emptyUntil = 0
		}
		e.text(l.Metric, l.Kind)
		e.add(l.Amount, l.Per, int64(l.serial), l.emptyUntil)
	}
	for i := range s.sessions {
		ss := &s.sessions[i]
		ss.touched -= ss.touched % touchedEvery
		e.add(int64(ss.id), int64(ss.seq), ss.touched, ss.opens)
		e.text(ss.key, ss.said)
	}
	core := len(e.b)
	e.add(int64(len(s.graves)))
	for i := range s.lives {
		e.add(s.lives[i].window(s.t))
	}
	for _, g := range s.graves {
		e.text(g.metric)
		e.add(g.until)
	}
	for i := range s.sessions {
		ss := &s.sessions[i]
		ss.held = slices.DeleteFunc(ss.held, func(h held) bool { return !s.returnable(h) })
		e.add(int64(len(ss.held)))
		for _, h := range ss.held {
			e.add(int64(h.lease), int64(h.life), h.window, h.amount)
		}
	}
	shape := len(e.b)
	e.add(s.t, int64(len(s.pending)))
	for _, c := range s.pending {
		e.add(int64(c.class))
	}
	for i := range s.lives {
		l := &s.lives[i]
		l.accounts = slices.DeleteFunc(l.accounts, func(a account) bool { return a.hi == 0 })
		slices.SortFunc(l.accounts, func(a, b account) int { return cmp.Compare(a.key, b.key) })
		e.add(int64(len(l.accounts)))
		for _, a := range l.accounts {
			e.text(a.key)
			e.add(a.lo, a.hi)
		}
	}
	s.id = string(e.b)
	s.core, s.shape = s.id[:core], s.id[:shape]
	h := fnv.New64a()
	h.Write(e.b)
	s.hash = h.Sum64()
	return s
}

// covers reports whether all that can come of o can come of s: once it is as late as o, they
// differ in nothing but that s knows less of its accounts, and that more may happen in it yet.
func (s *state) covers(o *state) bool {
	if s.t > o.t || s.late != o.late {
		return false
	}
	if s.shape != o.shape {
		if s.t == o.t {
			return false
		}
		if s = s.at(o.t).seal(); s.shape != o.shape {
			return false
		}
	}
	if !s.awaits(o.pending) {
		return false
	}
	for i := range s.lives {
		mine, others := s.lives[i].accounts, o.lives[i].accounts
		for _, a := range mine {
			b := charged(others, a.key)
			if a.lo > b.lo || a.hi < b.hi {
				return false
			}
		}
		for _, b := range others {
			if charged(mine, b.key).hi < b.hi {
				return false
			}
		}
	}
	return true
}

// awaits reports whether all of those calls are pending in s, which are in the order of classes.
func (s *state) awaits(calls []*command) bool {
	rest := s.pending
	for _, c := range calls {
		i := slices.IndexFunc(rest, func(p *command) bool { return p.class == c.class })
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return true
}

// charged returns key's account among those with charges.
func charged(accounts []account, key string) account {
	for _, a := range accounts {
		if a.key == key {
			return a
		}
	}
	return account{key: key}
}

type encoder struct{ b []byte }

func (e *encoder) add(ns ...int64) {
	for _, n := range ns {
		e.b = binary.AppendVarint(e.b, n)
	}
}

func (e *encoder) flag(fs ...bool) {
	for _, f := range fs {
		if f {
			e.b = append(e.b, 1)
		} else {
			e.b = append(e.b, 0)
		}
	}
}

func (e *encoder) text(ss ...string) {
	for _, s := range ss {
		e.add(int64(len(s)))
		e.b = append(e.b, s...)
	}
}
