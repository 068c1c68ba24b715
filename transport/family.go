package transport

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// parseLabels checks the form of a key, or of the labels in its place. Whether they are those of a
// budget is known to the state alone.
func parseLabels(key string, values map[string]string) (budget.Labels, error) {
	if len(values) == 0 {
		return nil, parseKey(key)
	}
	if key != "" {
		return nil, invalid("labels: are there beside key, must be instead")
	}
	if len(values) > budget.MaxLabels { // before they are sorted
		return nil, invalid("labels: %d, at most %d", len(values), budget.MaxLabels)
	}
	labels := budget.LabelsOf(values)
	if err := labels.Validate(); err != nil {
		return nil, invalid("%v", err)
	}
	return labels, nil
}

func parseWeights(in []*leasedv1.Weight) (out []budget.Weight, err error) {
	if len(in) > budget.MaxWeights {
		return nil, invalid("budget.weights: %d, at most %d", len(in), budget.MaxWeights)
	}
	for i, w := range in {
		if unknown(w) {
			return nil, invalid("budget.weights[%d]: has a field that this version does not know", i)
		}
		out = append(out,
			budget.Weight{Metric: w.GetMetric(), Cost: w.GetCost(), Times: w.GetTimes()})
	}
	return out, nil
}

func weightsToProto(weights []budget.Weight) (out []*leasedv1.Weight) {
	for _, w := range weights {
		out = append(out, &leasedv1.Weight{Metric: w.Metric, Cost: w.Cost, Times: w.Times})
	}
	return out
}

func levelsToProto(levels budget.Levels) (out []*leasedv1.Level) {
	for _, l := range levels {
		out = append(out, &leasedv1.Level{Budget: l.Budget, Limits: uint32(l.Limits),
			Weights: weightsToProto(l.Weights)})
	}
	return out
}

// accountOf returns the key of the account that is asked for: the key itself, or what a budget
// makes of labels.
func accountOf(st *fsm.State, name, key string, labels budget.Labels) (string, error) {
	if labels == nil {
		return key, nil
	}
	b, ok := st.Budget(name, "")
	if !ok {
		return "", nil // and so it is told
	}
	t := b.Budget.KeyTemplate()
	if err := t.Fits(labels); err != nil {
		return "", invalid("%v", err)
	}
	made, err := t.Key(labels)
	if err != nil {
		return "", invalid("%v", err)
	}
	return made, nil
}
