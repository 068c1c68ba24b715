package explore

import "fmt"

// leapState is a state of CalendarLeap: WindowLease, where a window is one of calendar time.
// Calendar time is elapsed cluster time plus an offset.
type leapState struct {
	windowState // C, T and stamps are elapsed time; windows are of calendar time

	Off  int16 // calendar time minus elapsed time
	Leap leap  // the leap that is announced
}

// leap is an announcement: at the elapsed instant At the offset grows by By.
type leap struct{ At, By int16 }

var noLeap = leap{At: -1}

// opClock is a command that carries no request. It may correct the calendar.
const opClock uint8 = 3

// nobody is whom a clock command concerns.
const nobody int8 = -1

// cal is the calendar time of the last committed command.
func (s *leapState) cal() int { return int(s.T) + int(s.Off) }

// calendar is what a command leaves of the calendar: the offset and the leap in force.
type calendar struct {
	off  int
	leap leap
}

func (s *leapState) calendar() calendar { return calendar{int(s.Off), s.Leap} }

// init0 is the one initial state.
func (m *leapModel) init0() leapState {
	return leapState{windowState: m.window.init0(), Leap: noLeap}
}

// fold makes elapsed time relative to T, and calendar time relative to the window it is in.
// Every action uses them so, hence all of time is explored. Past windows are all alike.
func (m *leapModel) fold(s leapState) leapState {
	base := s.T
	win := int8(m.window.win(s.cal()))
	rel := func(w int8) int8 {
		switch {
		case w == -1:
			return -1
		case w < win:
			return -2
		}
		return 0
	}
	s.Off = int16(s.cal() - int(win)*m.p.W)
	s.C -= base
	s.T = 0
	for i := range s.Log[:s.LogLen] {
		s.Log[i].Stamp -= base
	}
	for k := range s.Tab {
		s.Tab[k].Win = rel(s.Tab[k].Win)
	}
	for a := range s.Cli {
		s.Ans[a].Win = rel(s.Ans[a].Win)
		s.Cli[a].Win = rel(s.Cli[a].Win)
	}
	if s.Leap != noLeap {
		s.Leap.At -= base
	}
	return s
}

func hashLeap(s leapState) uint64 {
	calendar := uint64(uint16(s.Off))<<32 | uint64(uint16(s.Leap.At))<<16 | uint64(s.Leap.By)
	return mix(hashWindow(s.windowState), calendar)
}

// show returns s in words.
func (m *leapModel) show(s leapState) []Field {
	log := make([]string, 0, maxLog)
	for _, c := range s.Log[:s.LogLen] {
		switch c.Op {
		case opClock:
			log = append(log, fmt.Sprintf("clock@%d", c.Stamp))
		case opReserve:
			log = append(log, fmt.Sprintf("reserve(a%d)@%d", c.A+1, c.Stamp))
		default:
			log = append(log, fmt.Sprintf("return(a%d)@%d", c.A+1, c.Stamp))
		}
	}
	announced := "none"
	if s.Leap != noLeap {
		announced = fmt.Sprintf("{at %d by %d}", s.Leap.At, s.Leap.By)
	}
	without := s.windowState // its own words do not know of clock commands
	without.LogLen = 0
	fields := []Field{
		{"cal", fmt.Sprint(s.cal())}, {"leap", announced}, {"proposed", fmt.Sprint(log)},
	}
	return append(fields, m.window.show(without)...)
}
