package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// endpointsEnv replaces the default of --endpoints. The environment is read only here.
const endpointsEnv = "LEASED_ENDPOINTS"

// run executes one command line and returns the exit code. Whatever went wrong is one line on
// the error stream.
func run(ctx context.Context, args []string, std streams) exitCode {
	started := false
	root := newRoot(os.Getenv(endpointsEnv))
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case !started:
		// Flags and arguments are checked before a command starts: the error is cobra's.
		fmt.Fprintf(std.err, "leased: %s; see '%s --help'\n", oneLine(err), cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(std.err, "leased: %s\n", oneLine(err))
	return codeOf(err)
}

// newRoot builds the command tree. endpoints is the default of --endpoints, comma-separated,
// or empty.
func newRoot(endpoints string) *cobra.Command {
	root := &cobra.Command{
		Use:   "leased",
		Short: "Fleet-wide limits that hold",
		Long: `leased hands out global budgets (requests, tokens) as short leases to limiters that
live in the processes of a fleet. They admit locally, and the fleet as a whole never
admits more than the budget.

  leased demo                          see it work: a cluster, traffic, a failover, a verdict
  leased serve --bootstrap-expect 1    run a node`,
		Args:               cobra.NoArgs,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
		RunE:               func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(
		newServe(), newDemo(), newBench(), newBudget(endpoints), newStatus(endpoints),
		newClusterCommand(endpoints), newTrace(), newVersion(),
		&cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitHelp()},
	)
	return root
}

// group is a command that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short}
	names := make([]string, len(subs))
	for i, sub := range subs {
		names[i] = sub.Name()
	}
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("%s has no command %q: it has %s",
				use, args[0], strings.Join(names, ", "))
		}
		return fmt.Errorf("%s needs a command: %s", use, strings.Join(names, ", "))
	}
	// Without this, cobra prints the help and calls that success.
	cmd.RunE = func(*cobra.Command, []string) error { return nil }
	cmd.AddCommand(subs...)
	return cmd
}
