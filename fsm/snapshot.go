package fsm

import (
	"io"
	"slices"

	"github.com/leased-io/leased/budget"
)

// A snapshot is a sequence of CBOR items: one header; per budget, by name, one budgetItem and
// then the accountItems of its limits, by key; the graves, by name; the sessions, from the least
// to the most recently touched. The header and the budgets say how many follow, and nothing
// does after the last. Equal states have equal snapshots.

// snapshotForm and SnapshotVersion open every snapshot.
const snapshotForm = "leased state"

// SnapshotVersion is the version of the form. Restore refuses any other.
const SnapshotVersion = 1

type header struct {
	Form     string           `cbor:"1,keyasint"`
	Version  int              `cbor:"2,keyasint"`
	T        budget.Instant   `cbor:"3,keyasint"`
	Epoch    uint64           `cbor:"4,keyasint"`
	Index    uint64           `cbor:"5,keyasint"`
	Term     uint64           `cbor:"6,keyasint"`
	Entries  uint64           `cbor:"7,keyasint"`
	Digest   [digestSize]byte `cbor:"8,keyasint"`
	Last     Counters         `cbor:"9,keyasint"`
	Budgets  int              `cbor:"10,keyasint"`
	Graves   int              `cbor:"11,keyasint"`
	Sessions int              `cbor:"12,keyasint"`
	// Origin is left out of a cluster that took no other's place: its snapshots are the same as
	// before there was one, so that those can still be read.
	Origin *origin `cbor:"13,keyasint,omitempty"`
	// Calendar is likewise left out where no limit ever needed one.
	Calendar *calendarItem `cbor:"20,keyasint,omitempty"`
}

type budgetItem struct {
	Budget   budget.Budget `cbor:"1,keyasint"` // as it was put
	Revision uint64        `cbor:"2,keyasint"`
	Lives    []lifeItem    `cbor:"3,keyasint"` // of Budget.Limits
}

type lifeItem struct {
	Serial     uint64         `cbor:"1,keyasint"`
	Window     budget.Window  `cbor:"2,keyasint"`
	EmptyUntil budget.Instant `cbor:"3,keyasint,omitempty"`
	Forgotten  budget.Credits `cbor:"4,keyasint,omitempty"`
	// Accounts and Past are how many accountItems follow for the window and those before it.
	Accounts int           `cbor:"5,keyasint,omitempty"`
	Past     []int         `cbor:"6,keyasint,omitempty"`
	Was      []budget.Pace `cbor:"7,keyasint,omitempty"`
	// Overrides are by key.
	Overrides []overrideItem `cbor:"10,keyasint,omitempty"`
}

type accountItem struct {
	Key     string         `cbor:"1,keyasint,omitempty"`
	Account budget.Account `cbor:"2,keyasint"`
}

type graveItem struct {
	Budget string         `cbor:"1,keyasint"`
	Metric string         `cbor:"2,keyasint"`
	Until  budget.Instant `cbor:"3,keyasint"`
}

// Snapshot writes the state. It returns the errors of w only, and changes nothing.
func (s *State) Snapshot(w io.Writer) error { return s.image(false).Write(w) }

// Freeze returns the state as it is now, for any goroutine to write while later entries are
// applied. It takes time in proportion to the budgets, limits and graves that there are, and
// copies 1.5 bytes for an account. Afterwards the first change of an account copies its page, of 2
// KB, and the first one of a session the session.
func (s *State) Freeze() *Image { return s.image(true) }

// image is Freeze, or else what is good until the next entry and costs later ones nothing.
func (s *State) image(frozen bool) *Image {
	m := &Image{head: header{
		Form: snapshotForm, Version: SnapshotVersion, T: s.t, Epoch: s.epoch, Index: s.index,
		Term: s.term, Entries: s.entries, Digest: s.digest, Last: s.last,
		Budgets: len(s.budgets), Graves: len(s.graves), Sessions: len(s.sessions),
		Origin: s.origin,

		Calendar: s.calendar.item(),
	}}
	m.budgets = make([]budgetImage, 0, len(s.budgets))
	for _, p := range s.budgets { // in any order: Write sorts
		m.budgets = append(m.budgets, p.image(frozen))
	}
	m.graves = make([]graveItem, 0, len(s.graves))
	for g, until := range s.graves { // likewise
		m.graves = append(m.graves, graveItem{g.budget, g.metric, until})
	}
	m.sessions = s.idle.all.image(frozen)
	return m
}

func (p *policy) image(frozen bool) budgetImage {
	b := budgetImage{budget: p.Budget, revision: p.revision, lives: make([]lifeImage, len(p.lives))}
	for i, l := range p.lives {
		l.lent = l.lent || frozen
		b.lives[i] = lifeImage{limit: l.Limit, overrides: l.overrides,
			item: lifeItem{Serial: l.serial, Window: l.window, EmptyUntil: l.emptyUntil,
				Forgotten: l.forgotten, Accounts: l.accounts.len(), Was: slices.Clone(l.was)}}
		life := &b.lives[i]
		life.add(l.accounts, frozen)
		for _, gen := range l.past {
			life.item.Past = append(life.item.Past, gen.len())
			life.add(gen, frozen)
		}
	}
	return b
}

// Hash returns the hash of the whole state, 32 hex characters: of the bytes of its snapshot. It
// costs as much as a snapshot.
func (s *State) Hash() string { return s.image(false).Hash() }
