package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// walls are the nodes' wall clocks. At any time one node's is hours off, and it is another one's
// now and then, so that clocks step, also of those that lead; and the true time that all others
// show steps as well: as after a stop of the whole cluster, or when its time server was wrong.
type walls struct {
	begins time.Time
	every  time.Duration // how long one node is the one that is wrong
	wrong  time.Duration // by how much
	steps  []step        // of the true time

	mu  sync.Mutex
	ids []string // in the order in which they were met
}

// step is by how much true time is another one from an instant on.
type step struct{ at, by time.Duration }

func newWalls(o Options) *walls {
	r := rand.New(rand.NewPCG(o.Seed, 0xca1e))
	w := &walls{
		begins: time.Date(2026, 3, 28, 22, 50+r.IntN(9), r.IntN(60), 0, time.UTC),
		every:  time.Duration(20+r.IntN(60)) * time.Second,
		wrong:  time.Duration(r.IntN(49)-24)*time.Hour + time.Minute,
	}
	for at := time.Duration(0); at < o.Length; {
		at += time.Duration(40+r.IntN(120)) * time.Second
		by := []time.Duration{time.Second, 40 * time.Second, time.Hour, 25 * time.Hour, -2 * time.Second,
			-20 * time.Second}
		w.steps = append(w.steps, step{at, by[r.IntN(len(by))]})
	}
	return w
}

// read is what a node's wall clock shows at an instant of the run.
func (w *walls) read(id string, now time.Duration) time.Time {
	w.mu.Lock()
	i := slices.Index(w.ids, id)
	if i < 0 {
		i, w.ids = len(w.ids), append(w.ids, id)
	}
	n := len(w.ids)
	w.mu.Unlock()
	shown := w.right(now)
	if int(now/w.every)%n == i {
		shown = shown.Add(w.wrong)
	}
	return shown
}

// right is true time, which steps.
func (w *walls) right(now time.Duration) time.Time {
	shown := w.begins.Add(now)
	for _, s := range w.steps {
		if s.at <= now {
			shown = shown.Add(s.by)
		}
	}
	return shown
}

// DrawCalendar returns the options that belong to seed: a short run whose leaders fail, of budgets
// that follow the minutes and the days of wall clocks that are hours apart.
func DrawCalendar(seed uint64) Options {
	o := Draw(seed)
	r := rand.New(rand.NewPCG(seed, 0xca1d))
	o.Calendar = true
	b := requests("b", budget.Credits(40+r.IntN(100)), time.Minute)
	b.Limits[0].Align, b.Limits[0].Zone = budget.AlignMinute, "Asia/Kathmandu"
	b.Limits = append(b.Limits, budget.Limit{Metric: "tokens", Amount: 20_000,
		Align: budget.AlignDay, Zone: "Europe/Berlin"})
	o.Loads = []Load{{Budget: b, Cost: 1}}
	o.Length = 8 * time.Minute
	o.Silence = time.Duration(5+r.IntN(10)) * time.Second
	return o
}

// follows describes what a limit follows, if it follows the calendar.
func follows(l budget.Limit) string {
	if l.Align == "" {
		return ""
	}
	return strings.Join([]string{", the", string(l.Align), "of", l.Zone}, " ")
}

const (
	// setting is how long a calendar may take to be right once true time does not step any more: a
	// leap under way, and another one; or half of a slow-down.
	setting = 4 * time.Minute
	// watched is how long it is looked at after that.
	watched = 5 * time.Minute
	// glimpse is the time from one such look to the next.
	glimpse = 10 * time.Second
	// offTime is how far off it may be then: by what a cluster clock that drifts by a tenth loses in
	// the two minutes from one look at the clocks to the leap that the next one announces.
	offTime = 20 * time.Second
)

// onTime wants the calendar to become right, and to stay so while one node's clock after the other
// is wrong by hours.
func (c *nodes) onTime(ctx context.Context, a *admin) error {
	if c.walls == nil {
		return nil
	}
	pause(ctx, setting)
	for range watched / glimpse {
		pause(ctx, glimpse)
		if err := a.client.DeleteBudget(ctx, "nobody"); !errors.Is(err, client.ErrUnknownBudget) {
			return fmt.Errorf("cluster: the calendar: got %w, want an unknown budget", err)
		}
		right := c.walls.right(c.now())
		for _, n := range c.up() {
			st := n.Status()
			if !n.IsLeader() || !st.Calendar.Set {
				continue
			}
			if off := st.Calendar.Time.UTC().Sub(right); off.Abs() > offTime {
				return fmt.Errorf("cluster: the calendar of %s is off by %s: %+v", st.Node, off, st.Calendar)
			}
		}
	}
	return nil
}
