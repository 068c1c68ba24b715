package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// specMap is the page's table rows: the cells of each, without the header rows.
func specMap(t *testing.T) [][]string {
	t.Helper()
	var rows [][]string
	for _, line := range lines(t, "spec-map.md") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if slices.Contains([]string{"rule", "step", "what", "module"}, cells[0]) {
			continue // a header
		}
		rows = append(rows, cells)
	}
	return rows
}

var span = regexp.MustCompile("`([^`]+)`")

// spans returns what a cell has in code quotes.
func spans(cell string) []string {
	var found []string
	for _, m := range span.FindAllStringSubmatch(cell, -1) {
		found = append(found, m[1])
	}
	return found
}

var (
	tlaName    = regexp.MustCompile(`^([A-Z][A-Za-z]+)!([A-Za-z_]+)$`)
	configName = regexp.MustCompile(`^[A-Z]_[a-zA-Z0-9_]+$`)
	goName     = regexp.MustCompile(`^([a-z][a-z0-9/-]*)\.([A-Za-z]+)(?:\.([A-Za-z]+))?$`)
	kindName   = regexp.MustCompile(`^[a-z_]+$`)
	operator   = regexp.MustCompile(`(?m)^([A-Z][A-Za-z_]*)(?:\([^)]*\))? *==`)
	kindConst  = regexp.MustCompile(`(?m)^\s+Kind[A-Za-z]+ +Kind = "([a-z_]+)"`)
)

// modules returns the operators of each specification module, and of its Next the steps.
func modules(t *testing.T) (operators, steps map[string][]string) {
	t.Helper()
	operators, steps = map[string][]string{}, map[string][]string{}
	files, err := filepath.Glob(filepath.Join(root, "spec/tla/*.tla"))
	if err != nil || len(files) == 0 {
		t.Fatal("no modules: ", err)
	}
	for _, file := range files {
		module := strings.TrimSuffix(filepath.Base(file), ".tla")
		text := read(t, file)
		for _, m := range operator.FindAllStringSubmatch(text, -1) {
			operators[module] = append(operators[module], m[1])
		}
		_, next, ok := strings.Cut(text, "\nNext ==")
		if !ok || strings.HasPrefix(module, "MC") || strings.HasPrefix(module, "Trace") {
			continue
		}
		next, _, _ = strings.Cut(next, "\nSpec ==")
		for _, word := range regexp.MustCompile(`[A-Za-z_!]+`).FindAllString(next, -1) {
			if word == "Still" { // no step: that a step leaves the calendar alone
				continue
			}
			if slices.Contains(operators[module], word) && !slices.Contains(steps[module], word) {
				steps[module] = append(steps[module], word)
			}
		}
	}
	return operators, steps
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// declared returns what the Go files of a directory declare: functions, types, and methods as
// Type.Method.
func declared(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok {
						names[s.Name.Name] = true
					}
				}
			}
		}
	}
	return names
}

// receiver returns "Type." for a method, and nothing for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	e := d.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if index, ok := e.(*ast.IndexExpr); ok {
		e = index.X
	}
	return e.(*ast.Ident).Name + "."
}

// resolver finds what the map names.
type resolver struct {
	t         *testing.T
	operators map[string][]string
	kinds     []string
	packages  map[string]map[string]bool
}

func newResolver(t *testing.T) *resolver {
	r := &resolver{t: t, packages: map[string]map[string]bool{}}
	r.operators, _ = modules(t)
	events := read(t, filepath.Join(root, "trace/event.go"))
	for _, m := range kindConst.FindAllStringSubmatch(events, -1) {
		r.kinds = append(r.kinds, m[1])
	}
	return r
}

func (r *resolver) goes(dir, name string) bool {
	if r.packages[dir] == nil {
		r.packages[dir] = declared(r.t, dir)
	}
	return r.packages[dir][name]
}

// known reports whether a name of the map is that of something that exists.
func (r *resolver) known(name string, exploring bool) bool {
	if m := tlaName.FindStringSubmatch(name); m != nil {
		return slices.Contains(r.operators[m[1]], m[2])
	}
	if configName.MatchString(name) {
		_, err := os.Stat(filepath.Join(root, "spec/tla", name+".cfg"))
		return err == nil
	}
	if exploring {
		return r.goes("spec/twin/explore", name)
	}
	if m := goName.FindStringSubmatch(name); m != nil && filepath.Ext(name) != ".txt" {
		return r.goes(m[1], strings.TrimSuffix(m[2]+"."+m[3], "."))
	}
	if kindName.MatchString(name) && slices.Contains(r.kinds, name) {
		return true
	}
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil && strings.Contains(name, "/")
}

// exploreColumn is where the rows of rules, steps and modules name the explorer's functions.
func exploreColumn(cells []string) int {
	switch {
	case len(cells) == 3 || len(cells) == 5 && strings.HasPrefix(cells[0], "R"):
		return 2
	case len(cells) == 5:
		return 1
	}
	return -1
}

func TestSpecMapNamesWhatExists(t *testing.T) {
	r := newResolver(t)
	checked := 0
	for _, cells := range specMap(t) {
		for column, cell := range cells {
			for _, name := range spans(cell) {
				checked++
				if name == "Seq" {
					continue // a field
				}
				if !r.known(name, column == exploreColumn(cells)) {
					t.Errorf("%s: there is no %s", cells[0], name)
				}
			}
		}
	}
	if checked < 150 {
		t.Errorf("only %d names were found", checked)
	}
	// The check itself: none of these exists.
	for _, name := range []string{"WindowLease!Sent", "NoLease!Send", "W_abl_none", "fsm.State.none",
		"fsm.none", "nowhere.State", "granted", "fsm/testdata/none.txt"} {
		if r.known(name, false) {
			t.Errorf("%s is taken for something that exists", name)
		}
	}
	if r.known("windowModel.none", true) || r.known("commit", true) {
		t.Error("a function that the explorer does not have is taken for one")
	}
}

func TestSpecMapIsComplete(t *testing.T) {
	var all []string
	for _, cells := range specMap(t) {
		for _, cell := range cells {
			all = append(all, spans(cell)...)
		}
		if cells[0] == "" || len(cells) < 3 {
			t.Errorf("a row without its cells: %q", cells)
		}
	}
	_, steps := modules(t)
	total := 0
	for module, names := range steps {
		for _, name := range names {
			total++
			if !slices.Contains(all, module+"!"+name) {
				t.Errorf("%s!%s is not in the map", module, name)
			}
		}
	}
	if total < 40 {
		t.Errorf("only %d steps were found in the modules", total)
	}
	for _, kind := range newResolver(t).kinds {
		if !slices.Contains(all, kind) {
			t.Errorf("events of kind %s are not in the map", kind)
		}
	}
	rules := 0
	for _, cells := range specMap(t) {
		if regexp.MustCompile(`^R\d+ `).MatchString(cells[0]) {
			rules++
		}
	}
	if rules != 10 {
		t.Errorf("%d rules, want 10", rules)
	}
}
