//go:build linux

package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
)

// HistoryLine is a line of a history's file: of a call that begins, In and At, or of its end.
// A call without an end was under way when its process died: nobody knows what came of it.
type HistoryLine struct {
	Call int   `json:"call"` // its number in the file, from 1
	At   int64 `json:"at"`   // on the system's clock, whatever clock the limiters are told
	// In is what was asked.
	In *linear.Input `json:"in,omitempty"`
	// Out is what was answered.
	Out *linear.Output `json:"out,omitempty"`
	// Harmless: the call surely had no effect, and there is nothing to explain.
	Harmless bool `json:"harmless,omitempty"`
	// Open: the call failed, and may have taken effect, or may do so later.
	Open bool `json:"open,omitempty"`
}

// HistoryWriter records the calls of a process's clients in a file, each attempt by itself.
type HistoryWriter struct {
	// Mishears is a plant: the first grant is noted as larger than any. Set it before use.
	Mishears bool

	mu    sync.Mutex
	file  *os.File
	calls int
	err   error // the first
}

// CreateHistory makes the file, which must not be there yet.
func CreateHistory(path string) (*HistoryWriter, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &HistoryWriter{file: file}, nil
}

// DialOption has a client recorded. It goes first in the chain, so that it sees what the client
// sees.
func (w *HistoryWriter) DialOption() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(w.intercept)
}

// intercept records one call.
func (w *HistoryWriter) intercept(ctx context.Context, method string, req, resp any,
	cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	var one linear.Recorder // of this call alone: it knows what is an operation
	var numbers []int       // of a batch, several
	err := one.Intercept(0)(ctx, method, req, resp, cc, func(ctx context.Context, method string,
		req, resp any, cc *grpc.ClientConn, opts ...grpc.CallOption,
	) error {
		// The file has it before the call is sent: the process may die at any time.
		for _, op := range one.History() {
			numbers = append(numbers, w.begin(op.Input))
		}
		return invoke(ctx, method, req, resp, cc, opts...)
	}, opts...)
	ends := one.Ends()
	for i, number := range numbers {
		w.end(number, ends[i])
	}
	return err
}

func (w *HistoryWriter) begin(in linear.Input) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	w.writeLocked(HistoryLine{Call: w.calls, At: now(), In: &in})
	return w.calls
}

// end notes how the call ended.
func (w *HistoryWriter) end(call int, e linear.End) {
	line := HistoryLine{Call: call, At: now(), Out: e.Output, Harmless: e.Harmless,
		Open: e.Output == nil && !e.Harmless}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Mishears && line.Out != nil && len(line.Out.Grants) > 0 {
		line.Out.Grants[0].Amount, w.Mishears = misheard, false
	}
	w.writeLocked(line)
}

// misheard is more than any limit has.
const misheard = 1 << 40

// writeLocked writes one line in one piece, so that what a killed process leaves is whole but
// for its last line.
func (w *HistoryWriter) writeLocked(line HistoryLine) {
	if w.err != nil {
		return // the first that was lost spoils the file
	}
	data, err := json.Marshal(line)
	if err == nil {
		_, err = w.file.Write(append(data, '\n'))
	}
	w.err = err
}

// Close ends the file, and says what could not be written to it.
func (w *HistoryWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := errors.Join(w.err, w.file.Close()); err != nil {
		return fmt.Errorf("process: the history is not whole: %w", err)
	}
	return nil
}

// history is what a file tells.
type history struct {
	ops linear.History
	// died counts the calls that were under way when the process died.
	died int
}

// readHistory reads a file as operations of the client with that number. A last line that is
// torn is left out.
func readHistory(path string, client int) (history, error) {
	file, err := os.Open(path)
	if err != nil {
		return history{}, err
	}
	defer file.Close()
	var h historyReader
	for lines := bufio.NewReader(file); ; {
		data, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return h.done(client), nil
		}
		if err == nil {
			err = h.line(data)
		}
		if err != nil {
			return history{}, fmt.Errorf("process: %s: line %q: %w", path, data, err)
		}
	}
}

// historyReader gathers the lines of one file.
type historyReader struct {
	ops      []linear.Op // by number
	ended    []bool
	harmless []bool
}

func (r *historyReader) line(data []byte) error {
	var line HistoryLine
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return err
	}
	i := line.Call - 1
	switch {
	case line.In != nil && i == len(r.ops):
		r.ops = append(r.ops, linear.Op{Input: *line.In, Call: line.At})
		r.ended, r.harmless = append(r.ended, false), append(r.harmless, false)
	case line.In == nil && i >= 0 && i < len(r.ops) && !r.ended[i]:
		r.ended[i], r.harmless[i] = true, line.Harmless
		if line.Out != nil {
			r.ops[i].Return, r.ops[i].Output = line.At, line.Out
		}
	default:
		return errors.New("it is the end of no call that is under way, nor the next one's begin")
	}
	return nil
}

func (r *historyReader) done(client int) (h history) {
	for i, op := range r.ops {
		if !r.ended[i] {
			h.died++
		}
		if !r.harmless[i] {
			op.Client = client
			h.ops = append(h.ops, op)
		}
	}
	return h
}
