package budget

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Label is one of the names that a session goes by: the organisation, the team, the API key that
// it admits for. Templates make keys of them.
type Label struct {
	Name  string `cbor:"1,keyasint"` // 1..MaxLabelNameLen bytes of a-z 0-9 _
	Value string `cbor:"2,keyasint"` // as a key: 1..MaxKeyLen bytes of UTF-8
}

// Labels are sorted by name, each of which occurs once.
type Labels []Label

// LabelsOf returns the labels of a map, sorted.
func LabelsOf(values map[string]string) Labels {
	var labels Labels
	for _, name := range slices.Sorted(maps.Keys(values)) {
		labels = append(labels, Label{Name: name, Value: values[name]})
	}
	return labels
}

// Get returns the value of a label, and whether there is one.
func (ls Labels) Get(name string) (string, bool) {
	for _, l := range ls {
		if l.Name == name {
			return l.Value, true
		}
	}
	return "", false
}

// Key returns the value of the label "key" if there is no other.
func (ls Labels) Key() (string, bool) {
	if len(ls) == 1 && ls[0].Name == "key" {
		return ls[0].Value, true
	}
	return "", false
}

// Validate returns the first problem of the labels, a *FieldError, or nil.
func (ls Labels) Validate() error {
	if len(ls) > MaxLabels {
		return &FieldError{Field: "labels", Value: strconv.Itoa(len(ls)) + " labels",
			Allowed: fmt.Sprintf("0..%d labels", MaxLabels)}
	}
	for i, l := range ls {
		switch {
		case !validLabel(l.Name):
			return &FieldError{Field: "labels", Value: quote(l.Name), Allowed: allowedLabel}
		case i > 0 && cmp.Compare(ls[i-1].Name, l.Name) >= 0:
			return &FieldError{Field: "labels." + l.Name, Value: "this place",
				Allowed: "labels in order of name, each once"}
		case ValidateKey(true, l.Value) != nil:
			return &FieldError{Field: "labels." + l.Name, Value: quote(l.Value), Allowed: allowedKey}
		}
	}
	return nil
}
