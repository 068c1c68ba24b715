package budget

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// sharing reads who divides a budget's accounts, and how:
//
//	sharing:
//	  by: team                 # a label of the sessions
//	  weights: {search: 3}     # 1..1000; of others 1
//	  guaranteed: {search: 20} # percent of each limit; of others 0
//	  reserved: 10             # percent of each limit, for high priority; default: 0
func (r *fileReader) sharing(f fields, places map[string]*token.Position) *Sharing {
	n, ok := f.values["sharing"]
	if !ok {
		return nil
	}
	places["sharing"] = position(n)
	m, ok := r.mapping(n, f.at("sharing"), "by", "weights", "guaranteed", "reserved")
	if !ok {
		return nil
	}
	for _, name := range []string{"by", "weights", "guaranteed", "reserved"} {
		places["sharing."+name] = m.posOf(name)
	}
	s := &Sharing{By: r.text(m, "by", true)}
	s.Weights = r.portions(m, "weights", "1..1000", places)
	s.Guaranteed = r.portions(m, "guaranteed", "1..100", places)
	if _, says := m.values["reserved"]; says {
		s.Reserved = int64(r.amount(m, "reserved", "0..100"))
	}
	return s
}

// portions reads {tenant: integer, ...}.
func (r *fileReader) portions(
	m fields, name, allowed string, places map[string]*token.Position,
) (portions []Portion) {
	n, ok := m.values[name]
	if !ok {
		return nil
	}
	r.names(n, m.at(name), "tenants", func(tenant string, of ast.Node) {
		short := shortName(tenant)
		one := fields{path: m.at(name), pos: position(of), values: map[string]ast.Node{short: of}}
		before := len(r.problems)
		amount := r.amount(one, short, allowed)
		if len(r.problems) == before {
			portions = append(portions, Portion{Tenant: tenant, N: int64(amount)})
			places["sharing."+name+"."+short] = position(of)
		}
	})
	return portions
}
