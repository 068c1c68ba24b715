package explore

import "fmt"

// The most of each that a configuration of SlotLease may have.
const (
	maxHolders = 3
	maxBeats   = 4
)

// slotState is a state of SlotLease: at any instant at most L holders believe that they hold a
// slot. A holder keeps its slot by heartbeats, the first of which acquires it; the coordinator
// frees it TTL units of cluster time after the last heartbeat that it took, or on Release.
type slotState struct {
	C, T int16
	Tab  [maxHolders]int16 // the cluster time at which a holder's slot is freed
	Cli  [maxHolders]slotClient
	Beat [maxBeats]heartbeat
	Rel  [maxHolders]bool // is a Release of the holder in the network?
}

// slotClient is what a holder believes: how much of its hold is left, on its own clock.
type slotClient struct{ St, Left int8 }

const (
	slotIdle int8 = iota
	slotOn
	slotGone
)

// heartbeat is an attempt, with its age on its holder's clock.
type heartbeat struct{ St, Age int8 }

const (
	beatFree int8 = iota
	beatSent
	beatTaken // its answer is on its way
)

// foldSlot makes cluster time relative to T; a slot freed before T is free.
func foldSlot(s slotState) slotState {
	for h := range s.Tab {
		s.Tab[h] = max(0, s.Tab[h]-s.T)
	}
	s.C, s.T = s.C-s.T, 0
	return s
}

func hashSlot(s slotState) uint64 {
	h := mix(uint64(uint16(s.C)), uint64(uint16(s.T)))
	for i, c := range s.Cli {
		h = mix(h, uint64(uint16(s.Tab[i]))<<24|pack(c.St, c.Left, bit(s.Rel[i])))
	}
	for _, b := range s.Beat {
		h = mix(h, pack(b.St, b.Age))
	}
	return h
}

// show returns s in words.
func (m *slotModel) show(s slotState) []Field {
	fields := []Field{{"C", fmt.Sprint(s.C)}, {"T", fmt.Sprint(s.T)}}
	for h := range m.p.Holders {
		c := s.Cli[h]
		st := [...]string{"idle", "on", "gone"}[c.St]
		fields = append(fields,
			Field{fmt.Sprintf("tab[h%d]", h+1), fmt.Sprint(s.Tab[h])},
			Field{fmt.Sprintf("cli[h%d]", h+1), fmt.Sprintf("{%s left %d}", st, c.Left)},
			Field{fmt.Sprintf("rel[h%d]", h+1), fmt.Sprint(s.Rel[h])})
	}
	for b := range m.p.Owner {
		st := [...]string{"free", "sent", "taken"}[s.Beat[b].St]
		fields = append(fields, Field{fmt.Sprintf("beat[b%d]", b+1),
			fmt.Sprintf("{%s age %d}", st, s.Beat[b].Age)})
	}
	return fields
}
