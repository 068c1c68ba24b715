package fsm

import (
	"container/heap"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/leased-io/leased/trace"
)

// ErrSnapshot is returned when what is restored is no snapshot of this version's making.
var ErrSnapshot = errors.New("fsm: not a snapshot")

// Restore reads a snapshot to its end and returns its state, which reports to sink from then on.
// It returns an error that matches ErrSnapshot unless the bytes are exactly those that the
// restored state's own Snapshot writes, and that state holds every invariant; errors of r
// are among the causes.
func Restore(r io.Reader, sink trace.Sink) (*State, error) {
	s, _, err := restore(r, sink)
	return s, err
}

// restore is Restore, and returns the Hash of the state, too.
func restore(r io.Reader, sink trace.Sink) (s *State, hash string, err error) {
	read := sha256.New()
	s = New(sink)
	if err := s.readItems(&itemReader{r: io.TeeReader(r, read)}); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if err := Check(s); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	hash = s.Hash()
	if got := hex.EncodeToString(read.Sum(nil)[:digestSize]); got != hash {
		return nil, "", fmt.Errorf("%w: it hashes to %s, and what it holds to %s",
			ErrSnapshot, got, hash)
	}
	return s, hash, nil
}

func (s *State) readItems(in *itemReader) error {
	var h header
	if err := in.decode(&h); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if h.Form != snapshotForm || h.Version != SnapshotVersion {
		return fmt.Errorf("header: form %.40q version %d, must be %q version %d",
			h.Form, h.Version, snapshotForm, SnapshotVersion)
	}
	s.t, s.epoch, s.index, s.term = h.T, h.Epoch, h.Index, h.Term
	s.entries, s.digest, s.last, s.origin = h.Entries, h.Digest, h.Last, h.Origin
	if err := s.readCalendar(h.Calendar); err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	for i := range h.Budgets {
		if err := s.readBudget(in); err != nil {
			return fmt.Errorf("budget %d of %d: %w", i, h.Budgets, err)
		}
	}
	if err := s.linkAll(); err != nil {
		return err
	}
	for i := range h.Graves {
		var g graveItem
		if err := in.decode(&g); err != nil {
			return fmt.Errorf("grave %d of %d: %w", i, h.Graves, err)
		}
		s.graves[grave{g.Budget, g.Metric}] = g.Until
		s.digAt = min(s.digAt, g.Until)
	}
	for i := range h.Sessions {
		ss := &session{}
		if err := in.decode(ss); err != nil {
			return fmt.Errorf("session %d of %d: %w", i, h.Sessions, err)
		}
		s.sessions[ss.ID] = ss
		s.idle.push(ss)
	}
	s.overdue = s.idle.oldest != nil && s.idle.oldest.expires() <= s.t
	switch err := in.decode(new(any)); {
	case err == nil:
		return errors.New("there is more after the last item")
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("there is more after the last item: %w", err)
	}
	return nil
}

func (s *State) readBudget(in *itemReader) error {
	var item budgetItem
	if err := in.decode(&item); err != nil {
		return err
	}
	if err := item.Budget.Validate(); err != nil {
		return err // before its periods divide anything
	}
	if len(item.Lives) != len(item.Budget.Limits) {
		return fmt.Errorf("%d lives of %d limits", len(item.Lives), len(item.Budget.Limits))
	}
	p := &policy{Budget: item.Budget, revision: item.Revision, template: item.Budget.KeyTemplate()}
	s.budgets[p.Name] = p
	for i, life := range item.Lives {
		l := &limit{Limit: p.Limits[i], budget: p.Name, serial: life.Serial, window: life.Window,
			emptyUntil: life.EmptyUntil, forgotten: life.Forgotten, was: life.Was}
		if err := s.readOverrides(l, life.Overrides); err != nil {
			return err
		}
		p.Limits[i] = l.Limit
		var err error
		if l.accounts, err = readAccounts(in, life.Accounts); err != nil {
			return err
		}
		for _, n := range life.Past {
			gen, err := readAccounts(in, n)
			if err != nil {
				return err
			}
			l.past = append(l.past, gen)
		}
		p.lives = append(p.lives, l)
		s.limits[l.serial] = l
		s.accounts += l.counted()
		if err := s.realign(l); err != nil {
			return err
		}
		heap.Push(s.heap(l), l)
	}
	p.share()
	return nil
}

func readAccounts(in *itemReader, n int) (*table, error) {
	if n == 0 {
		return nil, nil
	}
	accounts := &table{}
	for i := range n {
		r, err := in.account()
		if err != nil {
			return nil, fmt.Errorf("account %d of %d: %w", i, n, err)
		}
		accounts.rows.push(r)
	}
	if key, twice := accounts.index(); twice {
		return nil, fmt.Errorf("there are two accounts of key %.40q", key)
	}
	return accounts, nil
}
