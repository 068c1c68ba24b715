package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

func newTrace() *cobra.Command {
	return group("trace", "Work with recorded traces", newCheck())
}

func newCheck() *cobra.Command {
	var (
		output format
		opts   twin.Options
	)
	cmd := &cobra.Command{
		Use:   "check PATH...",
		Short: "Check a recorded run against the specification",
		Long: `Check the trace of one run against the specification. Each PATH is a trace file, or a
directory whose *.jsonl and *.jsonl.zst files are taken. Give the files of all nodes and of
all client processes together: what is missing cannot be vouched for.

The exit code is the verdict: 0 valid, 1 violation, 3 unknown; 2 if the input is no trace.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := check(args, opts)
			if err != nil {
				return failf(exitUsage, "%w", err)
			}
			if output == formatJSON {
				err = report.WriteJSON(cmd.OutOrStdout())
			} else {
				err = report.WriteText(cmd.OutOrStdout())
			}
			return errors.Join(verdictError(report), err)
		},
	}
	cmd.Flags().DurationVar(&opts.Slack, "slack", twin.DefaultSlack,
		"how far apart two readings of one instant may lie")
	output.addFlag(cmd)
	return cmd
}

// check checks the files that paths stand for as one trace.
func check(paths []string, opts twin.Options) (*twin.Report, error) {
	var files []string
	for _, path := range paths {
		some, err := trace.Files(path)
		if err != nil {
			return nil, err
		}
		files = append(files, some...)
	}
	slices.Sort(files)
	return twin.Check(slices.Compact(files), opts)
}

// verdictError is the error that a command ends with after it has printed the report: the exit
// code, and the reason in one line.
func verdictError(report *twin.Report) error {
	switch report.Verdict {
	case twin.Valid:
		return nil
	case twin.Invalid:
		return failf(exitViolation, "the trace violates %w", report.Violation)
	}
	return failf(exitUnknown, "the trace can neither be refuted nor vouched for: "+
		"the report says what is missing")
}
