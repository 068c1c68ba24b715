package explore

import (
	"cmp"
	"fmt"
)

const (
	clockServers = 3
	// maxEntries is the longest log that a configuration may have.
	maxEntries = 5
)

// clockState is a state of ClusterClock: where the cluster clock comes from. There is a Raft
// log, leaders with drifting clocks, deposed leaders that do not know it, restarts, and code
// that is paused between reading the clock and appending the command.
//
// Raft is reduced to what matters here: an election takes a quorum's votes in one step, and a
// leader copies its whole log to a follower in one step. Terms, the up-to-date check,
// overwritten suffixes and the commit-only-own-term rule are as in Raft.
type clockState struct {
	Now  int8 // ghost: real time, in ticks; nobody reads it
	Srv  [clockServers]server
	Done clockLog // ghost: the committed log
}

type server struct {
	Term  int8
	Log   clockLog
	Lead  bool // believes that it leads
	Ready bool // may stamp
	Clock int8 // its reading of the cluster clock
	Hand  hand // a stamp read and not yet appended; zero for none
}

// hand is a stamp, the leadership under which it was read, and (ghost) when.
type hand struct{ Epoch, Stamp, Read int8 }

// clockLog is a log; entries from Len on are zero.
type clockLog struct {
	Len     int8
	Entries [maxEntries]clockEntry
}

// clockEntry is a command or a barrier. A barrier opens an epoch and has no time of its own.
type clockEntry struct {
	Term   int8 // of the leader that appended it
	Epoch  int8 // the leadership under which its stamp was read
	Bar    bool
	Stamp  int8
	Read   int8 // ghost: real time when the stamp was read
	Append int8 // ghost: ... and when it was appended
}

func (e clockEntry) word() uint64 {
	return pack(e.Term, e.Epoch, bit(e.Bar), e.Stamp, e.Read, e.Append)
}

// last is the last entry, or a barrier of term 0 where there is none.
func (l *clockLog) last() clockEntry {
	if l.Len == 0 {
		return clockEntry{Bar: true}
	}
	return l.Entries[l.Len-1]
}

func (l *clockLog) push(e clockEntry) {
	l.Entries[l.Len] = e
	l.Len++
}

// head is the log's first n entries.
func (l *clockLog) head(n int8) clockLog {
	h := *l
	clear(h.Entries[n:])
	h.Len = n
	return h
}

// prefixOf is whether m begins with l.
func (l *clockLog) prefixOf(m *clockLog) bool {
	if l.Len > m.Len {
		return false
	}
	for i := range l.Entries[:l.Len] {
		if l.Entries[i] != m.Entries[i] {
			return false
		}
	}
	return true
}

// upToDate is Raft's rule of whom to vote for: a candidate with log l gets m's vote.
func (l *clockLog) upToDate(m *clockLog) bool {
	a, b := l.last().Term, m.last().Term
	return a > b || a == b && l.Len >= m.Len
}

func (l *clockLog) hash(h uint64) uint64 {
	h = mix(h, uint64(l.Len))
	for _, e := range l.Entries[:l.Len] {
		h = mix(h, e.word())
	}
	return h
}

func (v *server) word() uint64 {
	return pack(v.Term, bit(v.Lead), bit(v.Ready), v.Clock, v.Hand.Epoch, v.Hand.Stamp, v.Hand.Read)
}

func hashClock(s clockState) uint64 {
	h := s.Done.hash(uint64(s.Now))
	for i := range s.Srv {
		h = s.Srv[i].Log.hash(mix(h, s.Srv[i].word()))
	}
	return h
}

// canonicalClock sorts the servers. Nothing in a state names a server other than by its
// place, so states that differ by a renaming of servers become one.
func canonicalClock(s clockState) clockState {
	v := &s.Srv
	for _, pair := range [...][2]int{{0, 1}, {1, 2}, {0, 1}} {
		if i, j := pair[0], pair[1]; compareServers(&v[i], &v[j]) > 0 {
			v[i], v[j] = v[j], v[i]
		}
	}
	return s
}

// compareServers is a total order.
func compareServers(a, b *server) int {
	if c := cmp.Compare(a.word(), b.word()); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Log.Len, b.Log.Len); c != 0 {
		return c
	}
	for i := range a.Log.Entries[:a.Log.Len] {
		if c := cmp.Compare(a.Log.Entries[i].word(), b.Log.Entries[i].word()); c != 0 {
			return c
		}
	}
	return 0
}

func (l clockLog) String() string {
	text := "["
	for i, e := range l.Entries[:l.Len] {
		if i > 0 {
			text += " "
		}
		if e.Bar {
			text += fmt.Sprintf("bar(term %d)", e.Term)
			continue
		}
		text += fmt.Sprintf("%d(term %d epoch %d read %d append %d)",
			e.Stamp, e.Term, e.Epoch, e.Read, e.Append)
	}
	return text + "]"
}

// showClock returns s in words.
func showClock(s clockState) []Field {
	fields := []Field{{"now", fmt.Sprint(s.Now)}, {"done", s.Done.String()}}
	for i, v := range s.Srv {
		field := func(name, format string, args ...any) {
			fields = append(fields,
				Field{fmt.Sprintf("%s[s%d]", name, i+1), fmt.Sprintf(format, args...)})
		}
		field("term", "%d", v.Term)
		field("log", "%v", v.Log)
		field("lead", "%t", v.Lead)
		field("ready", "%t", v.Ready)
		field("clock", "%d", v.Clock)
		if v.Hand == (hand{}) {
			field("hand", "none")
			continue
		}
		field("hand", "{epoch %d stamp %d read %d}", v.Hand.Epoch, v.Hand.Stamp, v.Hand.Read)
	}
	return fields
}
