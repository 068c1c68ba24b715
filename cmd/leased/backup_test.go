package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wantOut fails the test unless a command was done and printed what pattern describes.
func wantOut(t *testing.T, r result, pattern string) {
	t.Helper()
	if r.code != exitOK || r.err != "" || !regexp.MustCompile("(?s)^"+pattern+"$").MatchString(r.out) {
		t.Errorf("got %+v, want %s", r, pattern)
	}
}

// TestBackupAndRestoreByHand: the commands as an operator uses them, and what they refuse.
func TestBackupAndRestoreByHand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cluster.json")
	old := serveOne(t, filepath.Join(dir, "old"))
	t.Setenv(endpointsEnv, old.api)
	wantOut(t, leased(t, "", "budget", "apply", "-f", "testdata/budgets.yaml"), ".*")
	id := `[0-9a-f]{12}`
	wantOut(t, leased(t, "", "cluster", "backup", file),
		`backup `+regexp.QuoteMeta(file)+`: 2 budgets as of cluster time \S+, id `+id+`\n`)
	wantError(t, leased(t, "", "cluster", "backup", file), exitUsage,
		regexp.QuoteMeta(file)+` is there already: --force replaces it`)
	wantOut(t, leased(t, "", "cluster", "backup", "--force", file), `backup .*\n`)
	wantError(t, leased(t, "", "cluster", "backup", filepath.Join(dir, "none", "x")), exitFailed,
		`write backup: .*no such file or directory`)
	piped := leased(t, "", "cluster", "backup", "-")
	wantOut(t, piped, `\{\n  "form": "leased backup",.*\}\n`)
	wantError(t, leased(t, "", "cluster", "restore", file), exitUsage,
		`nothing was restored: restore backup `+id+`: this cluster has had budgets of its own; `+
			`it takes a cluster that was just founded, with empty data directories`)
	old.end(t)
	for _, left := range []string{"part", "tmp"} { // what a crash in the middle would leave
		if found, err := filepath.Glob(filepath.Join(dir, ".*"+left+"*")); len(found) > 0 || err != nil {
			t.Errorf("left behind: %v, %v", found, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v; want the directory of the node and one file", entries, err)
	}

	fresh := serveOne(t, filepath.Join(dir, "new"))
	t.Setenv(endpointsEnv, fresh.api)
	wantOut(t, leased(t, "", "cluster", "restore", file), `budget llm: restored\n`+
		`budget tenants: restored\nbackup `+id+` is restored: 2 budgets\n`+
		`Leases of the old cluster.*\n\nKIND +PER +LIMITS +GRANT WITHIN\nwindow +1m +3 +1m\S+s\n`)
	wantOut(t, leased(t, "", "budget", "delete", "tenants"), ".*")
	wantOut(t, leased(t, "budgets:\n- name: llm\n  limits:\n  - {metric: x, amount: 5, per: 1h}\n",
		"budget", "apply", "-f", "-"), ".*changed, .*\n")
	wantOut(t, leased(t, "", "cluster", "restore", file),
		`budget llm: changed since, and left as it is\nbudget tenants: restored\n`+
			`backup `+id+` was restored here before: 2 budgets, 1 of them restored now\n.*`)
	wantOut(t, leased(t, piped.out, "cluster", "restore", "-"), `budget llm: changed .*`+
		`backup `+id+` was restored here before: 2 budgets, 0 of them restored now\n`)
	next := leased(t, "", "cluster", "backup", "-")
	wantOut(t, next, `.*"lease": 17592186044416,.*`)
	wantError(t, leased(t, next.out, "cluster", "restore", "-"), exitUsage,
		`nothing was restored: restore backup .*: this cluster was restored from another backup, `+
			id+`; it takes .*`)
	fresh.end(t)
}

// TestBadBackups: a file that is not as it was written is refused without asking anyone.
func TestBadBackups(t *testing.T) {
	t.Setenv(endpointsEnv, closedPort(t))
	refused := `-: nothing was restored: `
	for want, file := range map[string]string{
		refused + `not a backup, or a damaged one: .*`: "budgets: []\n",
		refused + `not a backup: form is "", .*`:       `{}`,
		refused + `version: is 7, and this program reads version 1`: `{"form":"leased backup",` +
			`"version":7}`,
		refused + `unknown field "x"`: `{"form":"leased backup","version":1,"x":1}`,
		refused + `checksum: is "", and that of what the file holds is \S+: it was changed or ` +
			`damaged`: `{"form":"leased backup","version":1}`,
	} {
		wantError(t, leased(t, file, "cluster", "restore", "-"), exitUsage, want)
	}
	wantError(t, leased(t, "", "cluster", "restore", "testdata/none.json"), exitUsage,
		`read backup: open testdata/none.json: no such file or directory`)
	wantError(t, leased(t, "", "cluster", "restore"), exitUsage,
		`accepts 1 arg\(s\), received 0; see 'leased cluster restore --help'`)
	wantError(t, leased(t, "", "cluster", "backup", "-", "--timeout", "100ms"), exitUnavailable,
		`no answer from .*`)
}

// TestWriteWhole: what cannot be written leaves what was there.
func TestWriteWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "b")
	read := func() string {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if err := writeWhole(file, []byte("one"), false); err != nil || read() != "one" {
		t.Fatalf("got %v", err)
	}
	err := writeWhole(file, []byte("two"), false)
	if codeOf(err) != exitUsage || read() != "one" ||
		!strings.Contains(err.Error(), "is there already") {
		t.Errorf("got %v, and the file has %s", err, read())
	}
	if err := writeWhole(file, []byte("three"), true); err != nil || read() != "three" {
		t.Errorf("got %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeWhole(filepath.Join(dir, "d"), nil, true); codeOf(err) != exitFailed {
		t.Errorf("over a directory: got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v; want nothing but the two", entries, err)
	}
}
