package cluster

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/leased-io/leased/trace"
)

// divide sorts what processes recorded by the cluster that it is of. One that outlived its cluster
// goes on writing one file, and the numbers of sessions tell its lives apart: those from first on
// are of the second cluster.
func divide(lives []life, first uint64) error {
	files, err := trace.Files(lives[0].dir)
	if err != nil {
		return err
	}
	for _, path := range files {
		if err := divideFile(path, lives[1], first); err != nil {
			return fmt.Errorf("cluster: divide %s: %w", path, err)
		}
	}
	return nil
}

// divideFile moves the events of the second cluster out of a process's file, if it has any.
func divideFile(path string, second life, first uint64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var mine, theirs []byte
	moved := false
	lines := bufio.NewReader(file)
	for n := 0; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		var e trace.Event
		switch {
		case errors.Is(err, io.EOF): // nothing, or torn
			mine = append(mine, line...)
			if !moved {
				return nil
			}
			into := filepath.Join(second.dir, filepath.Base(path))
			return errors.Join(os.WriteFile(into, theirs, 0o600), os.WriteFile(path, mine, 0o600))
		case json.Unmarshal(line, &e) != nil:
			return fmt.Errorf("line %d is no event", n+1)
		case n == 0 && e.Role != trace.RoleFleet:
			return nil
		case n == 0:
			mine, e.Run = append(mine, line...), second.name
			if line, err = json.Marshal(e); err != nil {
				return err
			}
			theirs = append(theirs, append(line, '\n')...)
		case e.Session >= first:
			theirs, moved = append(theirs, line...), true
		case e.Kind == trace.KindGap, e.Kind == trace.KindEnd: // both say so
			mine, theirs = append(mine, line...), append(theirs, line...)
		default:
			mine = append(mine, line...)
		}
	}
}
