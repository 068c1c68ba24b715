//go:build linux

package process

import (
	"errors"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/leased-io/leased/trace"
)

// records is what the traces say beyond what the checker reports.
type records struct {
	grants map[uint64]granted // lease -> its first appearance in any node's file
	opened map[uint64]int64   // epoch -> when a node had first applied its opening
	rolls  map[uint64]rolls   // limit -> its rolls
	admits []admitted
	sums   map[string]int64 // recorder -> credits
}

type granted struct {
	at           int64
	epoch, limit uint64
}

// rolls are the instants at which a window was entered, in any node's file.
type rolls map[int64]int64

// admitted is one admit event, by its recorder's clock.
type admitted struct {
	recorder                   string
	lease                      uint64
	window, first, last, count int64
}

// read reads the trace files.
func read(files []string) (*records, error) {
	r := &records{grants: map[uint64]granted{}, opened: map[uint64]int64{},
		rolls: map[uint64]rolls{}, sums: map[string]int64{}}
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
	for {
		e, err := file.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch e.Kind {
		case trace.KindEntry:
			epoch = e.Epoch
		case trace.KindEpoch:
			earliest(r.opened, e.Epoch, e.At)
		case trace.KindRoll:
			if r.rolls[e.Limit] == nil {
				r.rolls[e.Limit] = rolls{}
			}
			earliest(r.rolls[e.Limit], e.Window, e.At)
		case trace.KindGrant:
			if g, known := r.grants[e.Lease]; !known || e.At < g.at {
				r.grants[e.Lease] = granted{e.At, epoch, e.Limit}
			}
		case trace.KindAdmit:
			r.admits = append(r.admits,
				admitted{recorder, e.Lease, e.Window, e.First, e.Last, e.Count})
			r.sums[recorder] += e.N
		}
	}
}

// earliest keeps the least instant.
func earliest[K comparable](of map[K]int64, key K, at int64) {
	if before, known := of[key]; !known || at < before {
		of[key] = at
	}
}

// carried returns the admissions that were made, in real time, outside the rolls around their
// lease's window (NoCarryOver), strictly: every reading is of the instant that it stands for.
// real maps an instant of a recorder's trace to the nodes' clock.
func (r *records) carried(real func(recorder string, at int64) int64) (found []admitted) {
	windows := map[uint64][]int64{}
	for limit, rolled := range r.rolls {
		windows[limit] = slices.Sorted(maps.Keys(rolled))
	}
	for _, a := range r.admits {
		g, known := r.grants[a.lease]
		if !known {
			continue // the checker's
		}
		rolled, entered := r.rolls[g.limit], int64(0)
		if at, known := rolled[a.window]; known { // or the limit was new
			entered = at
		}
		left := int64(math.MaxInt64)
		after := windows[g.limit]
		i, _ := slices.BinarySearch(after, a.window+1)
		if i < len(after) {
			left = rolled[after[i]]
		}
		if real(a.recorder, a.first) < entered || real(a.recorder, a.last) >= left {
			found = append(found, a)
		}
	}
	return found
}
