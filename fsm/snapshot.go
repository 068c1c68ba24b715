package fsm

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"

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
func (s *State) Snapshot(w io.Writer) error {
	buffered := bufio.NewWriter(w)
	enc := encoding.NewEncoder(buffered)
	if err := s.writeItems(enc); err != nil {
		return err
	}
	return buffered.Flush()
}

func (s *State) writeItems(enc *cbor.Encoder) error {
	if err := enc.Encode(header{
		Form: snapshotForm, Version: SnapshotVersion, T: s.t, Epoch: s.epoch, Index: s.index,
		Term: s.term, Entries: s.entries, Digest: s.digest, Last: s.last,
		Budgets: len(s.budgets), Graves: len(s.graves), Sessions: len(s.sessions),
		Origin: s.origin,

		Calendar: s.calendar.item(),
	}); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s.budgets)) {
		if err := writeBudget(enc, s.budgets[name]); err != nil {
			return err
		}
	}
	for _, g := range slices.SortedFunc(maps.Keys(s.graves), grave.compare) {
		if err := enc.Encode(graveItem{g.budget, g.metric, s.graves[g]}); err != nil {
			return err
		}
	}
	for ss := s.idle.oldest; ss != nil; ss = ss.newer {
		if err := enc.Encode(ss); err != nil {
			return err
		}
	}
	return nil
}

func writeBudget(enc *cbor.Encoder, p *policy) error {
	item := budgetItem{Budget: p.asPut(), Revision: p.revision, Lives: make([]lifeItem, len(p.lives))}
	for i, l := range p.lives {
		item.Lives[i] = lifeItem{Serial: l.serial, Window: l.window, EmptyUntil: l.emptyUntil,
			Forgotten: l.forgotten, Accounts: len(l.accounts), Was: l.was,
			Overrides: l.overrideItems()}
		for _, gen := range l.past {
			item.Lives[i].Past = append(item.Lives[i].Past, len(gen))
		}
	}
	if err := enc.Encode(item); err != nil {
		return err
	}
	for _, l := range p.lives {
		for _, accounts := range l.generations() {
			for _, key := range slices.Sorted(maps.Keys(accounts)) {
				if err := enc.Encode(accountItem{key, *accounts[key]}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Hash returns the hash of the whole state, 32 hex characters: of the bytes of its snapshot. It
// costs as much as a snapshot.
func (s *State) Hash() string {
	h := sha256.New()
	if err := s.Snapshot(h); err != nil {
		panic(broken("Encodable", s.index, s.term, err.Error()))
	}
	return hex.EncodeToString(h.Sum(nil)[:digestSize])
}

// hashBytes returns the Hash of the state whose snapshot these bytes are.
func hashBytes(snapshot []byte) string {
	sum := sha256.Sum256(snapshot)
	return hex.EncodeToString(sum[:digestSize])
}
