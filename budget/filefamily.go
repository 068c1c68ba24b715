package budget

import (
	"errors"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// home is where a budget stands in a file.
type home struct {
	path   string
	places map[string]*token.Position // of its fields; its own under ""
}

// template reads the key's template, which makes a budget keyed.
func (r *fileReader) template(f fields, b *Budget, places map[string]*token.Position) {
	b.Template, b.Parent = r.text(f, "key", false), r.text(f, "parent", false)
	places["key"], places["parent"] = f.posOf("key"), f.posOf("parent")
	for _, name := range []string{"key", "parent"} {
		if s, ok := f.values[name].(*ast.StringNode); ok && s.Value == "" {
			r.refuse(position(s), f.at(name), quote(""), "text, or no such field")
		}
	}
	if _, says := f.values["keyed"]; says && !b.Keyed && b.Template != "" {
		r.refuse(f.posOf("keyed"), f.at("keyed"), "false", "true, or nothing, with a key")
	}
}

// weights reads {metric: {cost: times, ...}, ...}.
func (r *fileReader) weights(f fields, places map[string]*token.Position) (weights []Weight) {
	n, ok := f.values["weights"]
	if !ok {
		return nil
	}
	places["weights"] = position(n)
	r.names(n, f.at("weights"), "metrics", func(metric string, of ast.Node) {
		r.names(of, f.at("weights")+"."+shortName(metric), "costs", func(cost string, times ast.Node) {
			at := shortName(metric) + "." + shortName(cost)
			one := fields{path: f.at("weights") + "." + shortName(metric), pos: position(times),
				values: map[string]ast.Node{shortName(cost): times}}
			before := len(r.problems)
			amount := r.amount(one, shortName(cost), "1.."+strconv.Itoa(MaxWeight))
			if len(r.problems) == before {
				weights = append(weights, Weight{Metric: metric, Cost: cost, Times: int64(amount)})
				places["weights."+at] = position(times)
			}
		})
	})
	return weights
}

// names reads a mapping from names that are not known before.
func (r *fileReader) names(n ast.Node, path, what string, each func(name string, of ast.Node)) {
	m, ok := n.(ast.MapNode)
	if !ok {
		r.refuse(position(n), path, shown(n), "a mapping of "+what)
		return
	}
	seen := map[string]bool{}
	for it := m.MapRange(); it.Next(); {
		key, isText := it.Key().(*ast.StringNode)
		switch {
		case !isText:
			r.refuse(position(it.Key()), path, shown(it.Key()), "names, in quotes if they look like "+
				"another type")
		case seen[key.Value]:
			r.refuse(position(key), path+"."+shortName(key.Value), "a second one", "each name once")
		default:
			seen[key.Value] = true
			each(key.Value, it.Value())
		}
	}
}

// families adds what budgets of the file are to each other and may not be. A parent that the file
// does not have may be in the cluster, which judges that.
func (r *fileReader) families() {
	byName := make(map[string]Budget, len(r.budgets))
	for _, b := range r.budgets {
		byName[b.Name] = b
	}
	named := func(name string) (Budget, bool) { b, ok := byName[name]; return b, ok }
	told := map[FieldError]bool{} // a level that does not fit is one problem, whoever is below
	for _, b := range r.budgets {
		var fe *FieldError
		if _, _, err := Line(b, named); errors.As(err, &fe) && !told[*fe] {
			told[*fe] = true
			at := r.homes[b.Name]
			r.refuse(at.places[fe.Field], at.path+"."+fe.Field, fe.Value, fe.Allowed)
		}
	}
}
