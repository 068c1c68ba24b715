package lockstep

import (
	"slices"

	"github.com/leased-io/leased/spec/twin/explore"
)

// Requests of one attempt each are alike, so nodes that differ by a renaming of them are one:
// an edge leads to a node and a renaming, and a walk renames its holders as it goes. Every edge
// is thus walked by some holder, not by each.

// renaming says what each request is called from now on.
type renaming [maxRequests]uint8

var sameNames = renaming{0, 1, 2}

// alike reports whether a scope's requests are.
func (s Scope) alike() bool { return len(s.KeyOf) == s.keys() }

// inverse undoes r.
func (r renaming) inverse() (u renaming) {
	for i, j := range r {
		u[j] = uint8(i)
	}
	return u
}

// node renames the requests of n, and their attempts.
func (r renaming) node(n *node) node {
	if r == sameNames {
		return *n
	}
	to := node{s: r.state(&n.s)}
	for i, j := range r {
		to.decided[j] = n.decided[i]
	}
	return to
}

func (r renaming) state(s *explore.WindowState) explore.WindowState {
	to := *s
	for i, j := range r {
		to.Tab[j], to.Use[j] = s.Tab[i], s.Use[i]
		to.Ans[j], to.Cli[j] = s.Ans[i], s.Cli[i]
	}
	for i := range to.Log[:to.LogLen] {
		to.Log[i].A = int8(r[to.Log[i].A])
	}
	return to
}

// canonical returns the renaming that all nodes that are alike have in common: requests in the
// order of all that there is of them. Two that are equal in this may have either's name.
func (g *graph) canonical(n *node) renaming {
	if !g.scope.alike() {
		return sameNames
	}
	keys := g.scope.keys()
	var words [maxRequests][]int8
	order := [maxRequests]int{0, 1, 2}
	var room [maxRequests][20]int8
	for k := range keys {
		s := &n.s
		tab, use, ans, cli := &s.Tab[k], &s.Use[k], &s.Ans[k], &s.Cli[k]
		w := append(room[k][:0], tab.Win, tab.G, bit(tab.Ret), use.Spent, use.Lost,
			ans.Win, ans.G, ans.TTL, cli.St, cli.Age, cli.Left, cli.Win, cli.Cred, cli.Back,
			bit(n.decided[k]))
		for _, c := range s.Log[:s.LogLen] {
			w = append(w, bit(int(c.A) == k))
		}
		words[k] = w
	}
	slices.SortStableFunc(order[:keys], func(a, b int) int {
		return slices.Compare(words[a], words[b])
	})
	r := sameNames
	for place, k := range order {
		r[k] = uint8(place)
	}
	return r
}

func bit(b bool) int8 {
	if b {
		return 1
	}
	return 0
}

// rename renames the system's requests.
func (y *system) rename(r renaming) {
	if r == sameNames {
		return
	}
	y.note("requests are renamed from here on: %v", r[:len(y.holders)])
	holders, attempts, tab := slices.Clone(y.holders), slices.Clone(y.attempts), y.tab
	for i, h := range holders {
		j := int(r[i])
		h.key = j
		y.holders[j], y.attempts[j], y.tab[j] = h, attempts[i], tab[i]
	}
	for i := range y.log {
		y.log[i].a = int(r[y.log[i].a])
	}
}
