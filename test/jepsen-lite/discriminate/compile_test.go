package discriminate

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

// compiled are the module's packages and all that they import, as the compiler left them. With
// them a package with an edit in it is checked in milliseconds, where a build takes seconds.
type compiled struct {
	root    string
	files   map[string][]string // of a package of ours, by its directory below root
	imports types.Importer
	fset    *token.FileSet
}

// compile has the go command compile what it has not yet.
func compile(t *testing.T) *compiled {
	t.Helper()
	root := moduleRoot(t)
	list := exec.Command("go", "list", "-export", "-deps", "-json=Dir,ImportPath,Export,GoFiles",
		"./client", "./test/jepsen-lite/sim", "./test/jepsen-lite/cluster")
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	c := &compiled{root: root, files: map[string][]string{}, fset: token.NewFileSet()}
	exports := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			Dir, ImportPath, Export string
			GoFiles                 []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if dir, err := filepath.Rel(root, p.Dir); err == nil && filepath.IsLocal(dir) {
			c.files[filepath.ToSlash(dir)] = p.GoFiles
		}
	}
	c.imports = importer.ForCompiler(c.fset, "gc", func(name string) (io.ReadCloser, error) {
		return os.Open(exports[name])
	})
	return c
}

// with returns why the packages that a mutant changes do not compile with it, each by itself.
func (c *compiled) with(m mutants.Mutant) []error {
	changed, err := m.Patch(mutants.SourcesUnder(c.root))
	if err != nil {
		return []error{err}
	}
	dirs := map[string]bool{}
	for file := range changed {
		dirs[path.Dir(file)] = true
	}
	var errs []error
	for dir := range dirs {
		if err := c.check(dir, changed); err != nil {
			errs = append(errs, fmt.Errorf("mutant %s: %w", m.Name, err))
		}
	}
	return errs
}

// check returns why a package does not compile with those files changed.
func (c *compiled) check(dir string, changed map[string]string) error {
	if len(c.files[dir]) == 0 {
		return fmt.Errorf("%s is no package that is compiled here", dir)
	}
	var files []*ast.File
	for _, name := range c.files[dir] {
		name = path.Join(dir, name)
		var text any // nil: as the file is
		if s, ok := changed[name]; ok {
			text = s
		}
		f, err := parser.ParseFile(c.fset, filepath.Join(c.root, filepath.FromSlash(name)), text,
			parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: c.imports}
	_, err := conf.Check(dir, c.fset, files, nil)
	return err
}
