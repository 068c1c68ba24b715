package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/leased-io/leased/trace"
)

// tailBlock is how much of a growing file is read at a time.
const tailBlock = 64 << 10

// tail follows one trace file while its recorder writes it. The last line waits until it is
// complete.
type tail struct {
	path string
	file *os.File
	rest []byte
	into recorder
}

// tails follows every file of a trace directory, old and new, into one ledger.
type tails struct {
	dir    string
	ledger *Ledger
	files  map[string]*tail
}

func newTails(dir string, ledger *Ledger) *tails {
	return &tails{dir: dir, ledger: ledger, files: map[string]*tail{}}
}

// ReadLedger adds up a trace that is complete.
func ReadLedger(dir string) (*Ledger, error) {
	t := newTails(dir, NewLedger())
	defer t.close()
	return t.ledger, t.catchUp()
}

// catchUp reads what was written since the last call.
func (t *tails) catchUp() error {
	paths, err := trace.Files(t.dir)
	if err != nil {
		return err
	}
	for _, path := range paths {
		one := t.files[path]
		if one == nil {
			file, err := os.Open(path)
			if err != nil {
				return err
			}
			one = &tail{path: path, file: file, into: recorder{ledger: t.ledger}}
			t.files[path] = one
		}
		if err := one.catchUp(); err != nil {
			return err
		}
	}
	return nil
}

func (t *tail) catchUp() error {
	block := make([]byte, tailBlock)
	for {
		n, err := t.file.Read(block)
		t.rest = append(t.rest, block[:n]...)
		for {
			line, rest, complete := bytes.Cut(t.rest, []byte{'\n'})
			if !complete {
				break
			}
			t.rest = rest
			var e trace.Event
			if err := json.Unmarshal(line, &e); err != nil {
				return fmt.Errorf("%s: %w", t.path, err)
			}
			t.into.take(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// close lets go of the files.
func (t *tails) close() {
	for _, one := range t.files {
		_ = one.file.Close()
	}
}
