package timeline

import (
	"encoding/json"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// broken is a violation while its page is made.
type broken struct {
	*twin.Violation
	places  []instant
	account *account
	window  int64 // -1: none
}

// begin places a violation's events. They were not observed, but the axis has to reach them.
func (b *builder) begin(v *twin.Violation) *broken {
	if v == nil {
		return nil
	}
	k := &broken{Violation: v, window: -1}
	for i := range v.Events {
		if g := b.leases[v.Events[i].Event.Lease]; g != nil {
			g.named = true
		}
	}
	for i := range v.Events {
		at := &v.Events[i]
		place := b.placeOf(at)
		if i == 0 && ofLog(at.Event.Kind) && v.Invariant != twin.ReplicasAgree {
			place = b.axis.log // it broke what the entry came to, whenever this node applied it
		}
		k.places = append(k.places, place)
		if f, s := b.file(at.File), b.sessions[at.Event.Session]; s != nil && s.file == "" &&
			f != nil && f.Role == trace.RoleFleet {
			s.file = at.File // its first event of all
		}
		if k.account == nil {
			k.account, k.window = b.concerns(&at.Event)
		}
	}
	return k
}

// placeOf says where any event is on the axis, whether it was observed or not. An admission
// is where it happened, not where it was recorded.
func (b *builder) placeOf(at *twin.Located) instant {
	f := b.file(at.File)
	e := &at.Event
	switch {
	case e.Last != 0:
		return b.axis.fleet(at.File, e.Last)
	case f != nil && f.Role == trace.RoleFleet:
		return b.place(at, f.Role)
	case e.Kind == trace.KindGrant && b.leases[e.Lease] != nil:
		return b.leases[e.Lease].granted
	case e.Kind == trace.KindEntry:
		return b.axis.reached(b.axis.ofEntry(e))
	case b.axis.real:
		return b.axis.node(e.At)
	}
	return b.axis.log
}

// ofLog reports whether an event comes from an entry, and follows it.
func ofLog(k trace.Kind) bool {
	switch k {
	case trace.KindEpoch, trace.KindLimit, trace.KindBudget, trace.KindRoll, trace.KindSession,
		trace.KindSessionEnd, trace.KindGrant, trace.KindReplay, trace.KindDeny,
		trace.KindReturn:
		return true
	}
	return false
}

// concerns returns the account and the window that an event is about; -1 for no window.
func (b *builder) concerns(e *trace.Event) (*account, int64) {
	if g := b.leases[e.Lease]; g != nil {
		return b.accounts[g.account.id], g.window
	}
	l := b.limits[e.Limit]
	if l == nil {
		return nil, -1
	}
	a := b.accounts[l.account(e.Key)]
	switch e.Kind {
	case trace.KindLimit, trace.KindDeny: // they have no window of their own
		return a, l.current()
	}
	return a, e.Window
}

// finish makes what the page says of a violation.
func (b *builder) finish(k *broken) *violation {
	v := &violation{Invariant: k.Invariant, Text: k.Text, Account: -1, Window: -1,
		To: b.axis.end, Events: []violationEvent{}}
	for _, i := range twin.Invariants() {
		if i.Name == k.Invariant {
			v.Rule, v.Meaning = i.Rule, i.Text
		}
	}
	for i := range k.Events[:min(len(k.Events), maxEvents)] {
		at := k.places[i]
		v.Events = append(v.Events, b.event(&k.Events[i], at))
		if i == 0 { // the others may be of long before
			v.From, v.To = at, at
		}
	}
	if at, shown := b.accountOf[k.account]; shown && k.account != nil {
		v.Account, v.Window = at, k.window
		for _, w := range k.account.limit.bands {
			if w.window == k.window {
				v.From = min(v.From, w.from)
				v.To = max(v.To, w.to)
			}
		}
	}
	// What AnyInterval is broken by was observed: it is judged when its window is over.
	if len(k.Events) > 0 && v.Account >= 0 && k.Invariant != twin.AnyInterval {
		v.Excess, v.ExcessOf = excess(&k.Events[0].Event)
	}
	return v
}

// excess is what an event would have added to its window.
func excess(e *trace.Event) (n int64, of string) {
	switch e.Kind {
	case trace.KindAdmit:
		return e.N, "admitted"
	case trace.KindGrant:
		return e.Amount, "granted"
	}
	return 0, ""
}

func (b *builder) event(at *twin.Located, place instant) violationEvent {
	e := &at.Event
	line, err := json.Marshal(e)
	if err != nil { // not of plain fields
		line = []byte(err.Error())
	}
	node, process := b.whose(at.File)
	session := -1
	if s := b.sessions[e.Session]; s != nil && e.Session > 0 {
		session = b.lane(s)
	}
	name := b.names[at.File]
	if name == "" {
		name = at.File
	}
	return violationEvent{File: name, Line: at.Line, Text: string(line), Kind: string(e.Kind),
		At: place, Node: node, Proc: process, Session: session, Lease: e.Lease}
}
