package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// What comes from the wire is checked here, once, so that no answer can push an index or an
// amount out of range further in. An answer that does not hold is an unknown outcome: the
// request is sent again, elsewhere.

func toLimits(wire []*leasedv1.Limit) ([]budget.Limit, error) {
	if len(wire) > budget.MaxLimits {
		return nil, fmt.Errorf("%d limits, allowed is 0..%d", len(wire), budget.MaxLimits)
	}
	limits := make([]budget.Limit, len(wire))
	for i, w := range wire {
		limit := budget.Limit{
			Metric: w.GetMetric(),
			Kind:   budget.Kind(w.GetKind()),
			Amount: budget.Credits(w.GetAmount()),
			Per:    time.Duration(w.GetPerNanos()),
			Slots:  int(w.GetSlots()),
			Burst:  budget.Credits(w.GetBurst()),
			Lease:  time.Duration(w.GetLeaseNanos()),
			Align:  budget.Align(w.GetAlign()),
			Zone:   w.GetZone(),
		}
		if limit.Kind == "" {
			limit.Kind = budget.KindWindow
		}
		if err := limit.Validate(); err != nil {
			return nil, fmt.Errorf("limit %d: %w", i, err)
		}
		limits[i] = limit
	}
	return limits, nil
}

// toPolicy reads what a budget is to a limiter.
func toPolicy(
	limits []*leasedv1.Limit, rules *leasedv1.Rules,
) ([]budget.Limit, budget.Rules, error) {
	r := budget.Rules{
		Mode:      budget.Mode(rules.GetMode()),
		Degraded:  budget.Degraded(rules.GetDegraded()),
		Share:     rules.GetShare(),
		Unlimited: rules.GetUnlimited(),
	}
	if err := r.Validate(); err != nil {
		return nil, r, err
	}
	if len(limits) == 0 && len(r.Unlimited) == 0 {
		return nil, r, errors.New("no limits, and no metrics that are unlimited")
	}
	l, err := toLimits(limits)
	return l, r, err
}

func fromRules(r budget.Rules) *leasedv1.Rules {
	if r.Equal(budget.Rules{}) {
		return nil
	}
	return &leasedv1.Rules{Mode: string(r.Mode), Degraded: string(r.Degraded), Share: r.Share,
		Unlimited: r.Unlimited}
}

func fromBudget(b budget.Budget) *leasedv1.Budget {
	wire := &leasedv1.Budget{Name: b.Name, Keyed: b.Keyed, Weights: fromWeights(b.Weights),
		KeyTemplate: b.Template, Parent: b.Parent, Rules: fromRules(b.Rules),
		Sharing: fromSharing(b.Sharing)}
	for _, limit := range b.Limits {
		wire.Limits = append(wire.Limits, &leasedv1.Limit{
			Metric:   limit.Metric,
			Kind:     string(limit.Kind),
			Amount:   int64(limit.Amount),
			PerNanos: int64(limit.Per),
			Slots:    int32(limit.Slots),
			Burst:    int64(limit.Burst),
			Align:    string(limit.Align),
			Zone:     limit.Zone,
		})
	}
	return wire
}

func fromRequest(r lease.Request) *leasedv1.AcquireRequest {
	wire := &leasedv1.AcquireRequest{
		Session:  uint64(r.Session),
		Seq:      r.Seq,
		Revision: r.Revision,
		Returns:  fromReturns(r.Returns),
	}
	for _, a := range r.Asks {
		wire.Asks = append(wire.Asks, &leasedv1.Ask{
			Limit: uint32(a.Limit), Need: int64(a.Need), Want: int64(a.Want),
			Lease: uint64(a.Lease), Keep: int64(a.Keep),
		})
	}
	return wire
}

func fromReturns(returns []lease.Return) []*leasedv1.Return {
	wire := make([]*leasedv1.Return, len(returns))
	for i, r := range returns {
		wire[i] = &leasedv1.Return{
			Lease: uint64(r.Lease), Window: int64(r.Window), Amount: int64(r.Amount),
		}
	}
	return wire
}

var outcomes = map[leasedv1.Outcome]lease.Outcome{
	leasedv1.Outcome_OUTCOME_GRANTED:         lease.Granted,
	leasedv1.Outcome_OUTCOME_DENIED:          lease.Denied,
	leasedv1.Outcome_OUTCOME_TOO_LARGE:       lease.TooLarge,
	leasedv1.Outcome_OUTCOME_CHANGED:         lease.Changed,
	leasedv1.Outcome_OUTCOME_UNKNOWN_BUDGET:  lease.UnknownBudget,
	leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION: lease.UnknownSession,
	leasedv1.Outcome_OUTCOME_STALE:           lease.Stale,
}

// toAnswer reads the decision on req.
func toAnswer(wire *leasedv1.AcquireResponse, req lease.Request) (lease.Answer, error) {
	a := lease.Answer{
		Outcome:  outcomes[wire.GetOutcome()],
		Revision: wire.GetRevision(),
		Limit:    int(wire.GetLimit()),
		DriftPPM: wire.GetDriftPpm(),
	}
	var err error
	switch a.Outcome {
	case 0:
		return a, fmt.Errorf("unknown outcome %d", wire.GetOutcome())
	case lease.Granted:
		a.Grants, err = toGrants(wire.GetGrants(), req.Asks)
		if err == nil && wire.GetDenial() != nil { // of an ask without a need
			a.Denial, err = toDenial(wire.GetDenial(), req.Asks)
		}
	case lease.Denied:
		a.Denial, err = toDenial(wire.GetDenial(), req.Asks)
	case lease.TooLarge:
		if !asked(req.Asks, a.Limit) {
			err = fmt.Errorf("too large at limit %d, which was not asked", a.Limit)
		}
	case lease.Changed:
		a.Limits, a.Rules, err = toPolicy(wire.GetLimits(), wire.GetRules())
		if err == nil {
			a.Levels, err = toLevels(wire.GetLevels(), a.Limits)
		}
	}
	if err == nil && (a.DriftPPM < 0 || a.DriftPPM > lease.MaxMaxClockDriftPPM) {
		err = driftError(a.DriftPPM)
	}
	return a, err
}

func driftError(ppm int64) error {
	return fmt.Errorf("max clock drift %d ppm, allowed is 0..%d", ppm, lease.MaxMaxClockDriftPPM)
}

// toGrants accepts one grant per ask, in any order; none is fine for an ask without a need.
func toGrants(wire []*leasedv1.Grant, asks []lease.Ask) ([]lease.Grant, error) {
	grants := make([]lease.Grant, len(wire))
	var seen [budget.MaxLimits]bool
	for i, w := range wire {
		g := lease.Grant{
			Lease:  lease.ID(w.GetLease()),
			Limit:  int(w.GetLimit()),
			Window: budget.Window(w.GetWindow()),
			Amount: budget.Credits(w.GetAmount()),
			TTL:    time.Duration(w.GetTtlNanos()),
		}
		if !asked(asks, g.Limit) || seen[g.Limit] {
			return nil, fmt.Errorf("grant on limit %d, which was not asked, or twice", g.Limit)
		}
		if g.Amount < 1 || g.Amount > budget.MaxAmount {
			return nil, fmt.Errorf("grant of %d on limit %d, allowed is 1..%d",
				g.Amount, g.Limit, budget.MaxAmount)
		}
		seen[g.Limit] = true
		grants[i] = g
	}
	for _, a := range asks {
		if a.Need+a.Keep > 0 && !seen[a.Limit] {
			return nil, fmt.Errorf("no grant on limit %d, which needed %d", a.Limit, a.Need+a.Keep)
		}
	}
	return grants, nil
}

func toDenial(wire *leasedv1.Denial, asks []lease.Ask) (*lease.Denial, error) {
	d := &lease.Denial{
		Limit: int(wire.GetLimit()),
		Left:  budget.Credits(wire.GetLeft()),
		// A denial that is told again after its limit has rolled has nothing to wait for.
		RetryAfter: time.Duration(max(0, wire.GetRetryAfterNanos())),
	}
	if !asked(asks, d.Limit) {
		return nil, fmt.Errorf("denied by limit %d, which was not asked", d.Limit)
	}
	if d.Left < 0 || d.RetryAfter > budget.MaxWait {
		return nil, fmt.Errorf("denial with %d left, retry after %s", d.Left, d.RetryAfter)
	}
	return d, nil
}

func asked(asks []lease.Ask, limit int) bool {
	for _, a := range asks {
		if a.Limit == limit {
			return true
		}
	}
	return false
}
