package fsm

import (
	"container/heap"
	"crypto/sha256"
	"fmt"

	"github.com/leased-io/leased/budget"
)

// StateHashEvery is how many entries lie between two hashes of the whole state in a trace.
const StateHashEvery = 4096

// Apply lets the entry at a raft index and term take effect (TLA+ action Commit) and returns one
// result per command. An entry that opens an epoch has none.
//
// It panics if an invariant is broken that only a broken log can break: indexes grow, terms do
// not shrink, and the entry is one that EncodeEntry accepts.
func (s *State) Apply(index, term uint64, e Entry) []Result {
	if err := e.check(); err != nil {
		panic(broken("WellFormed", index, term, err.Error()))
	}
	if index <= s.index || term < s.term {
		panic(broken("LogOrder", index, term,
			fmt.Sprintf("the last entry was index %d term %d", s.index, s.term)))
	}
	s.index, s.term, s.revised = index, term, s.revised[:0]
	effective := e.Open || e.Epoch == s.epoch && s.epoch != 0
	var results []Result
	switch {
	case e.Open:
		s.epoch = term
		s.emitEpoch()
	case !effective:
		results = s.refuseAll(e.Commands)
	default:
		s.advance(e.Stamp)
		results = make([]Result, len(e.Commands))
		for i, c := range e.Commands {
			results[i] = s.do(c)
		}
	}
	s.entries++
	s.chain(results)
	s.flush(e, effective)
	return results
}

// broken is the text of a panic over an invariant.
func broken(invariant string, index, term uint64, how string) string {
	return fmt.Sprintf("fsm: %s is broken at index %d term %d: %s", invariant, index, term, how)
}

// refuseAll answers the commands of an entry of another epoch (R3).
func (s *State) refuseAll(commands []Command) []Result {
	results := make([]Result, len(commands))
	for i, c := range commands {
		results[i] = Result{Code: CodeStaleEpoch}
		if p := c.problem(); p != "" {
			results[i] = Result{Code: CodeInvalid, Detail: p}
		}
	}
	return results
}

// advance moves cluster time on (R4) and does what falls due.
func (s *State) advance(stamp budget.Instant) {
	was := s.t
	s.t = max(s.t, stamp)
	s.passCalendar(was)
	for len(s.rolls) > 0 && s.rolls[0].end() <= s.t {
		l := s.rolls[0]
		s.accounts -= l.roll(s.t)
		s.endings++
		heap.Fix(&s.rolls, 0)
		s.emitRoll(l)
	}
	s.rollAligned()
	s.expire()
	if s.digAt <= s.t {
		s.dig()
	}
	s.lapse()
}

// do decides one command.
func (s *State) do(c Command) Result {
	if p := c.problem(); p != "" {
		return Result{Code: CodeInvalid, Detail: p}
	}
	switch {
	case c.OpenSession != nil:
		return s.openSession(c.OpenSession)
	case c.Acquire != nil:
		return s.acquire(c.Acquire)
	case c.Return != nil:
		return s.giveBack(c.Return)
	case c.PutBudget != nil:
		return s.putBudget(c.PutBudget)
	case c.TakeOver != nil:
		return s.takeOver(c.TakeOver)
	case c.SetLimit != nil:
		return s.setLimit(c.SetLimit)
	case c.Calendar != nil:
		return s.setCalendar(c.Calendar)
	default:
		return s.deleteBudget(c.DeleteBudget)
	}
}

// chain adds an entry's results to the running digest.
func (s *State) chain(results []Result) {
	link, err := s.appendLink(s.link[:0], results)
	if err != nil {
		panic(broken("Encodable", s.index, s.term, err.Error()))
	}
	s.link = link
	sum := sha256.Sum256(link)
	s.digest = [digestSize]byte(sum[:])
}
