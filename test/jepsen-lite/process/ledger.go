//go:build linux

package process

import "time"

// ledger is what one life of a fleet process says of itself.
type ledger struct {
	Recorder string `json:"recorder"`
	Admitted int64  `json:"admitted"` // credits, when it said so last
	Offered  int64  `json:"offered"`
	At       int64  `json:"at"`    // when that was, on the system's clock
	Final    bool   `json:"final"` // it had closed everything

	// told is what it said within lostAtDeath of At, and once before.
	told []told
	// Of its trace's clock: see FleetLine and FleetScript.
	own       bool
	base, ppm int64
}

type told struct{ at, admitted int64 }

// lostAtDeath is how long before its death what a process counted must be in its trace: longer
// than a holder keeps admissions to itself and than the writer takes, on a busy machine.
const lostAtDeath = time.Second

// take takes a line of the process.
func (l *ledger) take(line FleetLine) {
	l.Admitted, l.Offered, l.At = line.Admitted, line.Offered, line.At
	l.Final, l.own, l.base = line.Op == ToldEnd, line.Own, line.Base
	l.told = append(l.told, told{line.At, line.Admitted})
	for len(l.told) > 1 && l.told[1].at <= line.At-int64(lostAtDeath) {
		l.told = l.told[1:]
	}
}

// least is what its trace must have: everything, or what it counted long enough before its death.
func (l *ledger) least() int64 {
	switch {
	case l.Final:
		return l.Admitted
	case len(l.told) > 0 && l.told[0].at <= l.At-int64(lostAtDeath):
		return l.told[0].admitted
	default:
		return 0
	}
}
