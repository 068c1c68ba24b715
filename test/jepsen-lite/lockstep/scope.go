package lockstep

import (
	"slices"

	"github.com/leased-io/leased/spec/twin/explore"
)

// Scope is a small world that is walked edge by edge.
type Scope struct {
	Name string
	// KeyOf has the request of each attempt. A request is one holder's: its attempts are the
	// sends of that holder's one outstanding request.
	KeyOf []int
	// Limit is the budget's, in credits a window.
	Limit int
	// LRate and CRate are the units of time that a leader's clock and a holder's may advance in
	// a tick of real time, of 3 units nominally: 2 and 4 are a drift of a third.
	LRate, CRate []int
	// MaxLog is how many proposals may be in flight, MaxAhead by how many units the leader's
	// clock may be ahead of the last commit.
	MaxLog, MaxAhead int
	// Window is the length of a window, in units: two ticks of 3 or, with the fastest leader
	// alone, of 4.
	Window int
}

// The rates of a scope: both ends of the drift, or the worst case alone.
var (
	eitherRate = []int{2, 4}
	fastLeader = []int{4}
	slowHolder = []int{2}
)

// Small returns the scope that every test run walks.
func Small() Scope {
	return Scope{Name: "small", KeyOf: []int{0, 1}, Limit: 3, LRate: fastLeader,
		CRate: slowHolder, MaxLog: 1, MaxAhead: 4, Window: 8}
}

// Scopes returns all scopes.
func Scopes() []Scope {
	return []Scope{
		Small(),
		{Name: "pair", KeyOf: []int{0, 1}, Limit: 1, LRate: fastLeader, CRate: slowHolder,
			MaxLog: 1, MaxAhead: 4, Window: 8},
		{Name: "one", KeyOf: []int{0}, Limit: 3, LRate: eitherRate, CRate: eitherRate,
			MaxLog: 2, MaxAhead: 8, Window: 6},
		{Name: "retry", KeyOf: []int{0, 0}, Limit: 2, LRate: fastLeader, CRate: slowHolder,
			MaxLog: 1, MaxAhead: 8, Window: 6},
		{Name: "apart", KeyOf: []int{0, 0}, Limit: 2, LRate: eitherRate, CRate: eitherRate,
			MaxLog: 1, MaxAhead: 8, Window: 6},
		{Name: "drift", KeyOf: []int{0, 1}, Limit: 2, LRate: eitherRate, CRate: eitherRate,
			MaxLog: 1, MaxAhead: 8, Window: 6},
		{Name: "log", KeyOf: []int{0, 1}, Limit: 2, LRate: fastLeader, CRate: slowHolder,
			MaxLog: 2, MaxAhead: 8, Window: 6},
		{Name: "wide", KeyOf: []int{0, 1}, Limit: 3, LRate: fastLeader, CRate: slowHolder,
			MaxLog: 1, MaxAhead: 8, Window: 6},
		{Name: "mixed", KeyOf: []int{0, 0, 1}, Limit: 2, LRate: fastLeader, CRate: slowHolder,
			MaxLog: 1, MaxAhead: 4, Window: 8},
		{Name: "three", KeyOf: []int{0, 1, 2}, Limit: 2, LRate: fastLeader, CRate: slowHolder,
			MaxLog: 1, MaxAhead: 4, Window: 8},
	}
}

// FindScope returns the scope of that name.
func FindScope(name string) (Scope, bool) {
	list := Scopes()
	i := slices.IndexFunc(list, func(s Scope) bool { return s.Name == name })
	if i < 0 {
		return Scope{}, false
	}
	return list[i], true
}

// keys is the number of requests, hence of holders.
func (s Scope) keys() int { return 1 + slices.Max(s.KeyOf) }

// twin returns the specification's module at this scope.
func (s Scope) twin() *explore.WindowLease {
	return explore.NewWindowLease(explore.WindowParams{
		KeyOf: s.KeyOf, Limit: s.Limit, W: s.Window, LRate: s.LRate, CRate: s.CRate,
		MaxLog: s.MaxLog, MaxT: 1 << 30, MaxAhead: s.MaxAhead,
	})
}
