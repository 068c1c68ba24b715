package fsm

import (
	"fmt"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// TakeOver lets a new cluster take the place of another one that is stopped for good, of which
// there is a backup. It is the first command of a new cluster; its budgets are put after it.
//
// Leases of the old cluster may still be spent. Each was told at most one window of its limit,
// so no limit here grants in a window that begins before one has passed since, and as much more
// as charges count afterwards: for all that is known here, a sliding limit's amount was spent at
// the last instant, and a bucket was drained. Its holders are still about, and know their sessions
// and leases by number: none of those numbers is handed out again. docs/adr/0009 has the proof.
type TakeOver struct {
	// Backup names the backup, BackupIDLen hex digits. The same one may be taken again, and
	// changes nothing then.
	Backup string `cbor:"1,keyasint"`
	// Last is what the old cluster had handed out last when the backup was made.
	Last Counters `cbor:"2,keyasint"`
}

const (
	// BackupIDLen is the length of a backup's name: of a SHA-256 in hex.
	BackupIDLen = 64
	// SerialJump is how many numbers are left out after those in a backup. They are the old
	// cluster's, which went on after the backup: for five years at 100,000 leases a second.
	SerialJump = 1 << 44
	// MaxSerial keeps every number exact in JSON readers that hold numbers as doubles. It
	// leaves room for 500 restores, each from a backup of the last.
	MaxSerial = 1 << 53
)

// Validate reports the first field that is out of its range, as what it is and must be.
func (c TakeOver) Validate() error {
	if !ValidBackupID(c.Backup) {
		return fmt.Errorf("backup: is %.70q, must be %d hex digits, 0-9 and a-f",
			c.Backup, BackupIDLen)
	}
	for i, n := range c.Last.list() {
		if n > MaxSerial-SerialJump {
			return fmt.Errorf("last.%s: is %d, must be at most %d",
				counterNames[i], n, int64(MaxSerial-SerialJump))
		}
	}
	return nil
}

// ValidBackupID reports whether id has the form of a backup's name.
func ValidBackupID(id string) bool {
	return len(id) == BackupIDLen && strings.Trim(id, "0123456789abcdef") == ""
}

// counterNames are those of Counters.list.
var counterNames = [...]string{"session", "lease", "limit", "revision"}

func (c Counters) list() [4]uint64 {
	return [...]uint64{uint64(c.Session), uint64(c.Lease), c.Limit, c.Revision}
}

// plus returns each number n later.
func (c Counters) plus(n uint64) Counters {
	return Counters{Session: c.Session + lease.SessionID(n), Lease: c.Lease + lease.ID(n),
		Limit: c.Limit + n, Revision: c.Revision + n}
}

// origin is what a cluster that took another one's place remembers of that.
type origin struct {
	Backup string         `cbor:"1,keyasint"`
	At     budget.Instant `cbor:"2,keyasint"` // when it did
	// Floor are the last numbers that are not its own.
	Floor Counters `cbor:"3,keyasint"`
}

// over returns when nothing counts any more that the old cluster granted from such a limit, whose
// windows may have had another span there; 0 without an old cluster.
func (o *origin) over(l budget.Limit) budget.Instant {
	if o == nil {
		return 0
	}
	return o.At.Add(l.LongestLease() + l.Memory())
}

// takeOver makes this cluster the successor of another one.
func (s *State) takeOver(c *TakeOver) Result {
	switch {
	case s.origin != nil && s.origin.Backup == c.Backup:
		return Result{Code: CodeDone}
	case s.origin != nil:
		return Result{Code: CodeNotNew, Detail: fmt.Sprintf(
			"this cluster was restored from another backup, %.12s", s.origin.Backup)}
	case s.last != Counters{}:
		return Result{Code: CodeNotNew, Detail: "this cluster has had budgets of its own"}
	}
	s.last = c.Last.plus(SerialJump)
	s.origin = &origin{Backup: c.Backup, At: s.t, Floor: s.last}
	s.emitTakeOver()
	return Result{Code: CodeDone, Changed: true}
}

// takenOver: a cluster that took another one's place has numbers of its own alone, and nothing
// that it granted can overlap with a lease of the old one.
func takenOver(s *State) error {
	o := s.origin
	if o == nil {
		return nil
	}
	floor := o.Floor.list()
	for i, last := range s.last.list() {
		if floor[i] < SerialJump || floor[i] > MaxSerial || last < floor[i] {
			return fmt.Errorf("the last %s is %d, and %d was not its own",
				counterNames[i], last, floor[i])
		}
	}
	if !ValidBackupID(o.Backup) || o.At < 0 || o.At > s.t {
		return fmt.Errorf("backup %.70q was taken over at %d, T is %d", o.Backup, o.At, s.t)
	}
	for name, p := range s.budgets {
		if p.revision <= o.Floor.Revision {
			return fmt.Errorf("budget %q has a revision up to %d", name, o.Floor.Revision)
		}
	}
	for _, l := range s.limits {
		if l.serial <= o.Floor.Limit {
			return fmt.Errorf("limit %d has a number up to %d", l.serial, o.Floor.Limit)
		}
		until := o.over(l.Limit)
		if l.Align != "" && l.emptyUntil == 0 {
			continue // a leap may have brought the window's beginning nearer since
		}
		if l.emptyUntil == 0 { // it has opened, and may have been changed since then
			until = min(l.start(), until)
			if len(l.was) == 0 {
				until = o.At.Add(l.Span() + l.Memory())
			}
		}
		if max(l.start(), l.emptyUntil) < until {
			return fmt.Errorf("limit %d in window %d is empty until %d, must be until %d",
				l.serial, l.window, l.emptyUntil, until)
		}
	}
	for id, ss := range s.sessions {
		if id <= o.Floor.Session {
			return fmt.Errorf("session %d has a number up to %d", id, o.Floor.Session)
		}
		for _, h := range ss.Leases {
			if h.Lease <= o.Floor.Lease {
				return fmt.Errorf("lease %d has a number up to %d", h.Lease, o.Floor.Lease)
			}
		}
	}
	return nil
}
