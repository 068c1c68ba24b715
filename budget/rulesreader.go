package budget

import (
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// rules reads what a budget says beside its limits:
//
//	mode: shadow               # leased, strict or shadow; default: leased
//	degraded: {share: 20}      # closed, open or {share: 1..2^53}; default: closed
//	unlimited: [cached_tokens] # metrics that nothing bounds; default: none
func (r *fileReader) rules(f fields, places map[string]*token.Position) (rules Rules) {
	rules.Mode = Mode(r.text(f, "mode", false))
	rules.Degraded, rules.Share = r.degraded(f)
	for _, name := range []string{"mode", "degraded", "unlimited"} {
		places[name] = f.posOf(name)
	}
	places["share"] = f.posOf("degraded")
	if _, ok := f.values["unlimited"]; !ok {
		return rules
	}
	list, _ := r.sequence(f, "unlimited")
	for i, n := range list {
		at := "unlimited[" + strconv.Itoa(i) + "]"
		metric := r.text(fields{path: f.path, values: map[string]ast.Node{at: n}}, at, true)
		rules.Unlimited = append(rules.Unlimited, metric)
		places[at] = position(n)
	}
	return rules
}

// degraded reads a name, or {share: n}.
func (r *fileReader) degraded(f fields) (Degraded, int64) {
	n, ok := f.values["degraded"]
	if !ok {
		return DegradedClosed, 0
	}
	const allowed = `"closed", "open" or {share: n}`
	switch text := n.(type) {
	case *ast.StringNode:
		if Degraded(text.Value) == DegradedShare {
			r.refuse(position(n), f.at("degraded"), quote(text.Value), allowed)
		}
		return Degraded(text.Value), 0
	case ast.MapNode:
		m, ok := r.mapping(n, f.at("degraded"), "share")
		if !ok {
			return DegradedClosed, 0
		}
		share := int64(r.amount(m, "share", allowedAmount))
		if v, ok := m.values["share"]; ok && share == 0 {
			r.refuse(position(v), m.at("share"), shown(v), allowedAmount)
		}
		return DegradedShare, share
	}
	r.refuse(position(n), f.at("degraded"), shown(n), allowed)
	return DegradedClosed, 0
}

// limits returns the items of a budget's limits, which only one with unlimited metrics may lack.
func (r *fileReader) limits(f fields, rules Rules) []ast.Node {
	if _, ok := f.values["limits"]; !ok && len(rules.Unlimited) > 0 {
		return nil
	}
	list, _ := r.sequence(f, "limits")
	return list
}
