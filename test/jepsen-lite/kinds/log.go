package kinds

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// log is random commands to one State, which records what it applies.
type log struct {
	r        *rand.Rand
	s        *fsm.State
	again    *fsm.State // replays it all
	record   *trace.Writer
	index    uint64
	b        budget.Budget
	rev      uint64
	users    []*user
	changes  int // in a row, at most
	slots    bool
	calendar bool
	wait     func() int64
	broken   error
}

// user is a session and what it was granted.
type user struct {
	id     lease.SessionID
	key    string
	seq    uint64
	grants []lease.Grant
}

const (
	// maxGrants is how many of a session's leases are remembered to be returned, in time or late.
	maxGrants = 8
	// maxUsers is how many sessions are in use.
	maxUsers = 6
)

// Play runs steps random commands that belong to seed, and returns the trace's file, in dir, and
// the first of the state's invariants that was broken.
func Play(seed uint64, steps int, dir string) (file string, broken, err error) {
	return play(seed, steps, dir, func(*log) {})
}

// PlaySlots is Play with slots in the place of buckets.
func PlaySlots(seed uint64, steps int, dir string) (file string, broken, err error) {
	return play(seed, steps, dir, func(l *log) { l.slots = true })
}

func play(seed uint64, steps int, dir string, mode func(*log)) (file string, broken, err error) {
	r := rand.New(rand.NewPCG(seed, 0x10c5))
	now := int64(0)
	clock := trace.Clock{Name: "virtual", Now: func() int64 { now++; return now }}
	file = filepath.Join(dir, "n1.jsonl")
	record, err := trace.Create(file,
		trace.Event{Run: "log", Recorder: "n1", Role: trace.RoleNode, DriftPPM: 5000}, clock)
	if err != nil {
		return "", nil, err
	}
	l := &log{r: r, s: fsm.New(record.Record), again: fsm.New(nil), record: record, index: 1,
		b: budget.Budget{Name: "b", Keyed: r.IntN(2) == 0}, changes: 1 + 24*r.IntN(2)}
	l.wait = l.pause
	mode(l)
	l.s.Apply(1, 1, fsm.Entry{Open: true})
	l.again.Apply(1, 1, fsm.Entry{Open: true})
	if r.IntN(3) == 0 {
		l.do(0, fsm.Command{TakeOver: &fsm.TakeOver{Backup: strings.Repeat("ab", fsm.BackupIDLen/2)}})
	}
	if l.calendar {
		l.setCalendar()
	}
	l.replace()
	for range steps {
		l.step()
	}
	if l.broken == nil && l.s.Hash() != l.again.Hash() {
		l.broken = errors.New("a replay comes to another state")
	}
	return file, l.broken, record.Close()
}

// do applies one command after a wait. A second replica, which is never restored from a snapshot,
// reads it as the log has it, and must come to the same.
func (l *log) do(wait int64, c fsm.Command) fsm.Result {
	l.index++
	e := fsm.Entry{Epoch: 1, Stamp: l.s.T() + budget.Instant(wait), Commands: []fsm.Command{c}}
	res := l.s.Apply(l.index, 1, e)[0]
	err := fsm.Check(l.s)
	if err == nil {
		err = l.replay(e)
	}
	if err != nil && l.broken == nil {
		l.broken = fmt.Errorf("entry %d: %w", l.index, err)
	}
	return res
}

func (l *log) replay(e fsm.Entry) error {
	data, err := fsm.EncodeEntry(e)
	if err != nil {
		return err
	}
	if e, err = fsm.DecodeEntry(data); err != nil {
		return err
	}
	l.again.Apply(l.index, 1, e)
	if l.again.Digest() != l.s.Digest() {
		return fmt.Errorf("a replay answers otherwise: %+v", e)
	}
	return nil
}

// pause draws a time: none, or a part of a window, or several.
func (l *log) pause() int64 {
	span := int64(l.b.Limits[l.r.IntN(len(l.b.Limits))].Span())
	scales := []int64{1, 2, span/7 + 1, span + 1, 3*span + 1, 40*span + 1}
	return l.r.Int64N(scales[min(l.r.IntN(8), len(scales)-1)])
}

func (l *log) step() {
	if l.calendar && l.r.IntN(6) == 0 {
		l.correct()
		return
	}
	switch n := l.r.IntN(45); {
	case n < 22:
		l.ask()
	case n < 30:
		l.giveBack()
	case n < 35:
		for range 1 + l.r.IntN(l.changes) {
			l.change()
		}
	case n < 36:
		l.replace()
	case n < 37:
		l.do(l.wait(), fsm.Command{DeleteBudget: &fsm.DeleteBudget{Name: "b"}})
		l.put(l.b)
	case n < 38:
		l.restart()
	case n < 40:
		l.open()
	case n < 43:
		l.set()
	case n < 44:
		l.conflicts()
	default:
		l.flurry()
	}
}

// open adds a session, in the place of another one if there are many.
func (l *log) open() {
	key := ""
	if l.b.Keyed {
		key = fmt.Sprint("k", l.r.IntN(3))
	}
	res := l.do(l.wait(), fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b", Key: key}})
	if res.Code != fsm.CodeDone {
		return
	}
	if len(l.users) == maxUsers {
		l.users = slices.Delete(l.users, 0, 1)
	}
	l.users = append(l.users, &user{id: res.Session, key: key})
}

// ask acquires of some limits, or retries.
func (l *log) ask() {
	if len(l.users) == 0 {
		l.open()
		return
	}
	u := l.users[l.r.IntN(len(l.users))]
	if l.r.IntN(8) > 0 {
		u.seq++
	}
	var asks []lease.Ask
	for i, limit := range l.b.Limits {
		if l.r.IntN(3) > 0 {
			need := budget.Credits(l.r.Int64N(int64(limit.Bound()) + 1))
			if l.r.IntN(2) == 0 {
				need = budget.Credits(l.r.IntN(2))
			}
			a := lease.Ask{Limit: i, Need: need, Want: max(1, need) + budget.Credits(l.r.IntN(50))}
			if limit.Kind == budget.KindSlots && len(u.grants) > 0 && l.r.IntN(3) > 0 {
				l.keep(u, &a)
			}
			asks = append(asks, a)
		}
	}
	l.acquire(u, asks)
}

// keep makes an ask a heartbeat: of a lease that is there, or is over, or is of another limit.
func (l *log) keep(u *user, a *lease.Ask) {
	g := u.grants[l.r.IntN(len(u.grants))]
	a.Lease, a.Keep = g.Lease, max(1, g.Amount-budget.Credits(l.r.IntN(3)-1))
	a.Keep = min(budget.MaxSlotHolders, a.Keep)
	if l.r.IntN(2) == 0 {
		a.Need, a.Want = 0, 0
	}
}

// acquire sends one request, and forgets a session that is not known any more.
func (l *log) acquire(u *user, asks []lease.Ask) {
	res := l.do(l.wait(), fsm.Command{Acquire: &lease.Request{Session: u.id, Seq: max(1, u.seq),
		Revision: l.rev, Asks: asks}})
	if res.Code == fsm.CodeChanged { // somebody has set a limit, or that is over
		l.rev = res.Revision
	}
	if res.Code == fsm.CodeUnknownSession {
		l.users = slices.DeleteFunc(l.users, func(v *user) bool { return u == v })
	}
	u.grants = append(u.grants, res.Grants...)
	u.grants = u.grants[max(0, len(u.grants)-maxGrants):]
}

// giveBack returns a part of a lease: the first time, again, in its window or late.
func (l *log) giveBack() {
	if len(l.users) == 0 {
		return
	}
	u := l.users[l.r.IntN(len(l.users))]
	if len(u.grants) == 0 {
		return
	}
	g := u.grants[l.r.IntN(len(u.grants))]
	back := lease.Return{Lease: g.Lease, Window: g.Window,
		Amount: 1 + budget.Credits(l.r.Int64N(int64(g.Amount)))}
	l.do(min(l.wait(), l.wait()), fsm.Command{Return: &fsm.Return{Session: u.id,
		Close: l.r.IntN(20) == 0, Returns: []lease.Return{back}}})
}

// restart replaces the state by what its snapshot restores.
func (l *log) restart() {
	var data bytes.Buffer
	if err := l.s.Snapshot(&data); err != nil {
		panic(err) // a buffer takes everything
	}
	s, err := fsm.Restore(&data, l.record.Record)
	if err != nil {
		panic(fmt.Sprintf("kinds: a snapshot cannot be restored: %v", err))
	}
	l.s = s
}
