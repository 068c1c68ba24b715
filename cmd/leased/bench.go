package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/cmd/leased/bench"
)

func newBench() *cobra.Command {
	var (
		cfg    = bench.DefaultConfig()
		output format
		noKill bool
	)
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure it: an open-loop load, a killed leader, latencies, a verdict",
		Long: `Send requests at fixed instants to the limiters of a fleet, and time each from the
instant at which it was to begin, so that a stall is paid for by all that it delays. By
default three nodes are started for it, each a process that syncs its log; half-way the
leader is killed, and at the end the recorded trace is checked: no window may be overspent
by a single credit. With --endpoints a cluster that runs already is loaded through a
budget of its own, which is deleted afterwards; nothing is killed or traced there.`,
		Example: `  leased bench
  leased bench --duration 10s --rate 50000 --limiters 1000 --window 1s
  leased bench --endpoints 10.0.0.1:7101,10.0.0.2:7101,10.0.0.3:7101`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.Kill = !noKill && len(cfg.Endpoints) == 0
			if !cmd.Flags().Changed("clients") {
				cfg.Clients = min(cfg.Clients, max(1, cfg.Limiters))
			}
			if err := cfg.Validate(); err != nil {
				return failf(exitUsage, "%w", err)
			}
			program, err := os.Executable()
			if err != nil {
				return failf(exitFailed, "bench: %w", err)
			}
			cfg.Node = []string{program, "serve"}
			progress := cmd.OutOrStdout()
			if output == formatJSON {
				progress = cmd.ErrOrStderr()
			}
			report, err := bench.Run(cmd.Context(), cfg, progress, isTerminal(progress))
			if err != nil {
				return benchError(err)
			}
			if output == formatJSON {
				err = printJSON(cmd.OutOrStdout(), report)
			} else {
				_, err = fmt.Fprint(cmd.OutOrStdout(), report.Text())
			}
			if report.Check != nil {
				err = errors.Join(verdictError(report.Check), err)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&cfg.Duration, "duration", cfg.Duration, "how long to send requests")
	flags.IntVar(&cfg.Rate, "rate", cfg.Rate, "requests a second")
	flags.IntVar(&cfg.Limiters, "limiters", cfg.Limiters, "limiters of the fleet")
	flags.IntVar(&cfg.Clients, "clients", cfg.Clients,
		"clients that they are spread over, as over processes")
	flags.Float64Var(&cfg.Load, "load", cfg.Load, "part of the budget that is asked for")
	flags.DurationVar(&cfg.Window, "window", cfg.Window, "window of the budget")
	flags.StringSliceVar(&cfg.Endpoints, "endpoints", nil,
		"API `addresses` of a cluster that runs already")
	flags.StringVar(&cfg.TraceDir, "trace-dir", "",
		"empty `directory` for the trace (default: a new one)")
	flags.BoolVar(&noKill, "no-kill", false, "do not kill the leader half-way")
	output.addFlag(cmd)
	return cmd
}

// benchError gives an error of bench.Run its exit code.
func benchError(err error) error {
	switch {
	case errors.Is(err, bench.ErrConfig), errors.Is(err, client.ErrInvalid):
		return failf(exitUsage, "%w", err)
	case errors.Is(err, client.ErrUnavailable):
		return failf(exitUnavailable, "bench: %w", err)
	}
	return failf(exitFailed, "bench: %w", err)
}
