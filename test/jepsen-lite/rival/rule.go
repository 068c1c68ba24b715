package rival

import "time"

// Rule is who coordinates, and how.
type Rule int

// The rules.
const (
	Ours Rule = iota
	Deadline
	Margin // Deadline, stopped earlier by margin
	CarryOver
	Both
	Shares
	rules
)

var ruleNames = [rules]string{
	"leased", "deadline", "deadline, 0.2 s margin", "carry-over", "deadline and carry-over",
	"static shares",
}

// String returns the rule's name in tables.
func (r Rule) String() string { return ruleNames[r] }

// Setting is what a match is played under.
type Setting struct {
	Holders int
	// Off is how far every wall clock may be from true time, either way: 100 ms is what NTP
	// keeps, 2 s a machine that nobody watches.
	Off time.Duration
	// Faults: messages are lost, late and twice, limiters crash and are suspended, leaders fail.
	Faults bool
}

// margin is what Margin stops early by: enough for two wall clocks of which each is off by what
// NTP keeps.
const margin = 200 * time.Millisecond

const (
	// per and amount are the limit's.
	per    = 10 * time.Second
	amount = 600
	// windows is how many a match has.
	windows = 30
	// demand is the mean demand, in percent of the limit. It comes in waves.
	demand = 100
)
