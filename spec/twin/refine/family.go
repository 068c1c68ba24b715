package refine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leased-io/leased/trace"
)

// mostLevels bounds a line of parents, far beyond what the product allows.
const mostLevels = 64

// Families are how budgets make their keys, and whose limits an admission draws on as well. They
// are read from the log alone, and a key is made here anew, so that a wrong one shows.
type Families map[string]Family

// Family is what a budget's event tells.
type Family struct {
	Template, Parent string
	Weights          string // METRIC:COST*TIMES, with commas between
	pieces           []piece
}

// piece is text of a template, or a label.
type piece struct {
	text    string
	isLabel bool
}

// Learn takes a budget's event, and returns the guard that refuses it and why, or nothing.
func (fs Families) Learn(e *trace.Event) (guard, why string) {
	f := Family{Template: e.Template, Parent: e.Parent, Weights: e.Weights}
	if !f.read() {
		return "Template", fmt.Sprintf("the template %q of budget %s makes no keys", e.Template, e.Budget)
	}
	if up, known := fs[e.Parent]; e.Parent != "" {
		if !known {
			return "Parent", fmt.Sprintf("budget %s has the parent %s, of which nothing was told",
				e.Budget, e.Parent)
		}
		for _, label := range up.labels() {
			if !slices.Contains(f.labels(), label) {
				return "Labels", fmt.Sprintf("budget %s has no label %s, which its parent %s needs",
					e.Budget, label, e.Parent)
			}
		}
		for name, steps := e.Parent, 0; name != ""; name, steps = fs[name].Parent, steps+1 {
			if name == e.Budget || steps > mostLevels {
				return "Parent", fmt.Sprintf("budget %s is above itself", e.Budget)
			}
		}
	}
	fs[e.Budget] = f
	return "", ""
}

// putBudget is a budget that says how its keys are made, and what is above it.
func (m *Machine) putBudget(e *trace.Event) *Refusal {
	switch guard, why := m.families.Learn(e); guard {
	case "Template":
		return refuse(PutBudget, "Template", "%s", why)
	case "Parent":
		return refuse(PutBudget, "Parent", "%s", why)
	case "Labels":
		return refuse(PutBudget, "Labels", "%s", why)
	}
	m.counts.step(relates)
	return nil
}

// read cuts the template into pieces.
func (f *Family) read() bool {
	for rest := f.Template; rest != ""; {
		text, more, open := strings.Cut(rest, "{")
		if text != "" {
			f.pieces = append(f.pieces, piece{text: text})
		}
		if !open {
			break
		}
		label, after, closed := strings.Cut(more, "}")
		if !closed || label == "" || slices.Contains(f.labels(), label) {
			return false
		}
		f.pieces = append(f.pieces, piece{label, true})
		rest = after
	}
	return f.Template == "" || len(f.labels()) > 0
}

func (f *Family) labels() (names []string) {
	for _, p := range f.pieces {
		if p.isLabel {
			names = append(names, p.text)
		}
	}
	return names
}

// escaped are the bytes that are written in hex in a key of several labels.
const escaped = "%/:|,;@#"

// key is what the template makes of labels.
func (f *Family) key(labels map[string]string) (string, bool) {
	key, several := "", len(f.labels()) > 1
	for _, p := range f.pieces {
		if !p.isLabel {
			key += p.text
			continue
		}
		value, known := labels[p.text]
		if !known {
			return "", false
		}
		for _, c := range []byte(value) {
			if several && strings.ContainsRune(escaped, rune(c)) {
				key += fmt.Sprintf("%%%02X", c)
			} else {
				key += string([]byte{c})
			}
		}
	}
	return key, true
}

// Who is whom a session admits for, as its event tells.
type Who struct {
	Budget, Key string
	Labels      map[string]string // in place of the key, if there are any
}

// WhoIs reads a session's event.
func WhoIs(e *trace.Event) Who {
	w := Who{Budget: e.Budget, Key: e.Key}
	if e.Labels == "" {
		return w
	}
	w.Labels = map[string]string{}
	for part := range strings.SplitSeq(e.Labels, ",") {
		name, value, _ := strings.Cut(part, "=")
		w.Labels[name] = strings.NewReplacer("%2C", ",", "%25", "%").Replace(value)
	}
	return w
}

// Key returns the key of the session's account in a budget, and whether that is its own or above
// it.
func (fs Families) Key(w Who, in string) (string, bool) {
	at := w.Budget
	for range mostLevels {
		f, told := fs[at]
		if at == in {
			if !told && w.Labels != nil { // beside "key", they say among whom accounts are shared
				return w.Labels["key"], true
			} else if !told {
				return w.Key, true
			}
			labels := w.Labels
			if labels == nil && w.Key != "" {
				labels = map[string]string{"key": w.Key}
			}
			return f.key(labels)
		}
		if at = f.Parent; at == "" {
			return "", false
		}
	}
	return "", false
}

// Draws names what draws on the limits of a metric in one budget of a line: the same name, the same
// of each cost. A budget that has no weights for it goes by those of the nearest one that has some,
// below it or else above.
func (fs Families) Draws(line []string, budget, metric string) string {
	own := max(0, slices.Index(line, budget))
	for i := own; i >= 0; i-- {
		if draws := fs[line[i]].draws(metric); draws != "" {
			return draws
		}
	}
	for _, above := range line[own:] {
		if draws := fs[above].draws(metric); draws != "" {
			return draws
		}
	}
	return metric + "*1 "
}

func (f Family) draws(metric string) (draws string) {
	for part := range strings.SplitSeq(f.Weights, ",") {
		if of, cost, weighs := strings.Cut(part, ":"); weighs && of == metric {
			draws += cost + " "
		}
	}
	return draws
}

// Line returns a budget and all above it.
func (fs Families) Line(name string) (line []string) {
	for range mostLevels {
		if line = append(line, name); fs[name].Parent == "" {
			break
		}
		name = fs[name].Parent
	}
	return line
}
