package fsm

import (
	"fmt"
	"maps"
	"slices"

	"github.com/leased-io/leased/budget"
)

// overrideItem is an override in a snapshot.
type overrideItem struct {
	Key    string         `cbor:"1,keyasint,omitempty"`
	Amount budget.Credits `cbor:"2,keyasint"`
	Burst  budget.Credits `cbor:"3,keyasint,omitempty"`
	Until  budget.Instant `cbor:"4,keyasint,omitempty"`
}

func overrideItems(overrides map[string]*override) (items []overrideItem) {
	for _, key := range slices.Sorted(maps.Keys(overrides)) {
		o := overrides[key]
		items = append(items, overrideItem{key, o.amount, o.burst, o.until})
	}
	return items
}

// readOverrides restores those of l, which is as the budget says.
func (s *State) readOverrides(l *limit, items []overrideItem) error {
	put := l.Limit
	for _, item := range items {
		o := &override{limit: l, key: item.Key, put: put, amount: item.Amount, burst: item.Burst,
			until: item.Until}
		if l.overrides[o.key] != nil {
			return fmt.Errorf("limit %d has two overrides for key %q", l.serial, o.key)
		}
		if o.key == "" {
			l.Amount, l.Burst = o.amount, o.burst
			if err := l.Validate(); err != nil {
				return err // before its burst divides anything
			}
		}
		s.keepOverride(o)
	}
	return nil
}

// overridesInOrder: what overrides say is in force, for as long as they are, and nothing else.
func overridesInOrder(s *State) error {
	timed := 0
	for name, p := range s.budgets {
		if n := p.overrides(); n > MaxOverrides {
			return fmt.Errorf("budget %q has %d overrides", name, n)
		}
		if err := p.asPut().Validate(); err != nil {
			return err
		}
		for _, l := range p.lives {
			for key, o := range l.overrides {
				in := l.of(key)
				want := l.Limit
				if key == "" {
					want = o.put
				}
				want.Amount, want.Burst = o.amount, o.burst
				if o.limit != l || o.key != key || key != "" && !p.Keyed || in != want ||
					in.Validate() != nil || key != "" && l.Kind == budget.KindBucket {
					return fmt.Errorf("limit %d is %+v for key %q, and overridden by %+v",
						l.serial, in, key, *o)
				}
				if o.until != 0 {
					timed++
				}
				if o.until != 0 && (o.until <= s.t || o.until.Sub(s.t) > MaxFor ||
					o.place >= len(s.lapses) || s.lapses[o.place] != o) {
					return fmt.Errorf("limit %d is overridden for key %q until %d, T is %d",
						l.serial, key, o.until, s.t)
				}
			}
		}
	}
	if timed != len(s.lapses) {
		return fmt.Errorf("%d overrides are for a time, and %d are to lapse", timed, len(s.lapses))
	}
	return nil
}
