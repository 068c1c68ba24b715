// Package docs holds the documents to what they are about. It has tests only.
package docs

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the repository's, as seen from this directory.
const root = ".."

// pages returns every Markdown file of the repository, relative to root.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") ||
			name == "testdata" || name == "bin" || name == "coverage") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("only %d pages were found: %v", len(found), found)
	}
	return found
}

// lines returns the lines of a page that are outside of fenced code.
func lines(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var prose []string
	fenced := false
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(strings.TrimSpace(s.Text()), "```") {
			fenced = !fenced
			continue
		}
		if !fenced {
			prose = append(prose, s.Text())
		}
	}
	return prose
}

func TestEachPageHasOneTitle(t *testing.T) {
	for _, page := range pages(t) {
		titles := 0
		for _, line := range lines(t, page) {
			if strings.HasPrefix(line, "# ") {
				titles++
			}
		}
		if titles != 1 {
			t.Errorf("%s has %d titles, want 1", page, titles)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	checked := 0
	for _, page := range pages(t) {
		for _, line := range lines(t, page) {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				target, _, _ := strings.Cut(m[1], "#")
				if target == "" || strings.Contains(target, "://") {
					continue
				}
				checked++
				if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
					t.Errorf("%s links to %s, which is not there", page, target)
				}
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d links were found", checked)
	}
}
