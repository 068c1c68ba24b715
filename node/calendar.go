package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/budget/zones"
	"github.com/leased-io/leased/fsm"
)

const (
	// calendarEvery is how often a leader looks at the voters' wall clocks, once any limit follows
	// the calendar.
	calendarEvery = 5 * time.Second
	// zonesEvery is how many looks lie between two at the zones' rules.
	zonesEvery = 12
	// calendarTolerance is how far off calendar time may be. It is worth no correction: after a leap
	// is announced every lease is cut short.
	calendarTolerance = 250 * time.Millisecond
	// clockTimeout bounds how long a wall clock is read. A reading is off by half of what it took.
	clockTimeout = calendarTolerance
	// maxApart is how far apart two wall clocks may be: one that is further is taken for none.
	maxApart = 100 * 365 * 24 * time.Hour
)

// calendarKeeper has the calendar follow the wall clocks, while this node leads. Nothing is safer
// for it, and nothing less safe if clocks are wrong: the state machine takes corrections in safe
// steps only (CalendarLeap.tla). A cluster of which no limit follows the calendar reads no clock.
type calendarKeeper struct {
	n    *Node
	log  *slog.Logger
	wall func() time.Time
}

func newCalendarKeeper(n *Node) *calendarKeeper {
	wall := n.cfg.Wall
	if wall == nil {
		wall = time.Now
	}
	return &calendarKeeper{n: n, log: n.log, wall: wall}
}

// run keeps the calendar until ctx ends.
func (k *calendarKeeper) run(ctx context.Context) {
	tick := time.NewTicker(calendarEvery)
	defer tick.Stop()
	for looks := 0; ; looks++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !k.wanted() {
			continue
		}
		if err := k.correct(ctx); err != nil {
			k.log.Warn("calendar not corrected", "error", err)
		}
		if looks%zonesEvery == 0 {
			k.renewZones(ctx)
		}
	}
}

// wanted reports whether this node leads a cluster with a calendar.
func (k *calendarKeeper) wanted() (set bool) {
	if k.n.leadership.current.Load() == nil {
		return false
	}
	k.n.fsm.View(func(s *fsm.State) { set = s.CalendarAt(0).Set })
	return set
}

// look returns the calendar as it is now, and this node's wall clock, if it leads and has read both
// clocks without a pause in between.
func (k *calendarKeeper) look() (wall time.Time, now fsm.CalendarStatus, leads bool) {
	clock := k.n.leadership.current.Load()
	if clock == nil {
		return wall, now, false
	}
	at := clock.now()
	wall = k.wall()
	if clock.now().Sub(at) > clockTimeout {
		return wall, now, false
	}
	k.n.fsm.View(func(s *fsm.State) {
		now = s.CalendarAt(at)
		if !now.Set {
			now.Time = budget.Calendar(max(at, s.T()))
		}
	})
	return wall, now, true
}

// correct proposes a correction, if one is due. It names the revision of the calendar that it was
// decided on, so that none is made twice.
func (k *calendarKeeper) correct(ctx context.Context) error {
	seen := k.readClocks(ctx)
	wall, now, leads := k.look()
	if !leads || now.LeapIn > 0 {
		return nil
	}
	if !now.Set && !seen.knowsLow {
		return errors.New("too few voters tell their wall clocks")
	}
	// What is owed is taken from it without being told again.
	by := seen.correction(now.Time.Sub(budget.CalendarOf(wall)) - now.Owed)
	if by == 0 {
		return nil
	}
	cmd := fsm.SetCalendar{Revision: now.Revision}
	if by -= now.Owed; by > 0 {
		cmd.Leap = by
	} else if cmd.Slow = min(-by, budget.MaxPer); cmd.Slow == 0 {
		return nil // a leap that would lead nowhere
	}
	res, err := k.n.committer.propose(ctx, fsm.Command{Calendar: &cmd})
	if err != nil {
		return err
	}
	if res.Code != fsm.CodeDone {
		return fmt.Errorf("%s: %s", res.Code, res.Detail)
	}
	k.log.Info("calendar corrected", "calendar", now.Time.UTC(), "leap", cmd.Leap, "slow", cmd.Slow)
	return nil
}

// readClocks asks all voters for their wall clocks, each as what it is ahead of this node's.
func (k *calendarKeeper) readClocks(ctx context.Context) median {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	var voters int
	var mu sync.Mutex
	var known []time.Duration
	var asking sync.WaitGroup
	for _, s := range k.n.members.configuration() {
		if s.Suffrage != raft.Voter {
			continue
		}
		voters++
		if string(s.ID) == k.n.id {
			mu.Lock()
			known = append(known, 0)
			mu.Unlock()
			continue
		}
		asking.Go(func() {
			ahead, err := k.readClock(ctx, k.n.members.apiOf(string(s.ID)))
			if err != nil {
				k.log.Debug("wall clock not read", "member", s.ID, "error", err)
				return
			}
			mu.Lock()
			known = append(known, ahead)
			mu.Unlock()
		})
	}
	asking.Wait()
	return medianOf(known, voters)
}

// readClock returns how far another node's wall clock is ahead of this one's.
func (k *calendarKeeper) readClock(ctx context.Context, api string) (time.Duration, error) {
	if api == "" {
		return 0, errors.New("its API address is not known")
	}
	asked, before := k.n.cfg.Clock(), k.wall()
	theirs, err := k.n.server.ReadClock(ctx, api)
	if err != nil {
		return 0, err
	}
	took := k.n.cfg.Clock() - asked
	if took > clockTimeout {
		return 0, fmt.Errorf("it was read in %s", took)
	}
	ahead := theirs.Sub(before.Add(took / 2))
	if ahead.Abs() > maxApart {
		return 0, fmt.Errorf("its wall clock shows %s", theirs)
	}
	return ahead, nil
}

// prepare readies the calendar for a budget that is to be put. What it cannot do the state machine
// says.
func (k *calendarKeeper) prepare(ctx context.Context, b budget.Budget) error {
	for _, l := range b.Limits {
		if l.Align == "" {
			continue
		}
		_, now, leads := k.look()
		if !leads {
			return nil
		}
		if !now.Set {
			if err := k.correct(ctx); err != nil {
				k.log.Warn("calendar not set", "error", err)
			}
		}
		if err := k.tellZone(ctx, l.Zone); err != nil {
			return err
		}
	}
	return nil
}

// tellZone has the log tell of a zone's rules, if it has not told of these or later ones.
func (k *calendarKeeper) tellZone(ctx context.Context, name string) error {
	var told string
	k.n.fsm.View(func(s *fsm.State) { told = s.ZoneVersion(name) })
	if name == budget.UTCZone || told >= zones.Version {
		return nil
	}
	data, err := zones.Find(name)
	if err != nil {
		return fmt.Errorf("zone: %w", err)
	}
	rules := &fsm.ZoneRules{Name: name, Version: zones.Version, Data: data}
	_, err = k.n.committer.propose(ctx, fsm.Command{Calendar: &fsm.SetCalendar{Zone: rules}})
	return err
}

// renewZones tells the log of rules that this node has in a later version. They are refused while
// they would change a window that has begun, and told again later.
func (k *calendarKeeper) renewZones(ctx context.Context) {
	var names []string
	k.n.fsm.View(func(s *fsm.State) { names = s.ZonesBefore(zones.Version) })
	for _, name := range names {
		if err := k.tellZone(ctx, name); err != nil {
			k.log.Warn("zone not renewed", "zone", name, "error", err)
		}
	}
}
