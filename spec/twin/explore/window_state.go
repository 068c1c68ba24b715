package explore

import "fmt"

// The most of each that a configuration may have. Fixed, so that a state is a flat value.
const (
	maxAttempts = 3
	maxKeys     = 3
	maxLog      = 2
)

// windowState is a state of WindowLease: a budget of Limit credits per window of cluster time,
// a leader, a log, and attempts of clients to lease credits.
//
// Real time is nowhere in it: nobody can read it. Neither is the network: whatever was ever
// sent may be delivered at any later step, any number of times, or never.
//
// Numbers are small because explorations are shallow: none is 50 steps deep, a step moves time
// by at most 12 units, and so T stays below 600 and windows, of 6 units, below 100.
type windowState struct {
	C   int16           // the leader's reading of the cluster clock
	T   int16           // cluster time of the last committed command
	Log [maxLog]command // proposed and not yet committed; zero from LogLen on

	LogLen int8
	Up     bool // is there a leader that may stamp and propose?
	Avail  int8 // credits not charged in the window of T
	Adm    int8 // ghost: admissions, fleet-wide, since the last roll

	Tab [maxKeys]grant      // what each request was granted in the window of T
	Use [maxKeys]use        // ghost: what became of it
	Ans [maxAttempts]answer // the answer in flight to each attempt
	Cli [maxAttempts]client // the client's side of each attempt
}

// command is a proposal: attempt A's Reserve or Return, with the leader's stamp.
type command struct {
	Stamp int16
	Op    uint8
	A     int8
}

const (
	opReserve uint8 = 1
	opReturn  uint8 = 2
)

// grant is an entry of the replicated table. Win is -1 in noGrant.
type grant struct {
	Win, G int8
	Ret    bool // was a Return taken?
}

// answer carries a duration, never an instant.
type answer struct{ Win, G, TTL int8 }

// use says what became of a grant's credits.
type use struct{ Spent, Lost int8 }

// client is a client's side of an attempt: its age, by its own clock, or what is left of
// its grant's life, and its credits. Back are the credits that a Return it sent gives back.
type client struct{ St, Age, Left, Win, Cred, Back int8 }

const (
	idle int8 = iota
	sent
	held
	gone
)

var (
	noGrant    = grant{Win: -1}
	noAnswer   = answer{Win: -1}
	noUse      = use{}
	idleClient = client{St: idle, Win: -1}
	goneClient = client{St: gone, Win: -1}
)

// init0 is the one initial state.
func (m *windowModel) init0() windowState {
	s := windowState{Up: true, Avail: int8(m.p.Limit)}
	for k := range s.Tab {
		s.Tab[k] = noGrant
	}
	for a := range s.Cli {
		s.Ans[a], s.Cli[a] = noAnswer, idleClient
	}
	return s
}

// fold makes cluster time relative to the window of T. Every action uses it so, hence states
// that differ by whole windows behave alike, and with this all of time is explored, not a
// prefix of it. Past windows are all alike.
func (m *windowModel) fold(s windowState) windowState {
	win := int8(m.win(int(s.T)))
	base := int16(win) * int16(m.p.W)
	rel := func(w int8) int8 {
		switch {
		case w == -1:
			return -1
		case w < win:
			return -2
		}
		return 0
	}
	s.C -= base
	s.T -= base
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
	return s
}

func hashWindow(s windowState) uint64 {
	h := mix(uint64(uint16(s.C))<<16|uint64(uint16(s.T)),
		pack(s.LogLen, s.Avail, s.Adm, bit(s.Up)))
	for _, c := range s.Log[:s.LogLen] {
		h = mix(h, uint64(uint16(c.Stamp))<<16|pack(int8(c.Op), c.A))
	}
	for k := range s.Tab {
		e, u := &s.Tab[k], &s.Use[k]
		h = mix(h, pack(e.Win, e.G, bit(e.Ret), u.Spent, u.Lost))
	}
	for a := range s.Cli {
		n := &s.Ans[a]
		h = mix(h, s.Cli[a].word()^pack(n.Win, n.G, n.TTL)*0x9e3779b97f4a7c15)
	}
	return h
}

func (c *client) word() uint64 { return pack(c.St, c.Age, c.Left, c.Win, c.Cred, c.Back) }

func bit(b bool) int8 {
	if b {
		return 1
	}
	return 0
}

// show returns s in words.
func (m *windowModel) show(s windowState) []Field {
	log := make([]string, 0, maxLog)
	for _, c := range s.Log[:s.LogLen] {
		op := [...]string{opReserve: "reserve", opReturn: "return"}[c.Op]
		log = append(log, fmt.Sprintf("%s(a%d)@%d", op, c.A+1, c.Stamp))
	}
	fields := []Field{
		{"C", fmt.Sprint(s.C)}, {"T", fmt.Sprint(s.T)}, {"up", fmt.Sprint(s.Up)},
		{"avail", fmt.Sprint(s.Avail)}, {"adm", fmt.Sprint(s.Adm)}, {"log", fmt.Sprint(log)},
	}
	for k := range m.p.keys() {
		tab := "none"
		if e := s.Tab[k]; e != noGrant {
			tab = fmt.Sprintf("{win %d g %d ret %t}", e.Win, e.G, e.Ret)
		}
		fields = append(fields, Field{fmt.Sprintf("tab[k%d]", k+1), tab},
			Field{fmt.Sprintf("use[k%d]", k+1),
				fmt.Sprintf("{spent %d lost %d}", s.Use[k].Spent, s.Use[k].Lost)})
	}
	for a := range m.p.KeyOf {
		ans := "none"
		if n := s.Ans[a]; n != noAnswer {
			ans = fmt.Sprintf("{win %d g %d ttl %d}", n.Win, n.G, n.TTL)
		}
		fields = append(fields, Field{fmt.Sprintf("ans[a%d]", a+1), ans},
			Field{fmt.Sprintf("cli[a%d]", a+1), s.Cli[a].text()})
	}
	return fields
}

// text says what a client in its state has; the rest is as in idleClient.
func (c *client) text() string {
	switch c.St {
	case sent:
		return fmt.Sprintf("{sent age %d}", c.Age)
	case held:
		return fmt.Sprintf("{held left %d win %d cred %d back %d}", c.Left, c.Win, c.Cred, c.Back)
	case gone:
		return fmt.Sprintf("{gone win %d back %d}", c.Win, c.Back)
	}
	return "idle"
}
