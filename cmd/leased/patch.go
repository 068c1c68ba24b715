package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// patch is what a patch command changes.
type patch struct {
	set, add, remove []string
}

func newPatch(to *target) *cobra.Command {
	var p patch
	cmd := &cobra.Command{
		Use:   "patch NAME",
		Short: "Change some limits of a budget, and leave the others alone",
		Long: `Change, add or remove limits of a budget. The others, with what was charged to them,
are left alone. What somebody else changes at the same time is not lost: the patch is then made of
the budget as it is after that.

METRIC[/PER][/KIND] names a limit; PER and KIND are needed only where there are several of the
metric. A limit that is added is a window limit, if it says nothing else.`,
		Example: "  leased budget patch llm --set tokens=300_000 --set requests/1m=900\n" +
			"  leased budget patch llm --add requests/24h=100_000 --remove tokens",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: to.completeBudget,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(p.set)+len(p.add)+len(p.remove) == 0 {
				return failf(exitUsage, "patch needs --set, --add or --remove")
			}
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				result, err := c.PatchBudget(ctx, args[0], p.change)
				if err != nil {
					return noBudget(args[0], err)
				}
				printChange(cmd.OutOrStdout(), args[0], result)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&p.set, "set", nil, "another amount: `LIMIT=AMOUNT[:BURST]`")
	flags.StringArrayVar(&p.add, "add", nil, "a limit more: `METRIC/PER[/KIND]=AMOUNT[:BURST]`")
	flags.StringArrayVar(&p.remove, "remove", nil, "a limit less: `LIMIT`")
	return cmd
}

// change makes the patch of a budget.
func (p *patch) change(b *budget.Budget) error {
	b.Limits = slices.Clone(b.Limits)
	for _, text := range p.remove {
		i, err := limitNamed(*b, text)
		if err != nil {
			return err
		}
		b.Limits = slices.Delete(b.Limits, i, i+1)
	}
	for _, text := range p.set {
		name, amount, burst, err := assignment(text)
		if err != nil {
			return err
		}
		i, err := limitNamed(*b, name)
		if err != nil {
			return err
		}
		l := &b.Limits[i]
		l.Amount, l.Lease = amount, 0
		if burst > 0 {
			l.Burst = burst
		}
	}
	for _, text := range p.add {
		name, amount, burst, err := assignment(text)
		if err != nil {
			return err
		}
		var named client.LimitSetting
		if err := parseLimitName(name, &named); err != nil {
			return err
		}
		b.Limits = append(b.Limits, budget.Limit{
			Metric: named.Metric, Kind: named.Kind, Per: named.Per, Amount: amount, Burst: burst,
		})
	}
	if err := b.Canonical().Validate(); err != nil {
		return failf(exitUsage, "nothing was changed: %w", err)
	}
	return nil
}

// assignment reads LIMIT=AMOUNT[:BURST].
func assignment(text string) (name string, amount, burst budget.Credits, err error) {
	name, value, is := strings.Cut(text, "=")
	if !is {
		return "", 0, 0, failf(exitUsage, "%q is not allowed: LIMIT=AMOUNT, such as tokens/1m=5000", text)
	}
	value, more, is := strings.Cut(value, ":")
	if amount, err = parseAmount(value); err == nil && is {
		burst, err = parseAmount(more)
	}
	return name, amount, burst, err
}

// limitNamed returns the index of the only limit of a name.
func limitNamed(b budget.Budget, name string) (int, error) {
	var want client.LimitSetting
	if err := parseLimitName(name, &want); err != nil {
		return 0, err
	}
	found := -1
	for i, l := range b.Limits {
		if l.Metric != want.Metric || want.Per != 0 && l.Per != want.Per ||
			want.Kind != "" && l.Kind != want.Kind {
			continue
		}
		if found >= 0 {
			return 0, failf(exitUsage, "limit %q: budget %s has several, say which: METRIC/PER/KIND",
				name, b.Name)
		}
		found = i
	}
	if found < 0 {
		return 0, failf(exitUsage, "limit %q: budget %s has none: %s", name, b.Name, limitNames(b))
	}
	return found, nil
}

func limitNames(b budget.Budget) string {
	names := make([]string, len(b.Limits))
	for i, l := range b.Limits {
		names[i] = fmt.Sprintf("%s/%s/%s", l.Metric, budget.FormatPer(l.Per), l.Kind)
	}
	return strings.Join(names, ", ")
}
