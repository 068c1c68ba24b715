package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// decoder turns lines into events. It remembers the last string of each field, because a
// trace repeats its names: most strings are then not allocated again. And since lines of a kind
// have the same fields as a rule, it remembers which came after which, and looks there first.
type decoder struct {
	last  [len(fields)]string
	after [numKinds][len(fields) + 1]uint8 // by kind and the number of the field before, plus one
}

// decode reads one line, without its newline, into e. Canonical lines, as appendEvent writes
// them, are read by hand; any other JSON takes the slow way, with the same strictness: known
// names, each at most once, a known kind, no null.
func (d *decoder) decode(line []byte, e *Event) error {
	if d.canonical(line, e) {
		return nil
	}
	*e = Event{}
	return decodeAny(line, e)
}

// canonical decodes line if it has the fields in the order of the schema and no spaces,
// escapes or numbers out of range. It reports false, with e in an undefined state, otherwise.
func (d *decoder) canonical(line []byte, e *Event) bool {
	*e = Event{}
	s := scanner{rest: line, ok: true}
	s.literal(`{"kind":"`)
	kind, known := kinds[string(s.untilQuote())]
	e.Kind = kind.kind
	after := &d.after[kind.number%numKinds]
	s.literal(`,"at":`)
	e.At = s.int64()
	next := 0
	for s.ok && known && len(s.rest) > 0 && s.rest[0] == ',' {
		s.literal(`,"`)
		name := s.untilQuote()
		s.literal(`:`)
		if guess := int(after[next]); guess >= next && fields[guess].name == string(name) {
			d.value(&s, guess, e)
			next = guess + 1
			continue
		}
		before := next
		for next < len(fields) && fields[next].name != string(name) {
			next++
		}
		if next == len(fields) {
			return false
		}
		after[before] = uint8(next)
		d.value(&s, next, e)
		next++
	}
	s.literal(`}`)
	return s.ok && known && len(s.rest) == 0
}

func (d *decoder) value(s *scanner, i int, e *Event) {
	f := &fields[i]
	switch {
	case f.i64 != nil:
		*f.i64(e) = s.int64()
	case f.u64 != nil:
		*f.u64(e) = s.uint64()
	case f.text != nil:
		s.literal(`"`)
		if text := s.untilQuote(); d.last[i] != string(text) {
			d.last[i] = string(text)
		}
		*f.text(e) = d.last[i]
	case f.flag != nil:
		s.literal(`true`)
		*f.flag(e) = true
	default:
		v := s.int64()
		*f.number(e) = int(v)
		s.ok = s.ok && int64(int(v)) == v
	}
}

// decodeAny decodes any JSON object of the schema with encoding/json.
func decodeAny(line []byte, e *Event) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := make(map[string]bool, len(fields))
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		name, _ := token.(string)
		if seen[name] {
			return fmt.Errorf("field %q twice", name)
		}
		seen[name] = true
		target := fieldOf(name, e)
		if target == nil {
			return fmt.Errorf("unknown field %q", name)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		if string(raw) == "null" {
			return fmt.Errorf("field %q is null: leave it out", name)
		}
		if err := json.Unmarshal(raw, target); err != nil {
			return fmt.Errorf("field %q is %s: %w", name, raw, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value in the line")
	}
	kind, known := kinds[string(e.Kind)]
	if !known {
		return fmt.Errorf("unknown kind %q", e.Kind)
	}
	e.Kind = kind.kind
	return nil
}

// fieldOf returns a pointer to the field of e that is called name, or nil.
func fieldOf(name string, e *Event) any {
	switch name {
	case "kind":
		return &e.Kind
	case "at":
		return &e.At
	}
	for i := range fields {
		f := &fields[i]
		if f.name != name {
			continue
		}
		switch {
		case f.i64 != nil:
			return f.i64(e)
		case f.u64 != nil:
			return f.u64(e)
		case f.text != nil:
			return f.text(e)
		case f.flag != nil:
			return f.flag(e)
		default:
			return f.number(e)
		}
	}
	return nil
}
