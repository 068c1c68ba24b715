// Merge makes one page and one table of the campaigns of several rings.
//
//	go run ./test/jepsen-lite/report/merge -html PAGE -table TABLE CAMPAIGN.json...
//
// It prints a summary, and exits as the trace checker does: 0 if all runs are valid, 1 if one is
// invalid, 2 if a file cannot be read or written, 3 if the verdict is unknown.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// The exit codes.
const (
	exitValid   = 0
	exitInvalid = 1
	exitInput   = 2
	exitUnknown = 3
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("merge", flag.ContinueOnError)
	flags.SetOutput(stderr)
	page := flags.String("html", "", "write one HTML page to this `file`")
	table := flags.String("table", "", "write the sums as Markdown to this `file`")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: merge [-html FILE] [-table FILE] CAMPAIGN.json...")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitValid
	} else if err != nil {
		return exitInput
	}
	if flags.NArg() == 0 {
		fmt.Fprintln(stderr, "merge: no campaign: want one CAMPAIGN.json or more")
		return exitInput
	}
	var campaigns []*report.Campaign
	for _, path := range flags.Args() {
		c, err := report.ReadFile(path)
		if err != nil {
			fmt.Fprintln(stderr, "merge:", err)
			return exitInput
		}
		campaigns = append(campaigns, c)
	}
	if err := write(campaigns, *page, *table, stdout); err != nil {
		fmt.Fprintln(stderr, "merge:", err)
		return exitInput
	}
	switch report.Sum(campaigns).Verdict {
	case report.Valid:
		return exitValid
	case report.Invalid:
		return exitInvalid
	}
	return exitUnknown
}

// write writes what was asked for, and the summary.
func write(campaigns []*report.Campaign, page, table string, stdout io.Writer) error {
	if page != "" {
		if err := report.WriteHTMLFile(page, campaigns); err != nil {
			return err
		}
	}
	if table != "" {
		if err := report.WriteMarkdownFile(table, campaigns); err != nil {
			return err
		}
	}
	return report.WriteSummary(stdout, campaigns)
}
