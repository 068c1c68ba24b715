package budget

// Account is the replicated state of one limit for one key in one window.
type Account struct {
	// Used is what is charged to the window: granted and not taken back. 0..Peak.
	Used Credits `cbor:"1,keyasint"`
	// Peak is the largest bound in force while the window was granted from.
	Peak Credits `cbor:"2,keyasint"`
	// Askers counts the sessions that asked in this window; PrevAskers those of the last one.
	// They size grants and bind nothing.
	Askers     uint32 `cbor:"3,keyasint,omitempty"`
	PrevAskers uint32 `cbor:"4,keyasint,omitempty"`

	// Of a bucket: the credits in it at the instant At, and Parts of one more: see refill.
	// Tokens and Used together are at most its burst.
	Tokens Credits `cbor:"5,keyasint,omitempty"`
	Parts  uint64  `cbor:"6,keyasint,omitempty"`
	At     Instant `cbor:"7,keyasint,omitempty"`

	// Out is what is leased of slots, by when the leases end, the earliest first, as of the instant
	// At. Used is its sum. A copy of the account shares it, and is good until the next change.
	Out []Out `cbor:"8,keyasint,omitempty"`

	// Tenants are those of an account that is shared. A copy of the account shares them, likewise.
	Tenants *Tenants `cbor:"11,keyasint,omitempty"`
}

// Left returns what l may still grant from a. Before is what is charged to earlier windows and
// still counts, of a sliding limit. A bucket, or slots, have been advanced to the present. A limit
// that was lowered below what is used leaves nothing, not a debt.
func (a *Account) Left(l Limit, before Credits) Credits {
	if l.Kind == KindBucket {
		return max(0, min(a.Tokens, l.Burst-a.Used))
	}
	return max(0, l.Amount-before-a.Used)
}

// Charge takes n credits under l and reports whether it did. It does nothing when n is not in
// 1..Left.
func (a *Account) Charge(l Limit, before, n Credits) bool {
	if n < 1 || n > a.Left(l, before) {
		return false
	}
	switch l.Kind {
	case KindBucket:
		a.Tokens -= n
	case KindSlots:
		a.lend(l.Until(a.At), n)
	}
	a.Used += n
	a.Peak = max(a.Peak, l.Bound())
	return true
}

// Return puts n charged credits back and reports whether it did (R8: the caller has checked
// lease, window and that it is the lease's only return). It does nothing when n is not in
// 1..Used. Slots are returned by Free.
func (a *Account) Return(l Limit, n Credits) bool {
	if n < 1 || n > a.Used {
		return false
	}
	if l.Kind == KindBucket {
		a.Tokens += n
	}
	a.Used -= n
	return true
}

// Share says how much of left to grant to an ask of need..want: what is wanted, but at most
// a holder's half share of what is left, and never less than what is needed. Grants shrink
// toward exhaustion, so little is stranded and late holders get theirs. It is efficiency
// only: the bound holds for any result in need..left.
//
// It returns 0 when left < need. Want below need counts as need; need below 1 as 1.
func (a Account) Share(need, want, left Credits) Credits {
	need = max(1, need)
	if left < need {
		return 0
	}
	holders := Credits(max(1, a.Askers, a.PrevAskers))
	share := (left + 2*holders - 1) / (2 * holders)
	return max(need, min(want, share))
}
