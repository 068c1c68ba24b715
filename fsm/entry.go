package fsm

import (
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"

	"github.com/leased-io/leased/budget"
)

// MaxStamp is the latest cluster time of a valid entry, some 140 years: the ends of all windows
// that are open then, and of what is remembered of them, still fit an Instant.
const MaxStamp = budget.Instant(math.MaxInt64 - 2*int64(maxMemory))

// The one encoding: deterministic on the way out, strict on the way in, so that bytes are equal
// exactly if what they mean is.
var (
	encoding = must(cbor.CoreDetEncOptions().EncMode())
	decoding = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("fsm: " + err.Error())
	}
	return v
}

// EncodeEntry returns e in canonical CBOR. It returns an error if e is malformed as a whole: it
// opens an epoch and carries more, its stamp is not in 0..MaxStamp, or it has more than
// MaxCommands commands. Malformed commands are encoded, and answered CodeInvalid.
func EncodeEntry(e Entry) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	return appendEntry(make([]byte, 0, usualCommand*(1+len(e.Commands))), &e)
}

// DecodeEntry returns the entry that EncodeEntry encoded. It returns an error for anything that
// is malformed, and for unknown fields, repeated fields and trailing bytes.
func DecodeEntry(b []byte) (Entry, error) {
	e, known := readEntry(b)
	if !known {
		e = Entry{}
		if err := decoding.Unmarshal(b, &e); err != nil {
			return Entry{}, fmt.Errorf("fsm: decode entry: %w", err)
		}
	}
	if err := e.check(); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// check holds at both ends of the log.
func (e Entry) check() error {
	switch {
	case e.Open && (e.Epoch != 0 || e.Stamp != 0 || len(e.Commands) > 0):
		return fmt.Errorf("fsm: an entry opens an epoch and carries epoch %d, stamp %d, %d commands: "+
			"it may carry nothing else", e.Epoch, e.Stamp, len(e.Commands))
	case e.Stamp < 0 || e.Stamp > MaxStamp:
		return fmt.Errorf("fsm: an entry's stamp is %d: it must be in 0..%d", e.Stamp, MaxStamp)
	case len(e.Commands) > MaxCommands:
		return fmt.Errorf("fsm: an entry has %d commands: at most %d", len(e.Commands), MaxCommands)
	}
	return nil
}
