package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// apply puts the budgets one by one, parents first, and says what became of each. One that does not
// fit those that are there is tried again when the others are: they may change with it.
func apply(
	ctx context.Context, c *client.Client, budgets []budget.Budget, expect expectation, out io.Writer,
) error {
	done, rest := 0, budget.ParentsFirst(budgets)
	for {
		var later []budget.Budget
		var misfit error
		for _, b := range rest {
			result, err := c.PutBudget(ctx, b, expect.conditions()...)
			switch {
			case errors.Is(err, client.ErrMisfit):
				later, misfit = append(later, b), errors.Join(misfit, err)
				continue
			case err != nil:
				return fmt.Errorf("%w: %d of %d budgets were applied", err, done, len(budgets))
			}
			done++
			printChange(out, b.Name, result)
		}
		switch {
		case len(later) == 0:
			return nil
		case len(later) == len(rest):
			return failf(exitUsage, "%w: %d of %d budgets were applied", misfit, done, len(budgets))
		}
		rest = later
	}
}

// labelFlag reads --label NAME=VALUE, which may be given several times.
type labelFlag map[string]string

func (l labelFlag) Type() string { return "name=value" }

func (l labelFlag) String() string { return "" }

func (l labelFlag) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if _, twice := l[name]; !ok || name == "" || value == "" || twice {
		return errors.New("it is NAME=VALUE, and each name once")
	}
	l[name] = value
	return nil
}

// getLine reads a budget and, if it is known for whom, those above it: its own first.
func getLine(
	ctx context.Context, c *client.Client, name, key string, labels map[string]string,
) (line []client.BudgetStatus, err error) {
	if key != "" && len(labels) > 0 {
		return nil, failf(exitUsage, "--key and --label: give one of them")
	}
	get := func(name string) (client.BudgetStatus, error) {
		if len(labels) > 0 {
			return c.GetBudgetOf(ctx, name, labels)
		}
		return c.GetBudget(ctx, name, key)
	}
	b, err := get(name)
	if err != nil {
		return nil, noBudget(name, err)
	}
	line = append(line, b)
	if len(labels) == 0 && key != "" {
		labels = map[string]string{"key": key}
	}
	if b.Budget.KeyTemplate().Fits(budget.LabelsOf(labels)) != nil {
		return line, nil // of some account, or of none: not known for whom
	}
	for b.Budget.Parent != "" && len(line) < budget.MaxLevels {
		up, err := c.GetBudget(ctx, b.Budget.Parent, "") // for its labels
		if err != nil {
			return nil, err
		}
		if t := up.Budget.KeyTemplate(); len(t.Labels()) > 0 {
			if up, err = c.GetBudgetOf(ctx, b.Budget.Parent, among(labels, t.Labels())); err != nil {
				return nil, err
			}
		}
		line, b = append(line, up), up
	}
	return line, nil
}

// among returns the labels of these names.
func among(labels map[string]string, names []string) map[string]string {
	some := make(map[string]string, len(names))
	for _, name := range names {
		some[name] = labels[name]
	}
	return some
}

// relations are lines that say what a table of limits has no place for.
func relations(b budget.Budget) (lines []string) {
	if b.Template != "" {
		lines = append(lines, fmt.Sprintf("%s: key %s", b.Name, b.Template))
	}
	if b.Parent != "" {
		lines = append(lines, fmt.Sprintf("%s: parent %s", b.Name, b.Parent))
	}
	for i := 0; i < len(b.Weights); {
		metric := b.Weights[i].Metric
		var parts []string
		for ; i < len(b.Weights) && b.Weights[i].Metric == metric; i++ {
			parts = append(parts, fmt.Sprintf("%d x %s", b.Weights[i].Times, b.Weights[i].Cost))
		}
		lines = append(lines, fmt.Sprintf("%s: %s is %s", b.Name, metric, strings.Join(parts, " + ")))
	}
	return lines
}

// printRelations writes them below a table.
func printRelations(out io.Writer, budgets []client.BudgetStatus) error {
	var lines []string
	for _, b := range budgets {
		lines = append(lines, relations(b.Budget)...)
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "\n%s\n", strings.Join(lines, "\n"))
	return err
}

// weightViews are weights as they are in budget files.
func weightViews(weights []budget.Weight) map[string]map[string]int64 {
	if len(weights) == 0 {
		return nil
	}
	views := map[string]map[string]int64{}
	for _, w := range weights {
		if views[w.Metric] == nil {
			views[w.Metric] = map[string]int64{}
		}
		views[w.Metric][w.Cost] = w.Times
	}
	return views
}
