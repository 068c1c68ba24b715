package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

func TestMerge(t *testing.T) {
	dir := t.TempDir()
	campaign := func(ring int, result string) string {
		c := &report.Campaign{Ring: ring, Command: "make jepsen", Runs: []report.Run{{Name: "seed 1",
			Lives: 1, Verdicts: []report.Verdict{{Judge: "trace", Result: result}}}}}
		path := filepath.Join(dir, result+string(rune('0'+ring))+".json")
		if err := c.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	torn := filepath.Join(dir, "torn.json")
	if err := os.WriteFile(torn, []byte(`{"ring":2`), 0o600); err != nil {
		t.Fatal(err)
	}
	one, two, three := campaign(1, report.Valid), campaign(2, report.Valid), campaign(3, report.Valid)
	page, table := filepath.Join(dir, "page.html"), filepath.Join(dir, "table.md")
	for _, test := range []struct {
		args []string
		code int
		out  string // of either
	}{
		{[]string{"-html", page, "-table", table, one, two, three}, exitValid, "VALID: 3 lives"},
		{[]string{one, campaign(2, report.Unknown)}, exitUnknown, "UNKNOWN: 2 lives"},
		{[]string{campaign(1, report.Invalid), campaign(2, report.Unknown)}, exitInvalid,
			"INVALID: 2 lives"},
		{[]string{}, exitInput, "no campaign"},
		{[]string{"-page", page, one}, exitInput, "flag provided but not defined"},
		{[]string{"-help"}, exitValid, "usage: merge"},
		{[]string{one, torn}, exitInput, "torn.json"},
		{[]string{filepath.Join(dir, "none.json")}, exitInput, "no such file"},
		{[]string{"-html", filepath.Join(dir, "none", "x"), one}, exitInput, "no such file"},
		{[]string{"-table", filepath.Join(dir, "none", "x"), one}, exitInput, "no such file"},
	} {
		var out bytes.Buffer
		if code := run(test.args, &out, &out); code != test.code ||
			!strings.Contains(out.String(), test.out) {
			t.Errorf("%v: exit %d, want %d with %q:\n%s", test.args, code, test.code, test.out, &out)
		}
	}
	for path, want := range map[string]string{page: "rings", table: "| what | ring 1 | ring 2 |"} {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(strings.ReplaceAll(string(text), "ring 1 (seed 0), ring 2",
			"rings"), want) {
			t.Errorf("%s: %v: no %q", path, err, want)
		}
	}
}
