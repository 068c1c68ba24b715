package budget

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// fileReader turns syntax trees into budgets and collects every problem on the way.
type fileReader struct {
	budgets  []Budget
	problems []*ParseError
	named    map[string]*token.Position // where each budget name stands
	homes    map[string]home            // of the budgets, by name
	seen     int                        // budgets met so far, good or not
}

// fields is one mapping of the file: its values by name, and where it and they stand.
type fields struct {
	path   string // of the mapping, such as "budgets[0].limits[1]"
	pos    *token.Position
	values map[string]ast.Node
}

func (r *fileReader) refuse(pos *token.Position, field, value, allowed string) {
	r.problems = append(r.problems,
		placed(pos, &FieldError{Field: field, Value: value, Allowed: allowed}))
}

// document reads one YAML document: {budgets: [...]}.
func (r *fileReader) document(body ast.Node) {
	top, ok := r.mapping(body, "", "budgets")
	if !ok {
		return
	}
	list, ok := r.sequence(top, "budgets")
	if ok && len(list) == 0 {
		r.refuse(top.posOf("budgets"), "budgets", "an empty list", "1 or more budgets")
	}
	for _, n := range list {
		r.budget(n, "budgets["+strconv.Itoa(r.seen)+"]")
		r.seen++
	}
}

// budget reads one budget and keeps it if nothing is wrong with it.
func (r *fileReader) budget(n ast.Node, path string) {
	before := len(r.problems)
	f, ok := r.mapping(n, path, "name", "keyed", "key", "parent", "limits", "weights",
		"mode", "degraded", "unlimited", "sharing")
	if !ok {
		return
	}
	places := map[string]*token.Position{"": f.pos}
	b := Budget{Name: r.text(f, "name", true), Keyed: r.boolean(f, "keyed")}
	places["name"] = f.posOf("name")
	b.Rules = r.rules(f, places)
	r.template(f, &b, places)
	b.Weights = r.weights(f, places)
	b.Sharing = r.sharing(f, places)
	list := r.limits(f, b.Rules)
	places["limits"] = f.posOf("limits")
	for i, n := range list {
		at := "limits[" + strconv.Itoa(i) + "]"
		l, lf := r.limit(n, path+"."+at)
		b.Limits = append(b.Limits, l)
		places[at] = lf.pos
		for name := range lf.values {
			places[at+"."+name] = lf.posOf(name)
		}
	}
	r.validate(b, path, places, before)
	if first, dup := r.named[b.Name]; dup && b.Name != "" {
		r.refuse(places["name"], path+".name", quote(b.Name), fmt.Sprintf(
			"a name once, and %d:%d has it", first.Line, first.Column))
	} else {
		r.named[b.Name] = places["name"]
	}
	if len(r.problems) == before {
		r.budgets = append(r.budgets, b.Canonical())
		r.homes[b.Name] = home{path, places}
	}
}

// validate adds what Validate finds in b, unless reading the field, a part of it or what it is
// a part of was a problem already.
func (r *fileReader) validate(
	b Budget, path string, places map[string]*token.Position, before int,
) {
	var told []string
	for _, p := range r.problems[before:] {
		var fe *FieldError
		if errors.As(p, &fe) {
			told = append(told, fe.Field)
		}
	}
	for _, fe := range b.problems() {
		field := path + "." + fe.Field
		if slices.ContainsFunc(told, func(t string) bool {
			return t == field || strings.HasPrefix(t, field+".") || strings.HasPrefix(field, t+".")
		}) {
			continue
		}
		pos := places[fe.Field]
		if pos == nil {
			pos = places[""]
		}
		r.refuse(pos, field, fe.Value, fe.Allowed)
	}
}

// limit reads one limit. What cannot be read is zero, and told.
func (r *fileReader) limit(n ast.Node, path string) (Limit, fields) {
	f, ok := r.mapping(n, path, "metric", "kind", "amount", "per", "slots", "burst",
		"align", "zone")
	if !ok {
		return Limit{}, f
	}
	l := Limit{
		Metric: r.text(f, "metric", true),
		Kind:   Kind(r.text(f, "kind", false)),
		Amount: r.amount(f, "amount", allowedAmount),
		Align:  Align(r.text(f, "align", false)),
		Zone:   r.text(f, "zone", false),
	}
	// Of an aligned limit the period is known. What is there must agree all the same.
	if _, ok := f.values["per"]; ok || l.Align == "" {
		l.Per = r.per(f, "per")
	}
	// Zero is what Validate takes for left out: here it was not.
	if n, ok := f.values["slots"]; ok {
		l.Slots = int(r.amount(f, "slots", allowedSlots))
		if l.Slots == 0 {
			r.refuse(position(n), f.at("slots"), shown(n), allowedSlots)
		}
	}
	if n, ok := f.values["burst"]; ok {
		l.Burst = r.amount(f, "burst", allowedBurst)
		if l.Burst == 0 {
			r.refuse(position(n), f.at("burst"), shown(n), allowedBurst)
		}
	}
	return l, f
}

// mapping reads n as a mapping with fields of the names that are known.
func (r *fileReader) mapping(n ast.Node, path string, known ...string) (fields, bool) {
	f := fields{path: path, pos: position(n), values: map[string]ast.Node{}}
	m, ok := n.(ast.MapNode)
	if !ok {
		r.refuse(f.pos, orFile(path), shown(n), "a mapping of "+strings.Join(known, ", "))
		return f, false
	}
	for it := m.MapRange(); it.Next(); {
		key, isText := it.Key().(*ast.StringNode)
		if !isText || !slices.Contains(known, key.Value) {
			r.refuse(position(it.Key()), f.at(quote(it.Key().GetToken().Value)), "this field",
				strings.Join(known, ", "))
			continue
		}
		if _, dup := f.values[key.Value]; dup {
			r.refuse(position(key), f.at(key.Value), "a second one", "each field once")
		}
		f.values[key.Value] = it.Value()
	}
	return f, true
}

// require returns the value of a field, and tells if it is missing.
func (r *fileReader) require(f fields, name, allowed string) (ast.Node, bool) {
	n, ok := f.values[name]
	if !ok {
		r.refuse(f.pos, f.at(name), "nothing", allowed)
	}
	return n, ok
}

func (r *fileReader) sequence(f fields, name string) ([]ast.Node, bool) {
	n, ok := r.require(f, name, "a list")
	if !ok {
		return nil, false
	}
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.refuse(position(n), f.at(name), shown(n), "a list")
		return nil, false
	}
	return s.Values, true
}

func (r *fileReader) text(f fields, name string, required bool) string {
	if _, ok := f.values[name]; !ok && !required {
		return ""
	}
	n, ok := r.require(f, name, "text")
	if !ok {
		return ""
	}
	s, ok := n.(*ast.StringNode)
	if !ok {
		r.refuse(position(n), f.at(name), shown(n), "text, in quotes if it looks like another type")
		return ""
	}
	return s.Value
}

func (r *fileReader) boolean(f fields, name string) bool {
	n, ok := f.values[name]
	if !ok {
		return false
	}
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.refuse(position(n), f.at(name), shown(n), "true or false")
		return false
	}
	return b.Value
}

// amount reads a plain decimal integer, with _ between digits if one likes. YAML's other
// integers are traps here: 010 is 8, and 1e3 is text to some parsers.
func (r *fileReader) amount(f fields, name, allowed string) Credits {
	n, ok := r.require(f, name, "an integer, "+allowed)
	if !ok {
		return 0
	}
	text := n.GetToken().Value
	v, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	_, isInteger := n.(*ast.IntegerNode)
	if !isInteger || err != nil || text[0] == '+' ||
		len(text) > 1 && text[0] == '0' {
		r.refuse(position(n), f.at(name), shown(n), "an integer, "+allowed)
		return 0
	}
	return Credits(v)
}

func (r *fileReader) per(f fields, name string) time.Duration {
	const allowed = allowedPer + ", with its unit, such as 30s, 1h30m or 1d"
	n, ok := r.require(f, name, allowed)
	if !ok {
		return 0
	}
	s, ok := n.(*ast.StringNode)
	if ok {
		if per, err := ParsePer(s.Value); err == nil {
			return per
		}
	}
	r.refuse(position(n), f.at(name), shown(n), allowed)
	return 0
}

// at returns the path of the field name of f.
func (f fields) at(name string) string {
	if f.path == "" {
		return name
	}
	return f.path + "." + name
}

// posOf returns where the value of a field stands, or f itself if it has no such field.
func (f fields) posOf(name string) *token.Position {
	if n, ok := f.values[name]; ok {
		return position(n)
	}
	return f.pos
}

// position returns where n starts: a block mapping starts at its first key.
func position(n ast.Node) *token.Position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		n = v.Key
	}
	if t := n.GetToken(); t != nil {
		return t.Position
	}
	return nil
}

// shown is what stands at n, for an error.
func shown(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "null"
	case ast.MapNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias"
	case *ast.TagNode:
		return "a tag"
	case *ast.StringNode:
		return quote(n.GetToken().Value)
	default:
		return fmt.Sprintf("%.40s", n.GetToken().Value)
	}
}

func orFile(path string) string {
	if path == "" {
		return "file"
	}
	return path
}
