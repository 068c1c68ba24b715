//go:build linux

package process

import (
	"errors"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// records is what the traces say beyond what the checker and the report tell.
type records struct {
	grants map[uint64]granted // lease -> its first appearance in any node's file
	rolls  map[uint64]rolls   // limit -> its rolls
	slots  map[uint64]bool    // limits whose leases end at times of their own
	tails  map[uint64]int64   // epoch -> the last event in the file of the node that led it
	again  map[replay]int64   // a retry's answer -> the first instant in any node's file
	admits []admitted
	sums   map[string]int64 // recorder -> credits
	marks  *linear.Marks
}

type granted struct {
	at, ttl int64
	limit   uint64
}

// replay is what a retry was told: what is left of a lease by the cluster's clock, which stands
// still while nobody leads.
type replay struct {
	lease uint64
	ttl   int64
}

// rolls are a limit's, by window.
type rolls map[int64]rolled

// rolled is how a window was entered.
type rolled struct {
	at    int64 // the first instant in any node's file
	epoch uint64
	// led: it is in the file of the node that led the epoch, who was the first to know. If it is
	// not, since the node was killed before its trace was written, at is too late: grants of the
	// window may have been answered before it.
	led bool
}

// entered is an instant at which the window of a roll was surely not entered yet, or just then.
func (r *records) entered(roll rolled) int64 {
	if roll.led {
		return roll.at
	}
	return min(roll.at, r.tails[roll.epoch]) // 0 if nobody's file says that it led
}

// admitted is one admit event, by its recorder's clock.
type admitted struct {
	recorder                   string
	lease                      uint64
	window, first, last, count int64
}

// read reads the trace files.
func read(files []string) (*records, error) {
	r := &records{grants: map[uint64]granted{}, rolls: map[uint64]rolls{},
		slots: map[uint64]bool{}, tails: map[uint64]int64{}, again: map[replay]int64{},
		sums: map[string]int64{}, marks: linear.NewMarks()}
	for _, path := range files {
		file, err := trace.Open(path)
		if err != nil {
			return nil, err
		}
		err = r.file(file)
		_ = file.Close()
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *records) file(file *trace.Reader) error {
	recorder, epoch := file.Header().Recorder, uint64(0)
	index, event := uint64(0), 0 // the place in the log
	led, last := map[uint64]bool{}, int64(0)
	for {
		e, err := file.Next()
		if errors.Is(err, io.EOF) {
			for epoch := range led {
				r.tails[epoch] = last
			}
			return nil
		} else if err != nil {
			return err
		}
		last = e.At
		switch e.Kind {
		case trace.KindLeader:
			if e.OK { // an epoch has the term's number
				led[e.Term] = true
			}
		case trace.KindEntry:
			epoch, index, event = e.Epoch, e.Index, 0
		case trace.KindLimit:
			r.slots[e.Limit] = r.slots[e.Limit] || e.Shape == string(budget.KindSlots)
		case trace.KindRoll:
			if r.rolls[e.Limit] == nil {
				r.rolls[e.Limit] = rolls{}
			}
			roll, known := r.rolls[e.Limit][e.Window]
			if !known || e.At < roll.at {
				roll.at = e.At
			}
			roll.epoch, roll.led = epoch, roll.led || led[epoch]
			r.rolls[e.Limit][e.Window] = roll
		case trace.KindGrant:
			if g, known := r.grants[e.Lease]; !known || e.At < g.at {
				r.grants[e.Lease] = granted{e.At, e.TTL, e.Limit}
			}
		case trace.KindReplay:
			told := replay{e.Lease, e.TTL}
			if at, known := r.again[told]; !known || e.At < at {
				r.again[told] = e.At
			}
		case trace.KindAdmit:
			r.admits = append(r.admits,
				admitted{recorder, e.Lease, e.Window, e.First, e.Last, e.Count})
			r.sums[recorder] += e.N
		}
		event++
		r.marks.Take(index, event, &e)
	}
}

// carried returns the admissions that were made, in real time, outside the rolls around their
// lease's window (NoCarryOver), strictly: every reading is of the instant that it stands for. A
// lease of slots has no window: it ends when what was told of it last, in the grant or to a retry,
// is over (NeverEarly).
// real maps an instant of a recorder's trace to the nodes' clock.
func (r *records) carried(real func(recorder string, at int64) int64) (found []admitted) {
	windows := map[uint64][]int64{}
	for limit, rolled := range r.rolls {
		windows[limit] = slices.Sorted(maps.Keys(rolled))
	}
	over := map[uint64]int64{}
	for told, at := range r.again {
		over[told.lease] = max(over[told.lease], at+told.ttl)
	}
	for _, a := range r.admits {
		g, known := r.grants[a.lease]
		if !known {
			continue // the checker's
		}
		rolled, entered := r.rolls[g.limit], int64(0)
		if roll, known := rolled[a.window]; known { // or the limit was new
			entered = r.entered(roll)
		}
		left := int64(math.MaxInt64)
		after := windows[g.limit]
		i, _ := slices.BinarySearch(after, a.window+1)
		switch {
		case r.slots[g.limit]:
			entered, left = 0, max(g.at+g.ttl, over[a.lease])
		case i < len(after):
			left = rolled[after[i]].at
		}
		if real(a.recorder, a.first) < entered || real(a.recorder, a.last) >= left {
			found = append(found, a)
		}
	}
	return found
}
