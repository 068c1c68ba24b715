package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/cmd/leased/demo"
	"github.com/leased-io/leased/spec/twin"
)

func newDemo() *cobra.Command {
	var (
		cfg    = demo.DefaultConfig()
		output format
		input  string
		noKill bool
		html   string
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: a cluster, LLM traffic, a failover, a verdict",
		Long: `Start a cluster in this process, give it one budget with a limit on requests and one on
tokens, and send it three times the traffic that the budget admits, through the limiters
of a fleet. Half-way the leader is stopped the hard way. At the end the recorded trace is
checked against the specification: no window may be overspent by a single credit.

The traffic is drawn from figures measured on the Azure LLM inference trace 2023 (code)
(Microsoft, CC-BY 4.0, Splitwise, ISCA 2024). --input replays a recorded one: CSV with the
columns TIMESTAMP,ContextTokens,GeneratedTokens.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.Kill = !noKill
			if err := cfg.Validate(); err != nil {
				return failf(exitUsage, "%w", err)
			}
			if input != "" {
				workload, err := readWorkload(input)
				if err != nil {
					return err
				}
				cfg.Workload = workload
			}
			progress := cmd.OutOrStdout()
			if output == formatJSON {
				progress = cmd.ErrOrStderr()
			}
			page, err := beginPage(html)
			if err != nil {
				return err
			}
			defer page.discard()
			report, err := demo.Run(cmd.Context(), cfg, progress, isTerminal(progress))
			if err != nil {
				return demoError(err)
			}
			notDrawn := drawDemo(page, report.TraceDir)
			if output == formatJSON {
				err = printJSON(cmd.OutOrStdout(), report)
			} else {
				_, err = fmt.Fprint(cmd.OutOrStdout(), report.Text())
			}
			return errors.Join(verdictError(report.Check), notDrawn, err)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&cfg.Nodes, "nodes", cfg.Nodes, "nodes of the cluster: 3, 5, or 1 with --no-kill")
	flags.IntVar(&cfg.Limiters, "limiters", cfg.Limiters, "limiters of the fleet")
	flags.DurationVar(&cfg.Duration, "duration", cfg.Duration, "how long to send traffic")
	flags.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "seed of the traffic")
	flags.StringVar(&input, "input", "", "replay the recorded traffic of this `file` (CSV)")
	flags.Float64Var(&cfg.Speedup, "speedup", cfg.Speedup,
		"send traffic `x` times as fast as recorded")
	flags.StringVar(&cfg.TraceDir, "trace-dir", "",
		"empty `directory` for the trace (default: a new one)")
	flags.StringVar(&html, "html", "", "also draw the run as a page into this `file`")
	flags.BoolVar(&noKill, "no-kill", false, "do not stop the leader half-way")
	output.addFlag(cmd)
	return cmd
}

func readWorkload(path string) (demo.Workload, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, failf(exitUsage, "--input: %w", err)
	}
	defer file.Close()
	workload, err := demo.ReadCSV(file)
	if err != nil {
		return nil, failf(exitUsage, "--input %s: %w", path, err)
	}
	return workload, nil
}

// drawDemo draws the trace of a demo, checked once more for that.
func drawDemo(p *page, dir string) error {
	if p == nil {
		return nil
	}
	files, err := traceFiles([]string{dir})
	if err != nil {
		return err
	}
	_, err = p.check(files, twin.Options{Slack: twin.DefaultSlack})
	return err
}

// demoError gives an error of demo.Run its exit code.
func demoError(err error) error {
	if errors.Is(err, demo.ErrConfig) {
		return failf(exitUsage, "%w", err)
	}
	return failf(exitFailed, "demo: %w", err)
}

// isTerminal reports whether w is a terminal, which can redraw in place.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
