package fsm

import (
	"iter"
	"slices"

	"github.com/leased-io/leased/budget"
)

// table is the accounts of one window of a limit, by key. A nil one is empty, and cannot be put to.
type table struct {
	places map[string]int32 // in rows; MaxAccounts fits
	rows   vector[row]
	// last is a guess at where the next account that is asked for is: where one was written to last,
	// unless expect knows better. A key has one row at most, so a row with the key is the right one,
	// and one without is no guess worth: nothing goes by last before it is compared. Readers, of which
	// there may be several at a time, leave it as it is.
	last int32
}

type row struct {
	key string
	budget.Account
}

func (t *table) len() int {
	if t == nil {
		return 0
	}
	return t.rows.n
}

// expect guesses that the next account to be asked for is at a place, where it was once.
func (t *table) expect(place int32) {
	if t != nil {
		t.last = place
	}
}

// place returns where key's account is.
func (t *table) place(key string) (i int32, ok bool) {
	if i = t.last; int(i) < t.rows.n && t.rows.get(int(i)).key == key {
		return i, true
	}
	i, ok = t.places[key]
	return i, ok
}

// get returns key's account, to be read, or nil.
func (t *table) get(key string) *budget.Account {
	if t == nil {
		return nil
	}
	i, ok := t.place(key)
	if !ok {
		return nil
	}
	return &t.rows.get(int(i)).Account
}

// own returns key's account, to be written to, or nil. A snapshot that is being written goes on
// reading what it was: its slots and its tenants are copied, too, before they change.
func (t *table) own(key string) *budget.Account {
	if t == nil {
		return nil
	}
	i, ok := t.place(key)
	if !ok {
		return nil
	}
	t.last = i
	r, first := t.rows.own(int(i))
	if first {
		r.Out = slices.Clone(r.Out)
		r.Tenants = r.Tenants.Clone()
	}
	return &r.Account
}

// put files the account of a key that has none. What the account points to is the table's from now
// on.
func (t *table) put(key string, a budget.Account) *budget.Account {
	if t.places == nil {
		t.places = map[string]int32{}
	}
	t.last = int32(t.rows.n)
	t.places[key] = t.last
	return &t.rows.push(row{key, a}).Account
}

// remove forgets key's account. Without any, the table takes no memory.
func (t *table) remove(key string) {
	i, ok := t.places[key]
	if !ok {
		return
	}
	delete(t.places, key)
	if moved := t.rows.remove(int(i)); moved != nil {
		t.places[moved.key] = i
	}
	if t.rows.n == 0 {
		t.places = nil
	}
}

// index files the accounts that rows has, or returns a key that is there twice.
func (t *table) index() (key string, twice bool) {
	t.places = make(map[string]int32, t.rows.n)
	for i := range t.rows.n {
		t.places[t.rows.get(i).key] = int32(i)
		if len(t.places) == i {
			return t.rows.get(i).key, true
		}
	}
	return "", false
}

// all ranges over the accounts, to be read, in the order in which they came.
func (t *table) all() iter.Seq2[string, *budget.Account] {
	return func(yield func(string, *budget.Account) bool) {
		for i := range t.len() {
			if r := t.rows.get(i); !yield(r.key, &r.Account) {
				return
			}
		}
	}
}
