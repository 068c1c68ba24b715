package fsm

import (
	"encoding/base64"
	"time"

	"github.com/leased-io/leased/trace"
)

// emitLeap reports that a leap is announced.
func (s *State) emitLeap() {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindLeap, Until: int64(s.calendar.leap.At),
			By: int64(s.calendar.leap.By), Off: int64(s.calendar.off)})
	}
}

// emitLeapt reports that calendar time has leapt.
func (s *State) emitLeapt(by time.Duration) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindLeap, OK: true, By: int64(by), Off: int64(s.calendar.off)})
	}
}

// emitSlowed reports that calendar time has been slowed down since the entry before.
func (s *State) emitSlowed(by time.Duration) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindSlow, By: int64(by), Off: int64(s.calendar.off)})
	}
}

func (s *State) emitZone(rules *ZoneRules) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindZone, Zone: rules.Name, Hash: rules.Version,
			Data: base64.StdEncoding.EncodeToString(rules.Data)})
	}
}
