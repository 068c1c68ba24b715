package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// format is how a command prints data: the value of --output.
type format string

const (
	formatText format = "text"
	formatJSON format = "json"
)

// Set, String and Type make format a flag.
func (f *format) Set(s string) error {
	switch format(s) {
	case formatText, formatJSON:
		*f = format(s)
		return nil
	}
	return fmt.Errorf("it is text or json")
}

func (f *format) String() string { return string(*f) }

// Type names the flag's values in help texts.
func (f *format) Type() string { return "text|json" }

// addFlag gives cmd the --output flag.
func (f *format) addFlag(cmd *cobra.Command) {
	*f = formatText
	cmd.Flags().Var(f, "output", "how to print the result")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(
		[]cobra.Completion{string(formatText), string(formatJSON)},
		cobra.ShellCompDirectiveNoFileComp))
}

// printJSON writes v as indented JSON.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printTable writes rows in columns, the first row being the header.
func printTable(w io.Writer, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(tw, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return tw.Flush()
}

// oneLine folds an error's text into one line: joined errors become a list.
func oneLine(err error) string {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}
