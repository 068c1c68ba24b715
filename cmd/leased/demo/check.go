package demo

import (
	"fmt"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// checkTrace holds the recorded trace against the specification. The checker is another
// program than the one that ran: it knows the trace, and none of the code that wrote it.
func checkTrace(dir string) (*twin.Report, error) {
	files, err := trace.Files(dir)
	if err != nil {
		return nil, err
	}
	return twin.Check(files, twin.Options{Slack: twin.DefaultSlack})
}

// headline is the verdict in a sentence, and what makes it one.
func (r *Report) headline() string {
	switch r.Check.Verdict {
	case twin.Valid:
		return fmt.Sprintf("VALID: %s events checked, no window overspent by a single credit",
			grouped(r.Check.Events))
	case twin.Invalid:
		return fmt.Sprintf("VIOLATION: %s", r.Check.Violation.Error())
	default:
		text := "UNKNOWN: nothing is violated in what was recorded, but"
		for _, reason := range r.Check.Reasons {
			text += "\n  " + reason
		}
		return text
	}
}
