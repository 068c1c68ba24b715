package mutants

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Sources reads a file of the module, by its name below the root.
type Sources func(file string) (string, error)

// SourcesUnder reads the files of the module at root.
func SourcesUnder(root string) Sources {
	return func(file string) (string, error) {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		return string(b), err
	}
}

// Patch returns the files that the mutant changes, as they are then. It returns an error unless
// each edit's old text occurs exactly once, and each changes something: a mutant that the
// source has grown away from proves nothing.
func (m Mutant) Patch(read Sources) (map[string]string, error) {
	files := map[string]string{}
	for i, e := range m.Edits {
		text, known := files[e.File]
		if !known {
			var err error
			if text, err = read(e.File); err != nil {
				return nil, fmt.Errorf("mutant %s: %w", m.Name, err)
			}
		}
		if n := strings.Count(text, e.Old); n != 1 || e.Old == e.New {
			return nil, fmt.Errorf("mutant %s: edit %d of %s: its old text occurs %d times, "+
				"must be once, and the new one must differ: %q", m.Name, i, e.File, n, e.Old)
		}
		files[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("mutant %s: edits nothing", m.Name)
	}
	return files, nil
}

// Overlay writes the mutant's files under dir and returns the path of the file that lays them
// over the module at root, for go build -overlay.
func (m Mutant) Overlay(root, dir string) (string, error) {
	files, err := m.Patch(SourcesUnder(root))
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range files {
		path := filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, filepath.FromSlash(file))] = path
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, data, 0o600)
}
