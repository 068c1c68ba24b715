package timeline

import (
	"fmt"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// Timeline collects what a page shows while a check runs. It is not safe for concurrent use.
type Timeline struct {
	files []File
	axis  axis
	out   LeftOut
	order int64 // counts the uses of accounts

	cluster  cluster
	limits   map[uint64]*limit // in force
	bands    newest[*band]
	accounts map[accountID]*account
	tallies  newest[*tally]

	sessions map[uint64]*session
	leases   map[uint64]*lease
	drawn    newest[*lease]
	late     []*lease // summed up, and perhaps not over yet
	cells    newest[*cell]
	cellOf   map[cellID]*cell
	denials  newest[denial]
	failures newest[failOpen]
}

// New returns a Timeline for a check of files.
func New(files []File) *Timeline {
	return &Timeline{
		files:    files,
		axis:     newAxis(files),
		limits:   make(map[uint64]*limit),
		accounts: make(map[accountID]*account),
		sessions: make(map[uint64]*session),
		leases:   make(map[uint64]*lease),
		cellOf:   make(map[cellID]*cell),
	}
}

// Observe takes an event that has passed its checks. It is for twin.Options.Observe.
func (t *Timeline) Observe(at *twin.Located, header *trace.Event) {
	e := &at.Event
	switch {
	case e.Kind == trace.KindGap:
		t.mark(mark{at: t.place(at, header.Role), kind: e.Kind, file: at.File,
			text: fmt.Sprintf("%d events of %s were lost", e.N, header.Recorder)})
	case header.Role == trace.RoleFleet:
		t.fleet(at)
	default:
		t.node(at.File, header.Recorder, e)
		t.logged(e)
	}
}

// logged takes an event of the log.
func (t *Timeline) logged(e *trace.Event) {
	switch e.Kind {
	case trace.KindEntry:
		t.axis.entry(e)
		if !e.OK {
			t.mark(mark{at: t.axis.log, kind: e.Kind, text: fmt.Sprintf(
				"entry %d was stamped under epoch %d, which was over: no effect",
				e.Index, e.Epoch)})
		}
	case trace.KindEpoch:
		t.epoch(e)
	case trace.KindLimit:
		t.limitEvent(e)
	case trace.KindRoll:
		t.roll(e)
	case trace.KindSession:
		t.session(e.Session)
	case trace.KindSessionEnd:
		t.session(e.Session).over = true
	case trace.KindGrant:
		t.grant(e)
	case trace.KindReplay:
		if g := t.leases[e.Lease]; g != nil {
			g.grantedAt = t.axis.now
			g.replays++
		}
	case trace.KindDeny:
		t.deny(e)
	case trace.KindReturn:
		t.takeBack(e)
	}
}

// place says where an event is on the axis.
func (t *Timeline) place(at *twin.Located, role string) instant {
	if role == trace.RoleFleet {
		return t.axis.fleet(at.File, at.Event.At)
	}
	return t.axis.node(at.Event.At)
}

// file returns the file of that name, or nil.
func (t *Timeline) file(name string) *File {
	for i := range t.files {
		if t.files[i].Name == name {
			return &t.files[i]
		}
	}
	return nil
}
