package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/leased-io/leased/trace"
)

// badLine is where the broken line stands in a broken file.
const badLine = 100

// brokenLines are lines that no trace has, with what is said of them.
var brokenLines = map[string]struct{ text, want string }{
	"garbage":         {"hello\n", `not a JSON object`},
	"an empty line":   {"\n", `not a JSON object`},
	"binary garbage":  {"\x00\xff\x1f\x8b\n", `not a JSON object`},
	"another value":   {"[1]\n", `not a JSON object`},
	"a piece of JSON": {`{"kind":"admit","at":1,"n` + "\n", `not JSON: .*`},
	"two values":      {`{"kind":"drop","at":1}{}` + "\n", `more than one JSON value in the line`},
	"a field twice":   {`{"kind":"drop","at":1,"at":2}` + "\n", `field "at" twice`},
	"a null":          {`{"kind":"drop","at":null}` + "\n", `field "at" is null: leave it out`},
	"an unknown field": {`{"kind":"drop","at":1,"colour":"red"}` + "\n",
		`unknown field "colour"`},
	"an unknown kind": {`{"kind":"steal","at":1}` + "\n", `unknown kind "steal"`},
	"no kind":         {`{"at":1}` + "\n", `unknown kind ""`},
	"a text for a number": {`{"kind":"drop","at":"now"}` + "\n",
		`field "at" is "now": .*`},
	"a fraction": {`{"kind":"drop","at":1.5}` + "\n", `field "at" is 1.5: .*`},
	"a number out of range": {`{"kind":"drop","at":9223372036854775808}` + "\n",
		`field "at" is 9223372036854775808: .*`},
	"a second header": {`{"kind":"header","at":1}` + "\n", `a second header`},
	"an empty gap":    {`{"kind":"gap","at":1}` + "\n", `a gap of 0 events; .*`},
	"a node's event":  {`{"kind":"roll","at":1}` + "\n", `.* does not belong in a fleet file`},
	"a long line": {`{"kind":"drop","at":1,"key":"` + strings.Repeat("x", trace.MaxLine) + "\"}\n",
		`a line of more than 16384 bytes`},
}

// brokenHeaders are changes of a header, with what is said of them.
var brokenHeaders = map[string]struct{ from, to, want string }{
	"another version": {`"version":1`, `"version":2`,
		`version 2; this reader knows version 1`},
	"no version":     {`"version":1,`, ``, `version 0; this reader knows version 1`},
	"unknown role":   {`"role":"fleet"`, `"role":"door"`, `role "door"; .*`},
	"no clock":       {`"clock"`, `"key"`, `the header must name run, recorder and clock`},
	"another run":    {`"run":"demo-`, `"run":"other-`, `run "[^"]*"; .* runs do not mix`},
	"no header":      {`"kind":"header"`, `"kind":"send"`, `the first line is a send, not a header`},
	"too much drift": {`"clock"`, `"drift_ppm":1000000,"clock"`, `drift_ppm 1000000; .*`},
}

// fleetFile writes the first recorded run into a directory and returns the path and content of
// its last fleet file.
func fleetFile(t *testing.T) (path string, text []byte) {
	t.Helper()
	run := theRuns(t)[0]
	dir := t.TempDir()
	run.write(t, dir)
	fleet := run.fleet()
	last := fleet[len(fleet)-1]
	return filepath.Join(dir, last.name), last.bytes(t)
}

func put(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// wantRefused checks the directory of a file and wants an error that names the file and line.
func wantRefused(t *testing.T, path, line, reason string) {
	t.Helper()
	r := leased(t, "", "trace", "check", filepath.Dir(path))
	wantError(t, r, exitUsage, regexp.QuoteMeta(path)+":"+line+": "+reason)
}

func TestBrokenLinesAreNamed(t *testing.T) {
	for name, broken := range brokenLines {
		t.Run(name, func(t *testing.T) {
			path, text := fleetFile(t)
			lines := bytes.SplitAfter(text, []byte("\n"))
			lines[badLine-1] = []byte(broken.text)
			put(t, path, bytes.Join(lines, nil))
			wantRefused(t, path, "100", broken.want)
		})
	}
	t.Run("a line after the end", func(t *testing.T) {
		path, text := fleetFile(t)
		put(t, path, append(text, `{"kind":"drop","at":1}`+"\n"...))
		last := bytes.Count(text, []byte("\n")) + 1
		wantRefused(t, path, strconv.Itoa(last), "a line after the end line")
	})
	t.Run("a fleet's event", func(t *testing.T) {
		path, _ := fleetFile(t)
		run := theRuns(t)[0].clone()
		node := run.nodes()[0]
		node.insertAfter(node.lines[0], trace.Event{Kind: trace.KindAdmit, At: 1})
		path = filepath.Join(filepath.Dir(path), node.name)
		put(t, path, node.bytes(t))
		wantRefused(t, path, "2", ".* does not belong in a node's file")
	})
}

func TestBrokenHeadersAreNamed(t *testing.T) {
	for name, broken := range brokenHeaders {
		t.Run(name, func(t *testing.T) {
			path, text := fleetFile(t)
			header, rest, _ := bytes.Cut(text, []byte("\n"))
			changed := bytes.Replace(header, []byte(broken.from), []byte(broken.to), 1)
			if bytes.Equal(changed, header) {
				t.Fatalf("%s has no %s", header, broken.from)
			}
			put(t, path, bytes.Join([][]byte{changed, rest}, []byte("\n")))
			if name == "another run" {
				// Whichever comes first is taken for the run; the names sort the fleet first.
				other := filepath.Join(filepath.Dir(path), "z.jsonl")
				if err := os.Rename(path, other); err != nil {
					t.Fatal(err)
				}
				path = other
			}
			wantRefused(t, path, "1", broken.want)
		})
	}
	t.Run("two runs", func(t *testing.T) {
		path, _ := fleetFile(t)
		other := theRuns(t)[1]
		node := other.nodes()[0]
		path = filepath.Join(filepath.Dir(path), "z.jsonl")
		put(t, path, node.bytes(t))
		wantRefused(t, path, "1", `run "demo-[^"]*"; the files before are of run "demo-[^"]*", `+
			`and runs do not mix`)
	})
}

func TestBrokenFilesAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		suffix     string
		change     func(text []byte) []byte
		line, want string
	}{
		"empty": {"", func([]byte) []byte { return nil }, "1",
			"no header: the file is empty or torn"},
		"binary": {"", func([]byte) []byte { return bytes.Repeat([]byte{0, 0xff}, 20_000) }, "1",
			"a line of more than 16384 bytes"},
		"torn in its header": {"", func(text []byte) []byte { return text[:20] }, "1",
			"no header: the file is empty or torn"},
		"not compressed": {".zst", func(text []byte) []byte { return text }, "1",
			"compressed data: .*"},
		"compressed without the suffix": {"", func(text []byte) []byte { return compress(t, text) },
			"1", ".*"},
		"rubbish behind the frames": {".zst", func(text []byte) []byte {
			return append(compress(t, text), "rubbish, not a frame"...)
		}, `\d+`, "compressed data: .*"},
		"compressed, a byte changed": {".zst", func(text []byte) []byte {
			data := compress(t, text)
			data[len(data)-2] ^= 1 // of the checksum
			return data
		}, `\d+`, "compressed data: .*"},
		"compressed, empty": {".zst", func([]byte) []byte { return nil }, "1",
			"no header: the file is empty or torn"},
	} {
		t.Run(name, func(t *testing.T) {
			path, text := fleetFile(t)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			put(t, path+test.suffix, test.change(text))
			wantRefused(t, path+test.suffix, test.line, test.want)
		})
	}
}

func compress(t *testing.T, text []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(text, nil)
}

// A file that ends in the middle of a line, or of a frame, is what a process leaves that died.
func TestTornFilesAreNoErrors(t *testing.T) {
	for name, test := range map[string]struct {
		suffix string
		change func(text []byte) []byte
		note   string
	}{
		"a line": {"", func(text []byte) []byte {
			half := bytes.IndexByte(text[len(text)/2:], '\n') + len(text)/2
			return text[:half+10]
		}, "ends in a torn line: its process died while writing"},
		"a frame": {".zst", func(text []byte) []byte {
			half := bytes.IndexByte(text[len(text)/2:], '\n') + len(text)/2 + 1
			data := append(compress(t, text[:half]), compress(t, text[half:])...)
			return data[:len(data)-1]
		}, "ends in a torn line: its process died while writing"},
		"between lines": {"", func(text []byte) []byte {
			return text[:bytes.LastIndex(text, []byte(`{"kind":"end"`))]
		}, "has no end line: its process died"},
	} {
		t.Run(name, func(t *testing.T) {
			path, text := fleetFile(t)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			put(t, path+test.suffix, test.change(text))
			r := leased(t, "", "trace", "check", filepath.Dir(path))
			if r.code != exitOK || r.err != "" || !strings.HasPrefix(r.out, "VALID: ") ||
				!strings.Contains(r.out, path+test.suffix+" "+test.note) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestMissingTracesAreNamed(t *testing.T) {
	path, _ := fleetFile(t)
	dir := filepath.Dir(path)
	bare := t.TempDir()
	dangling := filepath.Join(t.TempDir(), "dangling.jsonl")
	disguised := filepath.Join(t.TempDir(), "directory.jsonl")
	for link, target := range map[string]string{dangling: "nowhere", disguised: dir} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct{ path, want string }{
		"a directory without traces": {bare, `holds no \.jsonl or \.jsonl\.zst file`},
		"a missing file":             {filepath.Join(bare, "x.jsonl"), `: no such file or directory`},
		"a missing directory":        {filepath.Join(bare, "x"), `: no such file or directory`},
		"a file that is no directory": {filepath.Join(path, "x.jsonl"),
			`: not a directory`},
		"a link to nothing":       {dangling, `: no such file or directory`},
		"a directory in disguise": {filepath.Dir(disguised), `directory.jsonl: is a directory`},
	} {
		t.Run(name, func(t *testing.T) {
			// Beside a good trace: that one must not be judged alone.
			r := leased(t, "", "trace", "check", dir, test.path)
			wantError(t, r, exitUsage, `.*`+regexp.QuoteMeta(test.path)+`.*`+test.want)
		})
	}
}
