package sim

import (
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// maxLoot bounds the leases that a stranger remembers: more than a session may return.
const maxLoot = 2 * fsm.MaxSessionLeases

// stranger is a client that keeps no rule: it repeats requests with other contents, falls back
// behind its own, and returns what it never had, has no more, or another one has. It admits
// nothing, so it can only take credits from the fleet; but what it is told must be sound.
type stranger struct {
	w *world
	c *cluster

	there, back way

	session  lease.SessionID
	revision uint64
	limits   int
	last     lease.Request
	loot     []lease.Grant // what it was granted, oldest first
	seen     lease.ID      // the largest number that it knows of
}

// act does one thing.
func (s *stranger) act() {
	s.w.count(Strange)
	if s.session == 0 {
		s.open()
		return
	}
	switch s.w.rng.IntN(12) {
	case 0: // as it was
	case 1: // the same number, and another request
		s.last.Asks, s.last.Returns = s.asks(), s.returns()
	case 2: // a request of before
		old := s.last
		old.Seq = max(1, old.Seq-1)
		s.call(fsm.Command{Acquire: &old})
		return
	case 3, 4:
		back := &fsm.Return{Session: s.session, Returns: s.returns()}
		back.Close = s.w.rng.IntN(16) == 0
		s.call(fsm.Command{Return: back})
		return
	default:
		s.last = lease.Request{
			Session: s.session, Seq: s.last.Seq + 1, Revision: s.revision, Asks: s.asks(),
		}
		if s.w.rng.IntN(3) == 0 {
			s.last.Returns = s.returns()
		}
	}
	req := s.last
	s.call(fsm.Command{Acquire: &req})
}

func (s *stranger) open() {
	key := ""
	if s.w.o.Keys > 0 {
		key = "k0"
	}
	if s.w.rng.IntN(4) == 0 { // a key where there is none, and the reverse
		key = []string{"k0", ""}[min(1, len(key))]
	}
	s.call(fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b", Key: key}})
}

// asks draws asks, mostly small ones.
func (s *stranger) asks() []lease.Ask {
	var asks []lease.Ask
	for i := range s.limits {
		if s.w.rng.IntN(4) == 0 {
			continue
		}
		need := budget.Credits(s.w.rng.IntN(3))
		if s.w.rng.IntN(8) == 0 {
			need = budget.Credits(s.w.rng.Int64N(int64(s.w.o.Limits[0].Amount) + 2))
		}
		a := lease.Ask{Limit: i, Need: need, Want: max(1, need)}
		if s.w.o.slots() && len(s.loot) > 0 && s.w.rng.IntN(2) == 0 { // also where there are no slots
			g := s.loot[s.w.rng.IntN(len(s.loot))]
			a.Lease, a.Keep = g.Lease, max(1, g.Amount+budget.Credits(s.w.rng.IntN(3)-1))
			if s.w.rng.IntN(8) == 0 {
				a.Lease = 1 + lease.ID(s.w.rng.Uint64N(uint64(s.seen)+1))
			}
		}
		asks = append(asks, a)
	}
	return asks
}

// returns draws returns: of what it was granted, of what others were, true and false ones.
func (s *stranger) returns() []lease.Return {
	var returns []lease.Return
	for range 1 + s.w.rng.IntN(2) {
		r := lease.Return{Amount: budget.Credits(1 + s.w.rng.IntN(3))}
		if len(s.loot) > 0 {
			g := s.loot[s.w.rng.IntN(len(s.loot))]
			r.Lease, r.Window = g.Lease, g.Window
			if s.w.rng.IntN(2) == 0 {
				r.Amount = g.Amount
			}
		}
		switch s.w.rng.IntN(10) {
		case 0:
			r.Lease = 1 + lease.ID(s.w.rng.Uint64N(uint64(s.seen)+1))
		case 1:
			r.Lease = s.seen + lease.ID(s.w.rng.IntN(3))
		case 2:
			r.Window++
		case 3:
			r.Window = max(0, r.Window-1)
		case 4:
			r.Amount = budget.Credits(-s.w.rng.IntN(3))
		case 5:
			r.Amount++
		}
		r.Lease = max(1, r.Lease)
		if !slices.ContainsFunc(returns, func(o lease.Return) bool { return o.Lease == r.Lease }) {
			returns = append(returns, r)
		}
	}
	return returns
}

// call sends a command.
func (s *stranger) call(cmd fsm.Command) {
	l := s.w.letters.one()
	l.from, l.c, l.cmd = s, s.c, cmd
	s.w.send(l)
}

func (s *stranger) told(y *reply) { s.learn(y.to.cmd, y.result) }

func (s *stranger) ways() (there, back *way) { return &s.there, &s.back }

// learn draws its conclusions from a result.
func (s *stranger) learn(cmd fsm.Command, r *fsm.Result) {
	switch {
	case r.Code == fsm.CodeUnknownSession:
		s.session, s.loot = 0, nil
	case cmd.OpenSession != nil && r.Code == fsm.CodeDone:
		s.session, s.revision, s.limits = r.Session, r.Revision, len(r.Limits)
		s.last, s.loot = lease.Request{Session: r.Session, Seq: 1, Revision: r.Revision}, nil
	case r.Code == fsm.CodeChanged:
		s.revision, s.limits = r.Revision, len(r.Limits)
	}
	for _, g := range r.Grants {
		s.seen = max(s.seen, g.Lease)
		if len(s.loot) >= maxLoot {
			s.loot = s.loot[1:]
		}
		s.loot = append(s.loot, g)
	}
}
