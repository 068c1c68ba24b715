package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

func newSetLimit(to *target) *cobra.Command {
	var (
		set    client.LimitSetting
		expect expectation
		burst  int64
	)
	cmd := &cobra.Command{
		Use:   "set-limit NAME METRIC[/PER][/KIND] AMOUNT",
		Short: "Give a limit another amount while the fleet runs, for all or for one key",
		Long: `Give a limit another amount than its budget says: for everybody, or with --key for one
account; until --clear, or with --for for a time. It stays when the budget is applied again, unless
that changes the same limit. 'leased budget get NAME' shows what is set, and until when.

PER and KIND are needed only where a budget has several limits of the metric.`,
		Example: "  leased budget set-limit llm tokens 300_000 --for 2h\n" +
			"  leased budget set-limit tenants requests/1m 5000 --key acme\n" +
			"  leased budget set-limit tenants requests/1m --key acme --clear",
		Args:              cobra.RangeArgs(2, 3),
		ValidArgsFunction: to.completeBudget,
		RunE: func(cmd *cobra.Command, args []string) error {
			if set.Clear == (len(args) == 3) {
				return failf(exitUsage, "set-limit needs an AMOUNT, or --clear, and not both")
			}
			if err := parseLimitName(args[1], &set); err != nil {
				return err
			}
			if !set.Clear {
				amount, err := parseAmount(args[2])
				if err != nil {
					return err
				}
				set.Amount = amount
			}
			set.Burst = budget.Credits(burst)
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				result, err := c.SetLimit(ctx, args[0], set, expect.conditions()...)
				if err != nil {
					return noBudget(args[0], err)
				}
				printChange(cmd.OutOrStdout(), args[0], result)
				return nil
			})
		},
	}
	cmd.Flags().Int64Var(&burst, "burst", 0, "`credits` that a bucket holds; 0: in proportion")
	cmd.Flags().StringVar(&set.Key, "key", "", "whose limit it is, of a keyed budget: a `key`")
	cmd.Flags().DurationVar(&set.For, "for", 0, "how long it lasts, in cluster time")
	cmd.Flags().BoolVar(&set.Clear, "clear", false, "end what was set")
	expect.addFlag(cmd, false)
	return cmd
}

// parseLimitName reads METRIC[/PER][/KIND]: a part that is a period is PER, and one that is none
// KIND.
func parseLimitName(text string, into *client.LimitSetting) error {
	parts := strings.Split(text, "/")
	into.Metric = parts[0]
	for _, part := range parts[1:] {
		per, err := budget.ParsePer(part)
		switch {
		case err == nil && into.Per == 0:
			into.Per = per
		case err != nil && into.Kind == "" && knownKind(budget.Kind(part)):
			into.Kind = budget.Kind(part)
		default:
			return failf(exitUsage, "limit: %q is not allowed: METRIC[/PER][/KIND], such as "+
				"tokens/1m/window", text)
		}
	}
	if into.Metric == "" {
		return failf(exitUsage, "limit: %q names no metric", text)
	}
	return nil
}

func knownKind(k budget.Kind) bool {
	switch k {
	case budget.KindWindow, budget.KindSliding, budget.KindBucket, budget.KindSlots:
		return true
	}
	return false
}

// parseAmount reads an amount as budget files have it: with _ between digits, if they are many.
func parseAmount(text string) (budget.Credits, error) {
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil || n < 1 || n > int64(budget.MaxAmount) {
		return 0, failf(exitUsage, "amount: %q is not allowed: 1..%d", text, int64(budget.MaxAmount))
	}
	return budget.Credits(n), nil
}

// overrideView is how an override is printed as JSON.
type overrideView struct {
	Metric   string         `json:"metric"`
	Kind     budget.Kind    `json:"kind"`
	Per      string         `json:"per"`
	Key      string         `json:"key,omitempty"` // empty: of everybody who has none of his own
	Amount   budget.Credits `json:"amount"`
	Burst    budget.Credits `json:"burst,omitempty"`
	Instead  budget.Credits `json:"instead_of"` // what the budget says
	EndsInMS int64          `json:"ends_in_ms,omitempty"`
}

func viewOfOverrides(b client.BudgetStatus) (views []overrideView) {
	for _, o := range b.Overrides {
		l := b.Budget.Limits[o.Limit]
		views = append(views, overrideView{
			Metric: l.Metric, Kind: l.Kind, Per: budget.FormatPer(l.Per), Key: o.Key,
			Amount: o.Amount, Burst: o.Burst, Instead: l.Amount, EndsInMS: o.EndsIn.Milliseconds(),
		})
	}
	return views
}

// overrideRows is a table of what is set, with its header; nothing if nothing is.
func overrideRows(budgets ...client.BudgetStatus) (rows [][]string) {
	for _, b := range budgets {
		for _, o := range b.Overrides {
			if rows == nil {
				rows = [][]string{{"SET OF", "LIMIT", "FOR", "AMOUNT", "INSTEAD OF", "ENDS IN"}}
			}
			l := b.Budget.Limits[o.Limit]
			who, ends := "all", "when cleared"
			if o.Key != "" {
				who = "key " + strconv.Quote(o.Key)
			}
			if o.EndsIn > 0 {
				ends = o.EndsIn.Round(time.Millisecond).String()
			}
			rows = append(rows, []string{
				b.Budget.Name, fmt.Sprintf("%s/%s/%s", l.Metric, budget.FormatPer(l.Per), l.Kind), who,
				strconv.FormatInt(int64(o.Amount), 10), strconv.FormatInt(int64(l.Amount), 10), ends,
			})
		}
	}
	return rows
}
