package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

func newBudget(endpoints string) *cobra.Command {
	to := &target{}
	cmd := group("budget", "Manage budgets",
		newApply(to), newPatch(to), newSetLimit(to), newList(to), newGet(to), newDelete(to))
	to.addFlags(cmd, endpoints)
	return cmd
}

func newApply(to *target) *cobra.Command {
	var file string
	var expect expectation
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Create or change budgets from a YAML file",
		Long: `Create or change the budgets that a YAML file describes. Nothing is changed unless all
of them are valid. Applying a file again changes nothing, and what a file does not change is left
alone: what was charged stays charged, and a limit that was set with set-limit stays set.

budgets:
  - name: llm
    limits:
      - {metric: requests, amount: 600, per: 1m}
      - {metric: tokens, amount: 900_000, per: 1m}
    mode: shadow           # leased (default), strict, shadow: admit all, count what would not be
    degraded: {share: 20}  # without a leader: closed (default), open, or a 20th for each limiter
    unlimited: [hits]      # metrics that nothing bounds
  - name: team
    key: "{org}/{team}"    # its accounts are named by two labels
    parent: llm            # and what they admit counts there, too
    limits:
      - {metric: tokens, amount: 90_000, per: 1m}
    weights:
      tokens: {input_tokens: 1, output_tokens: 5}

A parent may be in the file or there already; it is applied first.`,
		Example: "  leased budget apply -f budgets.yaml\n" +
			"  generate-budgets | leased budget apply -f -",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			budgets, err := readBudgets(file, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if expect.is() && len(budgets) != 1 {
				return failf(exitUsage, "--expect-revision is of one budget, and the file has %d: "+
					"nothing was applied", len(budgets))
			}
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				return apply(ctx, c, budgets, expect, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the budget `file`; - is standard input")
	expect.addFlag(cmd, true)
	return cmd
}

// readBudgets reads and validates a budget file. Every problem in it is in the error.
func readBudgets(file string, stdin io.Reader) ([]budget.Budget, error) {
	var (
		data []byte
		err  error
	)
	switch file {
	case "":
		return nil, failf(exitUsage, "apply needs a budget file: -f FILE, or -f - for stdin")
	case "-":
		// One byte too many is enough for Parse to refuse.
		data, err = io.ReadAll(io.LimitReader(stdin, budget.MaxFileSize+1))
	default:
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, failf(exitUsage, "read budgets: %w", err)
	}
	budgets, err := budget.Parse(data)
	if err != nil {
		return nil, failf(exitUsage, "%s: nothing was applied: %w", file, err)
	}
	return budgets, nil
}

func newList(to *target) *cobra.Command {
	var output format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the budgets with what is charged to them",
		Long: `List the budgets with what is charged to them in the current window, confirmed by the
leader. The accounts of a keyed budget are shown by 'leased budget get NAME --key KEY', or with
--label for each label of its key.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				budgets, err := c.Budgets(ctx)
				if err != nil {
					return err
				}
				return output.printBudgets(cmd.OutOrStdout(), budgets)
			})
		},
	}
	output.addFlag(cmd)
	return cmd
}

func newGet(to *target) *cobra.Command {
	var (
		output format
		key    string
		labels = labelFlag{}
	)
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Show a budget and one of its accounts",
		Long: `Show a budget and one of its accounts. With the label of a keyed budget, or all of those
that its key is made of, the budgets above it are shown as well, each with the account that is
drawn on.`,
		Example: "  leased budget get tenants --key acme\n" +
			"  leased budget get team --label org=acme --label team=red",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: to.completeBudget,
		RunE: func(cmd *cobra.Command, args []string) error {
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				line, err := getLine(ctx, c, args[0], key, labels)
				if err != nil {
					return err
				}
				return output.printLine(cmd.OutOrStdout(), line, key != "" || len(labels) > 0)
			})
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the account's `key`, of a keyed budget")
	cmd.Flags().Var(labels, "label", "a label that the account's key is made of; repeat it for each")
	output.addFlag(cmd)
	return cmd
}

func newDelete(to *target) *cobra.Command {
	var expect expectation
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a budget: its limiters admit nothing more once their leases end",
		Args:  cobra.ExactArgs(1),

		ValidArgsFunction: to.completeBudget,
		RunE: func(cmd *cobra.Command, args []string) error {
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				if err := c.DeleteBudget(ctx, args[0], expect.conditions()...); err != nil {
					return noBudget(args[0], err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "budget %s: deleted\n", args[0])
				return nil
			})
		},
	}
	expect.addFlag(cmd, false)
	return cmd
}
