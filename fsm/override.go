package fsm

import (
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/leased-io/leased/budget"
)

// SetLimit gives a limit another amount than the budget says, for everybody or for one key, until
// it is cleared, or for a time. A PutBudget that says of the limit what was said before leaves it
// in force; one that says something else ends what holds for everybody, and leaves what holds for
// keys. It ends with its limit in any case. ADR 0014 has the reasons.
type SetLimit struct {
	Budget string `cbor:"1,keyasint"`
	// Metric, Per and Kind name the limit; 0 and "" stand for any. It must be the only one.
	Metric string        `cbor:"2,keyasint"`
	Per    time.Duration `cbor:"3,keyasint,omitempty"`
	Kind   budget.Kind   `cbor:"4,keyasint,omitempty"`
	// Amount is 1..budget.MaxAmount. Burst is what a bucket holds; 0: as much more or less than it
	// holds otherwise as the amount is more or less.
	Amount budget.Credits `cbor:"5,keyasint,omitempty"`
	Burst  budget.Credits `cbor:"6,keyasint,omitempty"`
	// Key is whose limit it is; empty: everybody's who has none of his own.
	Key string `cbor:"7,keyasint,omitempty"`
	// For is how long it lasts, in cluster time: 0..MaxFor. 0: until it is cleared.
	For time.Duration `cbor:"8,keyasint,omitempty"`
	// Clear ends what an earlier SetLimit of the same limit and key did. Amount, Burst and For are 0.
	Clear bool `cbor:"9,keyasint,omitempty"`
	// Expect is the revision that the budget must have, or 0.
	Expect uint64 `cbor:"10,keyasint,omitempty"`
}

const (
	// MaxOverrides bounds the overrides of a budget, of all its limits: some hundred tenants with a
	// contract of their own. Where most have one, a budget for each is the better way to say so.
	MaxOverrides = 1024
	// MaxFor bounds for how long an override may be made.
	MaxFor = budget.MaxPer
)

// Validate returns the first field of c that is not allowed whatever the state, a
// *budget.FieldError, or nil.
func (c SetLimit) Validate() error {
	refuse := func(field string, value any, allowed string) error {
		return &budget.FieldError{Field: field, Value: fmt.Sprint(value), Allowed: allowed}
	}
	switch {
	case c.Metric == "" || len(c.Metric) > budget.MaxNameLen:
		return refuse("metric", fmt.Sprintf("%.40q", c.Metric), "the metric of a limit, 1..128 bytes")
	case c.Expect == ExpectAbsent:
		return refuse("expect", "absent", "a revision: a limit is set of a budget that exists")
	case c.Clear && (c.Amount != 0 || c.Burst != 0 || c.For != 0):
		return refuse("clear", "with an amount, a burst or a time", "none of these")
	case c.For < 0 || c.For > MaxFor:
		return refuse("for", c.For, "0s.."+budget.FormatPer(MaxFor))
	case !c.Clear && (c.Amount < 1 || c.Amount > budget.MaxAmount):
		return refuse("amount", c.Amount, fmt.Sprintf("1..%d", int64(budget.MaxAmount)))
	case c.Burst < 0 || c.Burst > budget.MaxAmount:
		return refuse("burst", c.Burst, fmt.Sprintf("1..%d, or 0", int64(budget.MaxAmount)))
	}
	if c.Key != "" {
		return budget.ValidateKey(true, c.Key)
	}
	return nil
}

// override is a SetLimit in force.
type override struct {
	limit  *limit
	key    string
	put    budget.Limit // with the empty key: what the budget says of the limit
	amount budget.Credits
	burst  budget.Credits
	until  budget.Instant // 0: until it is cleared
	place  int            // in State.lapses, if until is not 0
}

// setLimit makes, changes or clears an override.
func (s *State) setLimit(c *SetLimit) Result {
	p := s.budgets[c.Budget]
	switch {
	case p == nil:
		return Result{Code: CodeUnknownBudget}
	case !p.meets(c.Expect):
		return p.conflict()
	case c.Key != "" && !p.Keyed:
		return Result{Code: CodeKeyNotAllowed,
			Detail: fmt.Sprintf("key: is %.40q, and the budget has no keys", c.Key)}
	}
	i, problem := p.named(c)
	if problem != "" {
		return Result{Code: CodeInvalid, Detail: problem}
	}
	l := p.lives[i]
	old := l.overrides[c.Key]
	if c.Clear {
		if old == nil {
			return Result{Code: CodeDone, Revision: p.revision}
		}
		complies := s.outlast(l)
		s.endOverride(p, i, old)
		return Result{Code: CodeDone, Revision: p.revision, Changed: true, Complies: complies}
	}
	want, err := l.with(c, s.t)
	if err != nil {
		return Result{Code: CodeInvalid, Detail: oneLine(err)}
	}
	o := &override{limit: l, key: c.Key, put: l.asPut(), amount: want.Amount, burst: want.Burst}
	if c.For > 0 {
		o.until = s.t.Add(c.For)
	}
	switch {
	case old != nil && old.amount == o.amount && old.burst == o.burst && old.until == o.until:
		return Result{Code: CodeDone, Revision: p.revision}
	case old == nil && p.overrides() >= MaxOverrides:
		return full("overrides", MaxOverrides)
	}
	s.forgetOverride(old)
	s.keepOverride(o)
	if c.Key == "" {
		s.changeLimit(l, want, old.lapse(), o.until)
		p.tell(i)
	} else {
		s.emitChange(l, c.Key, want.Amount, o.until)
	}
	s.revise(p)
	return Result{Code: CodeDone, Revision: p.revision, Changed: true, Complies: s.outlast(l)}
}

// named returns the index of the limit that c names, or why it names none.
func (p *policy) named(c *SetLimit) (at int, problem string) {
	var found []int
	var all []string
	for i, l := range p.Limits {
		all = append(all, fmt.Sprintf("%s/%s/%s", l.Metric, budget.FormatPer(l.Per), l.Kind))
		if l.Metric == c.Metric && (c.Per == 0 || c.Per == l.Per) && (c.Kind == "" || c.Kind == l.Kind) {
			found = append(found, i)
		}
	}
	if len(found) == 1 {
		return found[0], ""
	}
	name := c.Metric
	if c.Per != 0 {
		name += "/" + budget.FormatPer(c.Per)
	}
	if c.Kind != "" {
		name += "/" + string(c.Kind)
	}
	return 0, fmt.Sprintf("limit: %q names %d limits, must name one of %s",
		name, len(found), strings.Join(all, ", "))
}

// with returns l as c wants it for its key, or the *budget.FieldError that forbids it.
func (l *limit) with(c *SetLimit, t budget.Instant) (budget.Limit, error) {
	put := l.asPut()
	want := l.Limit
	want.Amount = c.Amount
	if l.Kind != budget.KindBucket {
		if c.Burst != 0 {
			return want, &budget.FieldError{Field: "burst", Value: fmt.Sprint(c.Burst),
				Allowed: "only with kind bucket"}
		}
		return want, want.Validate()
	}
	if c.Key != "" {
		return want, &budget.FieldError{Field: "key", Value: fmt.Sprintf("%.40q", c.Key),
			Allowed: "with kind window, sliding or slots: all keys of a bucket are refilled alike"}
	}
	if want.Burst = c.Burst; want.Burst == 0 {
		want.Burst = inProportion(put, c.Amount)
	}
	free := want
	free.Lease = 0
	if err := free.Validate(); err != nil {
		return want, err
	}
	// Its accounts live on, now and when the override is over: so both must be the same limit.
	back := *l
	back.was = after(l.Limit, l.was, t)
	back.Limit = want
	if want.Adopt(l.Limit) != want || !l.takes(want, t) || !back.takes(put, t+1) {
		return want, &budget.FieldError{Field: "amount", Value: fmt.Sprint(c.Amount),
			Allowed: "what fills the bucket in about as long as before; put the budget to replace it"}
	}
	return want, nil
}

// inProportion returns the burst that takes a bucket with another amount as long to fill as put.
func inProportion(put budget.Limit, amount budget.Credits) budget.Credits {
	hi, lo := bits.Mul64(uint64(put.Burst), uint64(amount))
	if hi >= uint64(put.Amount) {
		return budget.MaxAmount
	}
	n, _ := bits.Div64(hi, lo, uint64(put.Amount))
	return budget.Credits(min(max(1, n), uint64(budget.MaxAmount)))
}
