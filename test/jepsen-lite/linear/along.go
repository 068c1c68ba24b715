package linear

import (
	"cmp"
	"context"
	"time"
)

// Follow says whether h, of one budget, is linearizable: along the order of the log if that
// explains it, and otherwise in any order that is found within bound, which is of real time. The
// ticks of h are instants of the traces' clock.
func (m *Marks) Follow(h History, bound time.Duration) Verdict {
	along := Verdict{Result: Unknown, Unjudged: len(h),
		Why: "the log is not in the order of the calls' real time"}
	if short, ok := m.witness(h); ok {
		if along = follow(short, maxTracksAlong, timeUp(bound), nil); along.Result == Valid {
			return along
		}
	}
	m.settle(h)
	v := follow(ordered(nil, h), maxTracks, timeUp(bound), confirm)
	if v.Result == Unknown && along.Result == Unknown && along.Unjudged < v.Unjudged {
		return along
	}
	v.Why += "; in the order of the log: " + along.Why
	return v
}

// timeUp returns a channel that is closed when a time is over.
func timeUp(bound time.Duration) <-chan struct{} {
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	context.AfterFunc(ctx, cancel)
	return ctx.Done()
}

// Account is what operations charge: a budget, and a key if it has keys.
type Account struct{ Budget, Key string }

// Compare puts accounts into an order.
func (a Account) Compare(b Account) int {
	return cmp.Or(cmp.Compare(a.Budget, b.Budget), cmp.Compare(a.Key, b.Key))
}

// ByAccount parts a history by the accounts that its operations are of: with the same changes of
// its budget in all parts of it, they have nothing in common but the numbers of sessions, leases
// and revisions. A budget that was only changed is in one part, with no key.
func ByAccount(h History) map[Account]History {
	opened := map[uint64]Account{} // by session
	for _, op := range h {
		if op.Input.Kind == OpenSession && op.Output != nil && op.Output.Session > 0 {
			opened[op.Output.Session] = Account{op.Input.Budget, op.Input.Key}
		}
	}
	parts := map[Account]History{}
	changes := map[string]History{} // by budget
	var rests History               // of all
	for _, op := range h {
		account := Account{op.Input.Budget, op.Input.Key}
		switch op.Input.Kind {
		case Rest, TakeOver:
			rests = append(rests, op)
			continue
		case PutBudget, DeleteBudget:
			changes[op.Input.Budget] = append(changes[op.Input.Budget], op)
			continue
		case Acquire, GiveBack: // of a session that nobody was told of: with "", as nobody can tell
			account = opened[op.Input.Session]
		}
		parts[account] = append(parts[account], op)
	}
	used := map[string]bool{}
	for account := range parts {
		parts[account] = append(parts[account], changes[account.Budget]...)
		used[account.Budget] = true
	}
	for budget, all := range changes {
		if !used[budget] {
			parts[Account{Budget: budget}] = all
		}
	}
	for account := range parts {
		parts[account] = append(parts[account], rests...)
	}
	return parts
}
