package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxZstdMemory bounds what a compressed file can make its reader allocate.
const maxZstdMemory = 64 << 20

// FormatError says that a file is no trace that this package reads.
type FormatError struct {
	File   string
	Line   int // counted from 1
	Reason string
}

// Error returns file:line: reason.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
}

// Reader reads one trace file from its beginning, strictly: what it does not understand is an
// error, never skipped. It is not safe for concurrent use.
type Reader struct {
	name     string
	file     io.Closer
	zstd     *zstd.Decoder // nil for a plain file
	lines    *bufio.Reader
	decoder  decoder
	header   Event
	event    Event // what Next read; here because it would escape to the heap
	line     int
	complete bool
	torn     bool
	err      error // sticky; io.EOF at the end
}

// Open opens the trace file at path and reads its header. Compression goes by the suffix, as
// in Create. The error is a *FormatError if the file is no trace of this version.
//
// The caller must Close the reader.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	r, err := newReader(path, f, strings.HasSuffix(path, suffixZstd))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func newReader(name string, f io.ReadCloser, compressed bool) (*Reader, error) {
	r := &Reader{name: name, file: f}
	var source io.Reader = f
	if compressed {
		decoder, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxZstdMemory))
		if err != nil {
			return nil, fmt.Errorf("trace: %s: %w", name, err)
		}
		r.zstd, source = decoder, decoder
	}
	r.lines = bufio.NewReaderSize(source, MaxLine)
	var header Event
	err := r.read(&header)
	switch {
	case errors.Is(err, io.EOF):
		err = &FormatError{File: name, Line: 1, Reason: "no header: the file is empty or torn"}
	case err == nil:
		if reason := checkHeader(header); reason != nil {
			err = &FormatError{File: name, Line: 1, Reason: reason.Error()}
		}
	}
	if err != nil {
		if r.zstd != nil {
			r.zstd.Close()
		}
		return nil, err
	}
	r.header = header
	return r, nil
}

// checkHeader returns what is wrong with a header, or nil.
func checkHeader(h Event) error {
	switch {
	case h.Kind != KindHeader:
		return fmt.Errorf("the first line is a %s, not a header", h.Kind)
	case h.Version != Version:
		return fmt.Errorf("version %d; this reader knows version %d", h.Version, Version)
	case h.Run == "", h.Recorder == "", h.Clock == "":
		return errors.New("the header must name run, recorder and clock")
	case h.Role != RoleNode && h.Role != RoleFleet:
		return fmt.Errorf("role %q; it must be %q or %q", h.Role, RoleNode, RoleFleet)
	case h.DriftPPM < 0 || h.DriftPPM >= 1_000_000:
		return fmt.Errorf("drift_ppm %d; it must be in 0..999999", h.DriftPPM)
	}
	return nil
}

// Name returns the file's path as it was opened.
func (r *Reader) Name() string { return r.name }

// Header returns the first line.
func (r *Reader) Header() Event { return r.header }

// Line returns the number of the line that Next returned last; the header is line 1.
func (r *Reader) Line() int { return r.line }

// Complete reports whether the end line was met: the file was closed in order. It is known
// when Next has returned io.EOF.
func (r *Reader) Complete() bool { return r.complete }

// Torn reports whether the file ends in the middle of a line (or compressed frame): its writer
// died while writing. The piece is not returned. It is known when Next has returned io.EOF.
func (r *Reader) Torn() bool { return r.torn }

// Close closes the file.
func (r *Reader) Close() error {
	if r.zstd != nil {
		r.zstd.Close()
	}
	return r.file.Close()
}

// Next returns the next event, without header and end lines. At the end it returns io.EOF; a
// file that was not closed in order ends like any other, see Complete and Torn. What is no
// trace is a *FormatError. An error is returned again by every later call.
func (r *Reader) Next() (Event, error) {
	if err := r.Read(&r.event); err != nil {
		return Event{}, err
	}
	return r.event, nil
}

// Read is Next into an event of the caller's, for who reads millions: an event is half a kilobyte.
// With an error e is undefined.
func (r *Reader) Read(e *Event) error {
	if r.err == nil {
		r.err = r.next(e)
	}
	return r.err
}

func (r *Reader) next(e *Event) error {
	err := r.read(e)
	switch {
	case err != nil:
		return err
	case e.Kind == KindHeader:
		return r.malformed("a second header")
	case e.Kind == KindGap && e.N < 1:
		return r.malformed(fmt.Sprintf("a gap of %d events; it must be 1 or more", e.N))
	case e.Kind == KindEnd:
		r.complete = true
		if err := r.read(e); err != nil {
			return err
		}
		return r.malformed("a line after the end line")
	}
	return nil
}

// read decodes one line into e.
func (r *Reader) read(e *Event) error {
	line, err := r.lines.ReadSlice('\n')
	switch {
	case err == nil:
		r.line++
	case errors.Is(err, bufio.ErrBufferFull):
		r.line++
		return r.malformed(fmt.Sprintf("a line of more than %d bytes", MaxLine))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.torn = len(line) > 0 || errors.Is(err, io.ErrUnexpectedEOF)
		if r.torn && r.complete {
			return r.malformed("a piece of a line after the end line")
		}
		return io.EOF
	case r.zstd != nil:
		r.line++
		return r.malformed(fmt.Sprintf("compressed data: %v", err))
	default:
		return fmt.Errorf("trace: %w", err)
	}
	if err := r.decoder.decode(line[:len(line)-1], e); err != nil {
		return r.malformed(err.Error())
	}
	return nil
}

func (r *Reader) malformed(reason string) error {
	return &FormatError{File: r.name, Line: r.line, Reason: reason}
}
