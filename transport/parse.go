package transport

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/budget/zones"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// The parsers refuse everything that the state machine would refuse for its form alone, so
// that nothing malformed costs a log entry. Each error names the field and what is allowed.

// parseName checks a name that is looked up: any other form names no budget either.
func parseName(field, name string) error {
	if name == "" || len(name) > budget.MaxNameLen {
		return invalid("%s: has %d bytes, must have 1..%d", field, len(name), budget.MaxNameLen)
	}
	return nil
}

// parseKey checks a key's form. Whether the budget takes keys is known to the state alone.
func parseKey(key string) error {
	if err := budget.ValidateKey(key != "", key); err != nil {
		return invalid("%v", err)
	}
	return nil
}

func parseOpenSession(req *leasedv1.OpenSessionRequest) (fsm.OpenSession, error) {
	if err := parseName("budget", req.GetBudget()); err != nil {
		return fsm.OpenSession{}, err
	}
	labels, err := parseLabels(req.GetKey(), req.GetLabels())
	if err != nil {
		return fsm.OpenSession{}, err
	}
	priority := budget.Priority(req.GetPriority())
	if err := priority.Validate(); err != nil {
		return fsm.OpenSession{}, invalid("%v", err)
	}
	return fsm.OpenSession{Budget: req.GetBudget(), Key: req.GetKey(), Labels: labels,
		Priority: priority}, nil
}

func parseAcquire(req *leasedv1.AcquireRequest) (lease.Request, error) {
	none := lease.Request{}
	switch {
	case req.GetSession() == 0:
		return none, invalid("session: is 0, must be at least 1")
	case req.GetSeq() == 0:
		return none, invalid("seq: is 0, must be at least 1")
	case len(req.GetAsks()) > budget.MaxLimits:
		return none, invalid("asks: %d, at most %d", len(req.GetAsks()), budget.MaxLimits)
	}
	returns, err := parseReturns(req.GetReturns())
	if err != nil {
		return none, err
	}
	out := lease.Request{
		Session:  lease.SessionID(req.GetSession()),
		Seq:      req.GetSeq(),
		Revision: req.GetRevision(),
		Returns:  returns,
	}
	var seen [budget.MaxLimits]bool
	for i, a := range req.GetAsks() {
		need, want := budget.Credits(a.GetNeed()), budget.Credits(a.GetWant())
		keep, least := budget.Credits(a.GetKeep()), max(1, need)
		if keep > 0 {
			least = need
		}
		switch {
		case a.GetLimit() >= budget.MaxLimits:
			return none, invalid("asks[%d].limit: is %d, must be below %d",
				i, a.GetLimit(), budget.MaxLimits)
		case seen[a.GetLimit()]:
			return none, invalid("asks[%d].limit: a second ask of limit %d", i, a.GetLimit())
		case keep < 0 || keep > budget.MaxSlotHolders || (keep > 0) != (a.GetLease() > 0):
			return none, invalid("asks[%d]: keep %d of lease %d: must be 1..%d of a lease, or neither",
				i, keep, a.GetLease(), budget.MaxSlotHolders)
		case need < 0 || want < least || want > budget.MaxAmount:
			return none, invalid(
				"asks[%d]: need %d, want %d: must be 0 <= need <= want and 1 <= want <= %d",
				i, need, want, budget.MaxAmount)
		}
		seen[a.GetLimit()] = true
		out.Asks = append(out.Asks, lease.Ask{Limit: int(a.GetLimit()), Need: need, Want: want,
			Lease: lease.ID(a.GetLease()), Keep: keep})
	}
	return out, nil
}

func parseReturn(req *leasedv1.ReturnRequest) (fsm.Return, error) {
	if req.GetSession() == 0 {
		return fsm.Return{}, invalid("session: is 0, must be at least 1")
	}
	returns, err := parseReturns(req.GetReturns())
	if err != nil {
		return fsm.Return{}, err
	}
	return fsm.Return{
		Session: lease.SessionID(req.GetSession()),
		Returns: returns,
		Close:   req.GetClose(),
	}, nil
}

func parseReturns(in []*leasedv1.Return) ([]lease.Return, error) {
	if len(in) > fsm.MaxReturns {
		return nil, invalid("returns: %d, at most %d", len(in), fsm.MaxReturns)
	}
	var out []lease.Return
	for i, r := range in {
		amount := budget.Credits(r.GetAmount())
		switch {
		case r.GetLease() == 0:
			return nil, invalid("returns[%d].lease: is 0, must be at least 1", i)
		case r.GetWindow() < 0:
			return nil, invalid("returns[%d].window: is %d, must not be negative", i, r.GetWindow())
		case amount < 1 || amount > budget.MaxAmount:
			return nil, invalid("returns[%d].amount: is %d, must be 1..%d",
				i, amount, budget.MaxAmount)
		}
		out = append(out, lease.Return{
			Lease:  lease.ID(r.GetLease()),
			Window: budget.Window(r.GetWindow()),
			Amount: amount,
		})
	}
	return out, nil
}

// parsePutBudget puts the limits into canonical order. A field that this version does not know
// is refused: a newer client's budget that is half understood would be another budget.
func parsePutBudget(req *leasedv1.PutBudgetRequest) (budget.Budget, error) {
	in := req.GetBudget()
	if in == nil {
		return budget.Budget{}, invalid("budget: is missing")
	}
	if unknown(req) || unknown(in) {
		return budget.Budget{}, invalid("budget: has a field that this version does not know")
	}
	if unknown(in.GetRules()) {
		return budget.Budget{}, invalid("budget.rules: has a field that this version does not know")
	}
	out := budget.Budget{Name: in.GetName(), Keyed: in.GetKeyed(), Rules: parseRules(in.GetRules()),
		Template: in.GetKeyTemplate(), Parent: in.GetParent()}
	var err error
	if out.Weights, err = parseWeights(in.GetWeights()); err != nil {
		return budget.Budget{}, err
	}
	if out.Sharing, err = parseSharing(in.GetSharing()); err != nil {
		return budget.Budget{}, err
	}
	if n := len(in.GetLimits()); n > budget.MaxLimits {
		return budget.Budget{}, invalid("budget.limits: %d, at most %d", n, budget.MaxLimits)
	}
	for i, l := range in.GetLimits() {
		if unknown(l) {
			return budget.Budget{}, invalid(
				"budget.limits[%d]: has a field that this version does not know", i)
		}
		out.Limits = append(out.Limits, budget.Limit{
			Metric: l.GetMetric(),
			Kind:   budget.Kind(l.GetKind()),
			Amount: budget.Credits(l.GetAmount()),
			Per:    time.Duration(l.GetPerNanos()),
			Slots:  int(l.GetSlots()),
			Burst:  budget.Credits(l.GetBurst()),
			Align:  budget.Align(l.GetAlign()),
			Zone:   l.GetZone(),
		})
	}
	if err := out.Validate(); err != nil {
		return budget.Budget{}, invalid("budget: %v", err)
	}
	if err := zones.Check(out); err != nil {
		return budget.Budget{}, invalid("budget: %v", err)
	}
	return out.Canonical(), nil
}

func parseRules(in *leasedv1.Rules) budget.Rules {
	return budget.Rules{
		Mode:      budget.Mode(in.GetMode()),
		Degraded:  budget.Degraded(in.GetDegraded()),
		Share:     in.GetShare(),
		Unlimited: in.GetUnlimited(),
	}
}

func rulesToProto(r *budget.Rules) *leasedv1.Rules {
	if r == nil || r.Equal(budget.Rules{}) {
		return nil
	}
	return &leasedv1.Rules{
		Mode:      string(r.Mode),
		Degraded:  string(r.Degraded),
		Share:     r.Share,
		Unlimited: r.Unlimited,
	}
}

func unknown(m proto.Message) bool { return len(m.ProtoReflect().GetUnknown()) > 0 }

func budgetToProto(b budget.Budget) *leasedv1.Budget {
	return &leasedv1.Budget{Name: b.Name, Keyed: b.Keyed, Limits: limitsToProto(b.Limits),
		Weights: weightsToProto(b.Weights), KeyTemplate: b.Template, Parent: b.Parent,
		Rules: rulesToProto(&b.Rules), Sharing: sharingToProto(b.Sharing)}
}

func limitsToProto(limits []budget.Limit) []*leasedv1.Limit {
	out := make([]*leasedv1.Limit, 0, len(limits))
	for _, l := range limits {
		out = append(out, limitToProto(l))
	}
	return out
}

func limitToProto(l budget.Limit) *leasedv1.Limit {
	return &leasedv1.Limit{
		Metric:     l.Metric,
		Kind:       string(l.Kind),
		Amount:     int64(l.Amount),
		PerNanos:   int64(l.Per),
		Slots:      int32(l.Slots),
		Burst:      int64(l.Burst),
		LeaseNanos: int64(l.Lease),
		Align:      string(l.Align),
		Zone:       l.Zone,
	}
}

func taken(credits []budget.Credits) []int64 {
	out := make([]int64, 0, len(credits))
	for _, n := range credits {
		out = append(out, int64(n))
	}
	return out
}
