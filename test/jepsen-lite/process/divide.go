//go:build linux

package process

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/leased-io/leased/trace"
)

// divide sorts what fleet processes recorded by the cluster that it is of. A process that lives
// on with another cluster goes on writing one file, and numbers of sessions tell them apart.
func (s *stage) divide() error {
	for i, r := range s.runs[:len(s.runs)-1] {
		files, err := trace.Files(r.dir)
		if err != nil {
			return err
		}
		for _, path := range files {
			if err := divideFile(path, s.runs[i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// divideFile moves the events of a later run out of a fleet process's file, if it has any.
func divideFile(path string, later *run) error {
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
	header.Run = later.name
	mine, theirs, err := divideLines(data, header, later.first)
	if err != nil || theirs == nil {
		return err
	}
	err = os.WriteFile(filepath.Join(later.dir, filepath.Base(path)), theirs, 0o600)
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
	for lines, n := bufio.NewReader(bytes.NewReader(data)), 0; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			mine = append(mine, line...) // nothing, or torn
			break
		}
		var e trace.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, nil, err
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
