package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/leased-io/leased/trace"
)

// Divide sorts what fleet processes recorded in from by the cluster that it is of. A process that
// outlives its cluster goes on writing one file, and the numbers of sessions tell its lives apart:
// those that are not below first are of the next cluster, of that run, and go to the directory
// into.
func Divide(from, into, run string, first uint64) error {
	files, err := trace.Files(from)
	if err != nil {
		return err
	}
	for _, path := range files {
		if err := divideFile(path, into, run, first); err != nil {
			return fmt.Errorf("report: divide %s: %w", path, err)
		}
	}
	return nil
}

// divideFile moves the events of the next cluster out of a fleet process's file, if it has any.
func divideFile(path, into, run string, first uint64) error {
	file, err := trace.Open(path)
	if err != nil {
		return err
	}
	header := file.Header()
	if err := file.Close(); err != nil || header.Role != trace.RoleFleet {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	header.Run = run
	mine, theirs, err := divideLines(data, header, first)
	if err != nil || theirs == nil {
		return err
	}
	err = os.WriteFile(filepath.Join(into, filepath.Base(path)), theirs, 0o600)
	return errors.Join(err, os.WriteFile(path, mine, 0o600))
}

// divideLines parts a file in two: the sessions below first, and the others under header. Where
// events were lost, and where the file was closed, both say so. theirs is nil if there are none.
func divideLines(data []byte, header trace.Event, first uint64) (mine, theirs []byte, err error) {
	begin, err := json.Marshal(header)
	if err != nil {
		return nil, nil, err
	}
	theirs = append(begin, '\n')
	moved := false
	for lines, n := bufio.NewReader(bytes.NewReader(data)), 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			mine = append(mine, line...) // nothing, or torn
			break
		}
		var e trace.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, nil, fmt.Errorf("line %d is no event: %w", n, err)
		}
		switch {
		case e.Session >= first:
			theirs, moved = append(theirs, line...), true
		case e.Kind == trace.KindGap, e.Kind == trace.KindEnd:
			mine, theirs = append(mine, line...), append(theirs, line...)
		default:
			mine = append(mine, line...)
		}
	}
	if !moved {
		return data, nil, nil
	}
	return mine, theirs, nil
}
