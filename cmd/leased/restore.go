package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

const (
	// restoreEach is what a restore gets for each budget, beyond --timeout.
	restoreEach = 100 * time.Millisecond
	// restoreShown is how many budgets are told one by one; of more, there is a line now and then.
	restoreShown = 20
	// restoreTold is how many budgets lie between two such lines.
	restoreTold = 500
)

func newRestore(to *target) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Let this new cluster take the place of one that was backed up",
		Long: `Let a cluster that was just founded, with empty data directories, take the place of the
one that a backup is of. FILE - is the standard input.

Stop the old nodes first, for good: two clusters would each hand out the whole budget.
Processes that hold leases of the old cluster may live on. What they hold may be spent for
another period of its limit, so no limit grants in a window that begins earlier than that: a
limit per minute denies for one to two minutes, one per day for one to two days.

A restore that was interrupted is completed by running it again. Budgets that were changed
since the first run stay as they are. A backup is restored into one cluster only: if that one
has handed out leases and is lost too, restore a backup of it.`,
		Example: "  leased cluster restore cluster.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := readBackup(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			longer := target{endpoints: to.endpoints, timeout: to.timeout}
			if to.timeout > 0 {
				longer.timeout += time.Duration(len(b.Budgets)) * restoreEach
			}
			return longer.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				return restore(ctx, c, b, cmd.OutOrStdout())
			})
		},
	}
}

// restore restores b and says what became of it, and how long it takes until limits grant.
func restore(ctx context.Context, c *client.Client, b client.Backup, out io.Writer) error {
	done, created := 0, map[string]bool{}
	already, err := c.Restore(ctx, b, func(told client.RestoredBudget) {
		done++
		if told.Created {
			created[told.Budget.Name] = true
		}
		switch {
		case told.Differs:
			fmt.Fprintf(out, "budget %s: changed since, and left as it is\n", told.Budget.Name)
		case told.Created && len(b.Budgets) <= restoreShown:
			fmt.Fprintf(out, "budget %s: restored\n", told.Budget.Name)
		case done%restoreTold == 0 && done < len(b.Budgets):
			fmt.Fprintf(out, "%d of %d budgets\n", done, len(b.Budgets))
		}
	})
	switch {
	case errors.Is(err, client.ErrNotNew):
		return failf(exitUsage, "nothing was restored: %s; it takes a cluster that was just founded, "+
			"with empty data directories", reason(err, client.ErrNotNew))
	case err != nil:
		return err
	}
	if already {
		fmt.Fprintf(out, "backup %.*s was restored here before: %s, %d of them restored now\n",
			shownID, b.ID(), counted(len(b.Budgets), "budget"), len(created))
	} else {
		fmt.Fprintf(out, "backup %.*s is restored: %s\n", shownID, b.ID(),
			counted(len(b.Budgets), "budget"))
	}
	if len(created) == 0 {
		return nil
	}
	budgets, err := c.Budgets(ctx)
	if err != nil {
		return err
	}
	return printWaits(out, waitsOf(budgets, created))
}

// reason is the text of err without what it matches, and what stands before that.
func reason(err, match error) string {
	text := err.Error()
	if _, after, found := strings.Cut(text, match.Error()+": "); found {
		return after
	}
	return text
}

// wait is how long the limits of one kind and period deny at most.
type wait struct {
	kind   budget.Kind
	per    time.Duration
	atMost time.Duration // from when the budgets were listed, in cluster time
	limits int
}

// waitsOf returns the waits of the budgets named, by period and kind. A limit that grants nothing
// yet, to any key, opens where its first window begins that does.
func waitsOf(budgets []client.BudgetStatus, named map[string]bool) []wait {
	type group struct {
		kind budget.Kind
		per  time.Duration
	}
	found := map[group]wait{}
	for _, b := range budgets {
		if !named[b.Budget.Name] {
			continue
		}
		for _, u := range b.Limits {
			g := group{u.Limit.Kind, u.Limit.Per}
			w := found[g]
			w.kind, w.per, w.limits = g.kind, g.per, w.limits+1
			if u.Left == 0 {
				w.atMost = max(w.atMost, u.OpensIn)
			}
			found[g] = w
		}
	}
	waits := make([]wait, 0, len(found))
	for _, w := range found {
		waits = append(waits, w)
	}
	slices.SortFunc(waits, func(a, b wait) int {
		return cmp.Or(cmp.Compare(a.per, b.per), cmp.Compare(a.kind, b.kind))
	})
	return waits
}

func printWaits(out io.Writer, waits []wait) error {
	fmt.Fprint(out, "Leases of the old cluster may be spent for another period. Keep its nodes "+
		"stopped.\nUntil they are over and count no more, limits grant nothing:\n\n")
	rows := [][]string{{"KIND", "PER", "LIMITS", "GRANT WITHIN"}}
	for _, w := range waits {
		rows = append(rows, []string{string(w.kind), budget.FormatPer(w.per), strconv.Itoa(w.limits),
			w.atMost.Round(time.Millisecond).String()})
	}
	return printTable(out, rows)
}
