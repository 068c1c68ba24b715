package trace

import (
	"encoding/json"
	"strconv"
)

// appendEvent appends e as one line of JSON with its newline: the very bytes encoding/json
// would write, several times faster.
func appendEvent(b []byte, e *Event) []byte {
	b = append(b, `{"kind":`...)
	b = appendString(b, string(e.Kind))
	b = append(b, `,"at":`...)
	b = strconv.AppendInt(b, e.At, 10)
	for i := range fields {
		f := &fields[i]
		switch {
		case f.i64 != nil:
			if v := *f.i64(e); v != 0 {
				b = strconv.AppendInt(appendName(b, f.name), v, 10)
			}
		case f.u64 != nil:
			if v := *f.u64(e); v != 0 {
				b = strconv.AppendUint(appendName(b, f.name), v, 10)
			}
		case f.text != nil:
			if v := *f.text(e); v != "" {
				b = appendString(appendName(b, f.name), v)
			}
		case f.flag != nil:
			if *f.flag(e) {
				b = append(appendName(b, f.name), "true"...)
			}
		default:
			if v := *f.number(e); v != 0 {
				b = strconv.AppendInt(appendName(b, f.name), int64(v), 10)
			}
		}
	}
	return append(b, '}', '\n')
}

func appendName(b []byte, name string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if !plain(s[i]) {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic("trace: a string cannot be encoded: " + err.Error())
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// plain reports whether c stands for itself in what encoding/json writes: it escapes control
// characters, quotes, backslashes, what is special in HTML, and looks closer at UTF-8.
func plain(c byte) bool {
	switch c {
	case '"', '\\', '<', '>', '&':
		return false
	}
	return c >= ' ' && c < 0x7f
}
