package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/client"
)

// expectation is the value of --expect-revision: a revision, or that there is no such budget. The
// zero value expects nothing.
type expectation struct {
	revision uint64
	absent   bool
	mayLack  bool // absent is allowed
}

// expectAbsent is how the flag says that there must be no such budget.
const expectAbsent = "absent"

// Set, String and Type make expectation a flag.
func (e *expectation) Set(s string) error {
	if s == expectAbsent && e.mayLack {
		*e = expectation{absent: true, mayLack: true}
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 {
		return errors.New("it is a revision, as 'leased budget get' prints it, or, of apply, absent")
	}
	e.revision, e.absent = n, false
	return nil
}

func (e *expectation) String() string {
	switch {
	case e.absent:
		return expectAbsent
	case e.revision > 0:
		return strconv.FormatUint(e.revision, 10)
	}
	return ""
}

// Type names the flag's values in help texts.
func (e *expectation) Type() string { return "revision" }

// addFlag gives cmd the --expect-revision flag.
func (e *expectation) addFlag(cmd *cobra.Command, mayLack bool) {
	e.mayLack = mayLack
	usage := "change the budget only if it has this one"
	if mayLack {
		usage += ", or is absent"
	}
	cmd.Flags().Var(e, "expect-revision", usage)
}

func (e *expectation) is() bool { return e.absent || e.revision > 0 }

func (e *expectation) conditions() []client.Condition {
	switch {
	case e.absent:
		return []client.Condition{client.IfAbsent()}
	case e.revision > 0:
		return []client.Condition{client.IfRevision(e.revision)}
	}
	return nil
}

// printChange says what became of a budget, and by when the fleet complies with it.
func printChange(out io.Writer, name string, r client.PutResult) {
	change := "unchanged"
	switch {
	case r.Created:
		change = "created"
	case r.Changed:
		change = "changed"
	}
	if r.Complies > 0 {
		change += fmt.Sprintf(", the whole fleet complies within %s",
			r.Complies.Round(time.Millisecond))
	}
	fmt.Fprintf(out, "budget %s: %s\n", name, change)
}
