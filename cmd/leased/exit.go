package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/leased-io/leased/client"
)

// exitCode is what the process ends with. A script may rely on the numbers.
type exitCode int

// The exit codes. exitTable says when each is used.
const (
	exitOK          exitCode = 0
	exitViolation   exitCode = 1
	exitUsage       exitCode = 2
	exitUnknown     exitCode = 3
	exitUnavailable exitCode = 4
	exitNotFound    exitCode = 5
	exitFailed      exitCode = 6
	exitRefused     exitCode = 7
	exitConflict    exitCode = 8
	exitInterrupted exitCode = 130
)

// exitTable documents every exit code: "leased help exit-codes" prints it.
var exitTable = []struct {
	code    exitCode
	meaning string
}{
	{exitOK, "done; a checked trace is valid"},
	{exitViolation, "a trace violates the specification: the bound or a rule was broken"},
	{exitUsage, "wrong usage or bad input: flags, a file, a restore into a cluster that is not new"},
	{exitUnknown, "a trace can neither be refuted nor vouched for: events are missing"},
	{exitUnavailable, "no node, no leader or no room: the outcome is unknown, try again"},
	{exitNotFound, "no such budget"},
	{exitFailed, "a node, demo or bench could not start, run or stop; a file could not be written"},
	{exitRefused, "a server was not removed: the quorum would be lost; nothing was changed"},
	{exitConflict, "a budget has another revision than was expected: nothing was changed"},
	{exitInterrupted, "a second interrupt ended the process at once"},
}

// exitHelp is the text of "leased help exit-codes".
func exitHelp() string {
	var b strings.Builder
	b.WriteString("Every command ends with one of these exit codes:\n\n")
	for _, row := range exitTable {
		fmt.Fprintf(&b, "  %3d  %s\n", row.code, row.meaning)
	}
	return strings.TrimRight(b.String(), "\n")
}

// coded is an error that knows its exit code.
type coded struct {
	code exitCode
	err  error
}

func (c *coded) Error() string { return c.err.Error() }
func (c *coded) Unwrap() error { return c.err }

// failf returns an error with an exit code. The message says what to do about it.
func failf(code exitCode, format string, args ...any) error {
	return &coded{code: code, err: fmt.Errorf(format, args...)}
}

// codeOf returns the exit code of an error that a command ended with.
func codeOf(err error) exitCode {
	if err == nil {
		return exitOK
	}
	if c, ok := errors.AsType[*coded](err); ok {
		return c.code
	}
	switch {
	case errors.Is(err, client.ErrUnknownBudget):
		return exitNotFound
	case errors.Is(err, client.ErrInvalid), errors.Is(err, client.ErrMisfit):
		return exitUsage
	case errors.Is(err, client.ErrQuorum):
		return exitRefused
	case errors.Is(err, client.ErrConflict) && !errors.Is(err, client.ErrUnavailable):
		return exitConflict
	case errors.Is(err, client.ErrUnavailable):
		return exitUnavailable
	}
	return exitFailed
}
