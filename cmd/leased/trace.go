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
		html   string
		opts   twin.Options
	)
	cmd := &cobra.Command{
		Use:   "check PATH...",
		Short: "Check a recorded run against the specification",
		Long: `Check the trace of one run against the specification. Each PATH is a trace file, or a
directory whose *.jsonl and *.jsonl.zst files are taken. Give the files of all nodes and of
all client processes together: what is missing cannot be vouched for.

The exit code is the verdict: 0 valid, 1 violation, 3 unknown; 2 if the input is no trace.
With --html the run is also drawn, whatever the verdict: one page that needs no network.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := traceFiles(args)
			if err != nil {
				return failf(exitUsage, "%w", err)
			}
			page, err := beginPage(html)
			if err != nil {
				return err
			}
			defer page.discard()
			report, notDrawn := page.check(files, opts)
			if report == nil {
				return failf(exitUsage, "%w", notDrawn)
			}
			if output == formatJSON {
				err = report.WriteJSON(cmd.OutOrStdout())
			} else {
				err = report.WriteText(cmd.OutOrStdout())
			}
			// The verdict first: it decides the exit code.
			return errors.Join(verdictError(report), notDrawn, err)
		},
	}
	cmd.Flags().DurationVar(&opts.Slack, "slack", twin.DefaultSlack,
		"how far apart two readings of one instant may lie")
	cmd.Flags().StringVar(&html, "html", "", "also draw the run as a page into this `file`")
	output.addFlag(cmd)
	return cmd
}

// traceFiles returns the trace files that paths stand for, each once.
func traceFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		some, err := trace.Files(path)
		if err != nil {
			return nil, err
		}
		files = append(files, some...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
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
