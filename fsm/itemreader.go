package fsm

import (
	"errors"
	"io"

	"github.com/leased-io/leased/budget"
)

// itemReader reads the items of a snapshot one by one. It holds the one at hand, which may be
// large: a budget with its overrides, or the zones of the calendar.
type itemReader struct {
	r    io.Reader
	data []byte // read from r, and not yet used
	back []byte // what data is a part of
}

// decode reads the next item into v. It returns io.EOF if there is none.
func (in *itemReader) decode(v any) error {
	for {
		rest, err := decoding.UnmarshalFirst(in.data, v)
		if err == nil {
			in.data = rest
			return nil
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		switch more := in.fill(); {
		case errors.Is(more, io.EOF):
			return err
		case more != nil:
			return more
		}
	}
}

// fill reads more, or returns the error of r.
func (in *itemReader) fill() error {
	if len(in.data) == cap(in.back) || in.back == nil {
		in.back = make([]byte, max(imageBuffer, 2*len(in.data)))
	}
	n := copy(in.back[:cap(in.back)], in.data)
	for {
		m, err := in.r.Read(in.back[n:cap(in.back)])
		in.data = in.back[:n+m]
		if m > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// account reads the next item, an accountItem. Most are read without a look at its types.
func (in *itemReader) account() (row, error) {
	p := itemParser{in.data, true}
	if r := p.account(); p.ok {
		in.data = p.rest
		return r, nil
	}
	var item accountItem
	err := in.decode(&item)
	return row{item.Key, item.Account}, err
}

// itemParser parses items of a known kind from the front of rest. It is not ok any more when they
// are of another one, or cut off: then encoding has to tell. It takes numbers of any length, which
// a snapshot has none of, since Restore compares the bytes with those of what was read.
type itemParser struct {
	rest []byte
	ok   bool
}

func (p *itemParser) account() (r row) {
	pairs := p.head(mapItem)
	if pairs == 2 {
		p.ok = p.ok && p.head(unsignedItem) == 1
		r.key = p.text()
	}
	p.ok = p.ok && (pairs == 1 || pairs == 2) && p.head(unsignedItem) == 2
	before := uint64(0)
	for range p.head(mapItem) {
		field := p.head(unsignedItem)
		if !p.ok || field <= before {
			p.ok = false
			return r
		}
		before = field
		switch field {
		case 1:
			r.Used = budget.Credits(p.integer())
		case 2:
			r.Peak = budget.Credits(p.integer())
		case 3:
			r.Askers = p.uint32()
		case 4:
			r.PrevAskers = p.uint32()
		case 5:
			r.Tokens = budget.Credits(p.integer())
		case 6:
			r.Parts = p.head(unsignedItem)
		case 7:
			r.At = budget.Instant(p.integer())
		default:
			p.ok = false
		}
	}
	return r
}

// head returns the number of the next item's head, which must be of a major type.
func (p *itemParser) head(major byte) (n uint64) {
	if len(p.rest) == 0 || p.rest[0]&0xe0 != major {
		p.ok = false
		return 0
	}
	short := p.rest[0] & 0x1f
	p.rest = p.rest[1:]
	if short < 24 {
		return uint64(short)
	}
	size := 1 << (short - 24)
	if size > 8 || size > len(p.rest) {
		p.ok = false
		return 0
	}
	for _, b := range p.rest[:size] {
		n = n<<8 | uint64(b)
	}
	p.rest = p.rest[size:]
	return n
}

func (p *itemParser) integer() int64 {
	if len(p.rest) > 0 && p.rest[0]&0xe0 == negativeItem {
		n := int64(p.head(negativeItem))
		p.ok = p.ok && n >= 0
		return ^n
	}
	n := int64(p.head(unsignedItem))
	p.ok = p.ok && n >= 0
	return n
}

func (p *itemParser) uint32() uint32 {
	n := p.head(unsignedItem)
	p.ok = p.ok && n < 1<<32
	return uint32(n)
}

func (p *itemParser) text() string {
	n := p.head(textItem)
	if !p.ok || n > uint64(len(p.rest)) {
		p.ok = false
		return ""
	}
	text := string(p.rest[:n])
	p.rest = p.rest[n:]
	return text
}
