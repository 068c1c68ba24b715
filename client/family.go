package client

import (
	"errors"
	"fmt"
	"maps"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// ErrMisfit is returned when a budget would not fit its parents or those below it, or when one is
// deleted that others have as their parent. Nothing was changed.
var ErrMisfit = errors.New("client: budgets do not fit together")

// reasonMisfit is the reason in ErrorInfo of what ErrMisfit stands for.
const reasonMisfit = "MISFIT"

// WithLabels chooses the accounts of a budget whose key is made of several labels, and of those
// above it: the organisation, the team, the API key. They are exactly the labels of its template,
// and perhaps those that one of the budgets is shared by.
func WithLabels(labels map[string]string) LimiterOption {
	return func(o *limiterOptions) { o.labels = maps.Clone(labels) }
}

// account is what a session is opened for: a key, or labels in its place.
func (o *limiterOptions) account() (account, error) {
	if err := o.priority.Validate(); err != nil {
		return account{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(o.labels) == 0 {
		return account{key: o.key, priority: o.priority}, nil
	}
	if _, both := o.labels["key"]; both && o.key != "" {
		return account{}, fmt.Errorf(`%w: WithKey and the label "key", allowed is one of them`,
			ErrInvalid)
	}
	labels := maps.Clone(o.labels)
	if o.key != "" {
		labels["key"] = o.key
	}
	if err := budget.LabelsOf(labels).Validate(); err != nil {
		return account{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return account{labels: labels, priority: o.priority}, nil
}

// account names a session's accounts: by the key, or by labels.
type account struct {
	key      string
	labels   map[string]string
	priority budget.Priority
}

// String tells labels one by one, in order.
func (a account) String() string {
	text := a.key
	for _, l := range budget.LabelsOf(a.labels) {
		if text != "" {
			text += ","
		}
		text += l.Name + "=" + l.Value
	}
	return text
}

func fromWeights(weights []budget.Weight) (wire []*leasedv1.Weight) {
	for _, w := range weights {
		wire = append(wire, &leasedv1.Weight{Metric: w.Metric, Cost: w.Cost, Times: w.Times})
	}
	return wire
}

func toWeights(wire []*leasedv1.Weight) (weights []budget.Weight) {
	for _, w := range wire {
		weights = append(weights,
			budget.Weight{Metric: w.GetMetric(), Cost: w.GetCost(), Times: w.GetTimes()})
	}
	return weights
}

// toLevels reads whose the limits are.
func toLevels(wire []*leasedv1.Level, limits []budget.Limit) (budget.Levels, error) {
	if len(wire) > budget.MaxLevels {
		return nil, fmt.Errorf("%d levels, allowed is 0..%d", len(wire), budget.MaxLevels)
	}
	var levels budget.Levels
	for _, w := range wire {
		levels = append(levels, budget.Level{Budget: w.GetBudget(), Limits: int(w.GetLimits()),
			Weights: toWeights(w.GetWeights())})
	}
	return levels, levels.Validate(limits)
}

// toBudget reads a budget. Its limits are checked, since arithmetic rests on them.
func toBudget(wire *leasedv1.Budget) (budget.Budget, error) {
	limits, rules, err := toPolicy(wire.GetLimits(), wire.GetRules())
	if err != nil {
		return budget.Budget{}, fmt.Errorf("budget %q: %w", wire.GetName(), err)
	}
	b := budget.Budget{Name: wire.GetName(), Keyed: wire.GetKeyed(), Limits: limits, Rules: rules,
		Weights: toWeights(wire.GetWeights()), Template: wire.GetKeyTemplate(),
		Parent: wire.GetParent(), Sharing: toSharing(wire.GetSharing())}
	if b.Template != "" {
		if _, err := budget.ParseTemplate(b.Template); err != nil {
			return budget.Budget{}, fmt.Errorf("budget %q: key %q: %w", b.Name, b.Template, err)
		}
	}
	return b, nil
}
