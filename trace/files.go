package trace

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The suffixes of trace files.
const (
	suffixPlain = ".jsonl"
	suffixZstd  = ".jsonl.zst"
)

// Files returns the trace files that path stands for: path itself, or, of a directory, its
// *.jsonl and *.jsonl.zst files, sorted by name. Directories below it are not entered. A
// directory without any such file is an error, because checking nothing is not a success.
func Files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	var files []string
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() ||
			!strings.HasSuffix(name, suffixPlain) && !strings.HasSuffix(name, suffixZstd) {
			continue
		}
		files = append(files, filepath.Join(path, name))
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("trace: %s holds no %s or %s file", path, suffixPlain, suffixZstd)
	}
	return files, nil
}
