package budget

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a key's template.
const (
	// MaxLabels bounds the labels of a template, and of a session.
	MaxLabels = 8
	// MaxLabelNameLen bounds a label's name, in bytes. Its value is bounded as a key is.
	MaxLabelNameLen = 64
)

// plainTemplate is the template of a budget that is keyed and has no other.
const plainTemplate = "{key}"

// separators are what text between two labels begins with. They are escaped in values, and so is
// the sign that escapes: see Template.Key.
const separators = "/:|,;@#"

const (
	allowedTemplate = "text with 1..8 labels in braces, such as {org}/{team}"
	allowedLabel    = "1..64 of a-z 0-9 _, starting with a letter or digit"
)

// Template is what makes an account's key of labels: text with labels in braces, such as
// "{org}/{team}". The zero Template has no labels, and makes the empty key.
type Template struct {
	text  string
	parts []templatePart
}

// templatePart is text, or where label is set the value of a label.
type templatePart struct {
	text, label string
}

// ParseTemplate reads a template of 1..MaxLabels labels, each of which occurs once. Between two
// labels there is text that begins with one of / : | , ; @ #. The error says what is wrong, as
// what would be allowed.
func ParseTemplate(text string) (Template, error) {
	if len(text) > MaxKeyLen {
		return Template{}, fmt.Errorf("1..%d bytes", MaxKeyLen)
	}
	if !validText(text) {
		return Template{}, errors.New(allowedKey)
	}
	t := Template{text: text}
	for rest := text; rest != ""; {
		before, after, open := strings.Cut(rest, "{")
		if strings.Contains(before, "}") {
			return Template{}, errors.New(allowedTemplate)
		}
		if before != "" {
			t.parts = append(t.parts, templatePart{text: before})
		}
		if !open {
			break
		}
		label, tail, closed := strings.Cut(after, "}")
		switch {
		case !closed:
			return Template{}, errors.New(allowedTemplate)
		case !validLabel(label):
			return Template{}, fmt.Errorf("labels of %s, and not %s", allowedLabel, quote(label))
		case slices.Contains(t.Labels(), label):
			return Template{}, fmt.Errorf("each label once, and %s is there twice", label)
		case !t.apart(before):
			return Template{}, fmt.Errorf("between two labels text that begins with one of %s, as "+
				"before %s", strings.Join(strings.Split(separators, ""), " "), label)
		}
		t.parts = append(t.parts, templatePart{label: label})
		rest = tail
	}
	if n := len(t.Labels()); n < 1 || n > MaxLabels {
		return Template{}, errors.New(allowedTemplate)
	}
	return t, nil
}

// apart reports whether text may come before another label.
func (t Template) apart(text string) bool {
	return len(t.Labels()) == 0 || text != "" && strings.Contains(separators, text[:1])
}

// String returns the template's text.
func (t Template) String() string { return t.text }

// Labels returns the names of the labels, in the order of the text.
func (t Template) Labels() (names []string) {
	for _, p := range t.parts {
		if p.label != "" {
			names = append(names, p.label)
		}
	}
	return names
}

// Key returns the key that labels make, which have at least those of the template. Different values
// never make the same key: where there are several labels, a separator in a value is written as
// two hex digits after a percent sign, and so is that sign. The error is a *FieldError that names
// a label that is missing, or the key if it would be too long.
func (t Template) Key(labels Labels) (string, error) {
	if t.text == plainTemplate { // by far the most
		if value, ok := labels.Get("key"); ok {
			return value, ValidateKey(true, value)
		}
	}
	several := len(t.Labels()) > 1
	var key strings.Builder
	for _, p := range t.parts {
		if p.label == "" {
			key.WriteString(p.text)
			continue
		}
		value, ok := labels.Get(p.label)
		if !ok {
			return "", t.misses(p.label)
		}
		if !several {
			key.WriteString(value)
			continue
		}
		for i := range len(value) {
			if c := value[i]; c == '%' || strings.IndexByte(separators, c) >= 0 {
				fmt.Fprintf(&key, "%%%02X", c)
			} else {
				key.WriteByte(c)
			}
		}
	}
	if key.Len() > MaxKeyLen {
		return "", &FieldError{Field: "key", Value: strconv.Itoa(key.Len()) + " bytes",
			Allowed: fmt.Sprintf("at most %d, made of %s", MaxKeyLen, quote(t.text))}
	}
	return key.String(), nil
}

func (t Template) misses(label string) *FieldError {
	return &FieldError{Field: "labels." + label, Value: "nothing",
		Allowed: "a value, since the key is " + quote(t.text)}
}

// Fits returns a *FieldError that names a label that is missing or that the template does not
// have, or nil if labels are exactly the template's.
func (t Template) Fits(labels Labels) error {
	names := t.Labels()
	for _, name := range names {
		if _, ok := labels.Get(name); !ok {
			return t.misses(name)
		}
	}
	for _, l := range labels {
		if slices.Contains(names, l.Name) {
			continue
		}
		allowed := "no label, since the budget has no keys"
		if len(names) > 0 {
			allowed = "the labels of the key " + quote(t.text) + " only: " + strings.Join(names, ", ")
		}
		return &FieldError{Field: "labels." + l.Name, Value: quote(l.Value), Allowed: allowed}
	}
	return nil
}

// KeyTemplate returns what makes the keys of a valid budget's accounts.
func (b Budget) KeyTemplate() Template {
	text := b.Template
	if text == "" && b.Keyed {
		text = plainTemplate
	}
	if text == "" {
		return Template{}
	}
	t, err := ParseTemplate(text)
	if err != nil {
		panic("budget: the template of a valid budget is none: " + err.Error())
	}
	return t
}

func validLabel(name string) bool {
	return len(name) <= MaxLabelNameLen && validName(name, metricByte)
}

// validText reports whether text is UTF-8 without control characters.
func validText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
