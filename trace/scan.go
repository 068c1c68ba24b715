package trace

import "math"

// scanner walks over the tokens of a canonical line. The first thing it does not expect
// clears ok, and it stays cleared.
type scanner struct {
	rest []byte
	ok   bool
}

// literal takes text.
func (s *scanner) literal(text string) {
	if len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		s.ok = false
		return
	}
	s.rest = s.rest[len(text):]
}

// untilQuote takes a string that contains no escape, and its closing quote.
func (s *scanner) untilQuote() []byte {
	for i, c := range s.rest {
		switch {
		case c == '"':
			text := s.rest[:i]
			s.rest = s.rest[i+1:]
			return text
		case c < ' ' || c > 0x7e || c == '\\':
			s.ok = false
			return nil
		}
	}
	s.ok = false
	return nil
}

// uint64 takes a decimal number that has no leading zero and fits.
func (s *scanner) uint64() uint64 {
	var v uint64
	i := 0
	for ; i < len(s.rest); i++ {
		digit := uint64(s.rest[i] - '0')
		if digit > 9 {
			break
		}
		// 19 digits always fit; a longer number, or one that may wrap, goes the slow way.
		if i >= 19 {
			s.ok = false
			return 0
		}
		v = v*10 + digit
	}
	if i == 0 || i > 1 && s.rest[0] == '0' {
		s.ok = false
		return 0
	}
	s.rest = s.rest[i:]
	return v
}

// int64 takes a number that may be negative.
func (s *scanner) int64() int64 {
	if len(s.rest) > 0 && s.rest[0] == '-' {
		s.rest = s.rest[1:]
		v := s.uint64()
		// The least int64 is left to the slow way, as is -0.
		s.ok = s.ok && v >= 1 && v <= math.MaxInt64
		return -int64(v)
	}
	v := s.uint64()
	s.ok = s.ok && v <= math.MaxInt64
	return int64(v)
}
