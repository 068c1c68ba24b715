package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/timeline"
)

// onlyPage fails the test unless path is the only page in its directory, and returns it.
func onlyPage(t *testing.T, path string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			t.Errorf("%s was left behind", e.Name())
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTraceCheckHTML(t *testing.T) {
	dir := record(t)
	path := filepath.Join(t.TempDir(), "run.html")
	plain := leased(t, "", "trace", "check", dir)
	r := leased(t, "", "trace", "check", dir, "--html", path)
	if r != plain || r.code != exitOK {
		t.Errorf("with a page: %+v; without: %+v", r, plain)
	}
	valid := onlyPage(t, path)
	if !strings.Contains(valid, `class="verdict valid"`) || !strings.HasSuffix(valid, "</html>\n") {
		t.Errorf("the page: %.2000s", valid)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	// An invalid trace is drawn too, over the page that is there.
	fleet := filepath.Join(dir, "fleet.jsonl")
	spent := regexp.MustCompile(`("kind":"admit".*"n":)\d+`)
	edit(t, fleet, func(line string) string {
		return spent.ReplaceAllString(line, "${1}9000000")
	})
	r = leased(t, "", "trace", "check", "--html", path, dir)
	if r.code != exitViolation || !strings.HasPrefix(r.out, "INVALID: ") {
		t.Errorf("an invalid trace: %+v", r)
	}
	invalid := onlyPage(t, path)
	if !strings.Contains(invalid, `class="verdict invalid"`) ||
		!strings.Contains(invalid, "fleet.jsonl:") {
		t.Errorf("the page: %.2000s", invalid)
	}

	// What is no trace is not drawn, and what was there stays.
	edit(t, fleet, func(string) string { return "hello\n" })
	wantError(t, leased(t, "", "trace", "check", "--html", path, dir), exitUsage, `.*fleet.jsonl.*`)
	if onlyPage(t, path) != invalid {
		t.Error("the page of before is gone")
	}
}

// TestTraceCheckHTMLNowhere: where no page can be, that is said before anything is checked.
func TestTraceCheckHTMLNowhere(t *testing.T) {
	dir := record(t)
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing", "run.html"),
		os.DevNull} {
		wantError(t, leased(t, "", "trace", "check", dir, "--html", path), exitUsage,
			`--html: .*`+regexp.QuoteMeta(path)+`.*`)
	}
}

// TestPageThatCannotBePut: an error at the very end leaves nothing behind, and says where.
func TestPageThatCannotBePut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.html")
	p, err := beginPage(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil { // somebody else was faster
		t.Fatal(err)
	}
	err = p.put(timeline.New(nil), &twin.Report{})
	p.discard()
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestDemoHTML(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.html")
	r := leased(t, "", strings.Fields("demo --nodes 1 --no-kill --limiters 4 --duration 4s "+
		"--input testdata/requests.csv --speedup 40 --html "+path+" --trace-dir "+t.TempDir())...)
	page := onlyPage(t, path)
	if r.code != exitOK || !strings.Contains(page, `class="verdict valid"`) {
		t.Errorf("%+v", r)
	}
	wantError(t, leased(t, "", "demo", "--html", t.TempDir()), exitUsage, `--html: .*`)
}
