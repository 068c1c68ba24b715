package fsm

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/leased-io/leased/budget"
)

// Image is the state as it was between two entries. It never changes, whatever becomes of the
// state.
type Image struct {
	head     header
	budgets  []budgetImage // in any order, like the graves and sessions
	graves   []graveItem
	sessions vector[*session]
}

type budgetImage struct {
	budget   budget.Budget // in force
	revision uint64
	lives    []lifeImage
}

type lifeImage struct {
	item      lifeItem // without the overrides
	limit     budget.Limit
	overrides map[string]*override
	tables    []vector[row] // of the window, and of those before it
}

func (l *lifeImage) add(t *table, frozen bool) {
	if t.len() > 0 {
		l.tables = append(l.tables, t.rows.image(frozen))
	}
}

// Index returns the raft index of the last entry before the image was taken.
func (m *Image) Index() uint64 { return m.head.Index }

// Write writes the snapshot. It returns the errors of w only.
func (m *Image) Write(w io.Writer) error {
	out := &itemWriter{w: bufio.NewWriterSize(w, imageBuffer)}
	out.enc = encoding.NewEncoder(out.w)
	if err := m.writeItems(out); err != nil {
		return err
	}
	return out.w.Flush()
}

// imageBuffer is how much is written at once, in bytes.
const imageBuffer = 64 << 10

// itemWriter writes the items of a snapshot one by one.
type itemWriter struct {
	w    *bufio.Writer
	enc  *cbor.Encoder
	item []byte // is written over by the next one
}

func (m *Image) writeItems(out *itemWriter) error {
	if err := out.enc.Encode(m.head); err != nil {
		return err
	}
	budgets := slices.SortedFunc(slices.Values(m.budgets), func(a, b budgetImage) int {
		return cmp.Compare(a.budget.Name, b.budget.Name)
	})
	for i := range budgets {
		if err := budgets[i].write(out); err != nil {
			return err
		}
	}
	for _, g := range slices.SortedFunc(slices.Values(m.graves), graveItem.compare) {
		if err := out.enc.Encode(g); err != nil {
			return err
		}
	}
	sessions := slices.SortedFunc(m.sessions.all(), func(a, b *session) int {
		return cmp.Compare(a.turn, b.turn)
	})
	for _, ss := range sessions {
		if err := out.session(ss); err != nil {
			return err
		}
	}
	return nil
}

func (b *budgetImage) write(out *itemWriter) error {
	item := budgetItem{Budget: b.budget, Revision: b.revision, Lives: make([]lifeItem, len(b.lives))}
	item.Budget.Limits = make([]budget.Limit, len(b.lives))
	for i, l := range b.lives {
		item.Lives[i] = l.item
		item.Lives[i].Overrides = overrideItems(l.overrides)
		item.Budget.Limits[i] = asPut(l.limit, l.overrides)
	}
	if err := out.enc.Encode(item); err != nil {
		return err
	}
	for _, l := range b.lives {
		for i := range l.tables {
			if err := out.accounts(&l.tables[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// accounts writes those of one window, by key.
func (out *itemWriter) accounts(rows *vector[row]) error {
	sorted := make([]*row, rows.n)
	for i := range sorted {
		sorted[i] = rows.get(i)
	}
	slices.SortFunc(sorted, func(a, b *row) int { return cmp.Compare(a.key, b.key) })
	for _, r := range sorted {
		if err := out.account(r); err != nil {
			return err
		}
	}
	return nil
}

// Hash returns the hash of the state, 32 hex characters: of the bytes of the snapshot.
func (m *Image) Hash() string {
	h := sha256.New()
	if err := m.Write(h); err != nil {
		panic(broken("Encodable", m.head.Index, m.head.Term, err.Error()))
	}
	return hex.EncodeToString(h.Sum(nil)[:digestSize])
}

// compare orders graves by budget and metric.
func (g graveItem) compare(h graveItem) int {
	return cmp.Or(cmp.Compare(g.Budget, h.Budget), cmp.Compare(g.Metric, h.Metric))
}
