package trace

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const headerLine = `{"kind":"header","at":1,"version":1,"run":"r","recorder":"n1","role":"node",` +
	`"clock":"c"}` + "\n"

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll opens and reads a file to its end or first error.
func readAll(path string) (events []Event, r *Reader, err error) {
	r, err = Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return events, r, nil
		}
		if err != nil {
			_, again := r.Next()
			if !errors.Is(again, err) {
				return nil, nil, fmt.Errorf("error %w was not sticky: then %w", err, again)
			}
			return events, r, err
		}
		events = append(events, e)
	}
}

func TestReaderRefuses(t *testing.T) {
	long := `{"kind":"limit","at":1,"budget":"` + strings.Repeat("x", MaxLine) + `"}` + "\n"
	tests := []struct {
		name, text string
		line       int
		reason     string
	}{
		{"empty", "", 1, "no header"},
		{"torn header", headerLine[:30], 1, "no header"},
		{"not JSON", "hello\n", 1, "not a JSON object"},
		{"no header", `{"kind":"entry","at":1}` + "\n", 1, "not a header"},
		{"version", strings.Replace(headerLine, `n":1`, `n":2`, 1), 1, "version 2"},
		{"role", strings.Replace(headerLine, `"node"`, `"door"`, 1), 1, `role "door"`},
		{"no clock", strings.Replace(headerLine, `"c"`, `""`, 1), 1, "must name run"},
		{"no run", strings.Replace(headerLine, `"r"`, `""`, 1), 1, "must name run"},
		{"second header", headerLine + headerLine, 2, "a second header"},
		{"unknown field", headerLine + `{"kind":"entry","at":1,"x":1}` + "\n", 2, `field "x"`},
		{"unknown kind", headerLine + `{"kind":"x","at":1}` + "\n", 2, `kind "x"`},
		{"broken line", headerLine + `{"kind":"entry"` + "\n", 2, "not JSON"},
		{"empty line", headerLine + "\n", 2, "not a JSON object"},
		{"empty gap", headerLine + `{"kind":"gap","at":1}` + "\n", 2, "a gap of 0"},
		{"long line", headerLine + long, 2, "more than 16384 bytes"},
		{"after the end", headerLine + `{"kind":"end","at":1}` + "\n" +
			`{"kind":"entry","at":1}` + "\n", 3, "after the end line"},
		{"torn after the end", headerLine + `{"kind":"end","at":1}` + "\n{", 2, "after the end"},
	}
	for _, test := range tests {
		path := write(t, "a.jsonl", test.text)
		_, _, err := readAll(path)
		bad, ok := errors.AsType[*FormatError](err)
		if !ok {
			t.Errorf("%s: got %v, want a FormatError", test.name, err)
			continue
		}
		if bad.File != path || bad.Line != test.line || !strings.Contains(bad.Reason, test.reason) {
			t.Errorf("%s: got %v, want line %d and %q", test.name, bad, test.line, test.reason)
		}
	}
}

func TestCompressedRubbishIsRefused(t *testing.T) {
	path, w := create(t, "a.jsonl.zst")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = readAll(write(t, "b.jsonl.zst", string(data)+"rubbish, not a frame"))
	if _, ok := errors.AsType[*FormatError](err); !ok {
		t.Errorf("got %v, want a FormatError", err)
	}
}

// TestEveryTornEndIsToldAndNothingElseIsLost cuts a file at every byte: what is left of it
// must read as a prefix of its events, and as torn unless the cut is between two lines (or
// frames).
func TestEveryTornEndIsToldAndNothingElseIsLost(t *testing.T) {
	for _, suffix := range []string{suffixPlain, suffixZstd} {
		path, w := create(t, "a"+suffix)
		boundaries := map[int]int{size(t, path): 0} // bytes -> events before
		for i := range 5 {
			w.Record(Event{Kind: KindEntry, Index: uint64(i + 1), Hash: strings.Repeat("ab", i)})
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			boundaries[size(t, path)] = i + 1
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, first := -1, 0
		for cut := range len(whole) {
			n, boundary := boundaries[cut]
			if boundary {
				want = n
			}
			if want < 0 {
				first = cut + 1
				continue // inside the header: TestReaderRefuses
			}
			events, r, err := readAll(write(t, "cut"+suffix, string(whole[:cut])))
			if err != nil {
				t.Fatalf("%s cut at %d: %v", suffix, cut, err)
			}
			if len(events) != want || r.Torn() == boundary || r.Complete() {
				t.Fatalf("%s cut at %d: %d events, torn %v, complete %v; want %d, %v, false",
					suffix, cut, len(events), r.Torn(), r.Complete(), want, !boundary)
			}
		}
		for cut := range first {
			if _, _, err := readAll(write(t, "cut"+suffix, string(whole[:cut]))); err == nil {
				t.Fatalf("%s cut at %d, inside the header: no error", suffix, cut)
			}
		}
	}
}

func size(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Size())
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.jsonl", "a.jsonl.zst", "c.json", "d.zst"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "e.jsonl"), 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := Files(dir)
	want := []string{filepath.Join(dir, "a.jsonl.zst"), filepath.Join(dir, "b.jsonl")}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("directory: got %v, %v, want %v", got, err, want)
	}
	one := filepath.Join(dir, "c.json")
	if got, err := Files(one); err != nil || len(got) != 1 || got[0] != one {
		t.Errorf("file: got %v, %v, want [%s]", got, err, one)
	}
	for _, path := range []string{filepath.Join(dir, "none"), t.TempDir()} {
		if got, err := Files(path); err == nil {
			t.Errorf("%s: got %v, want an error", path, got)
		}
	}
}

func TestSystemClockGoesOn(t *testing.T) {
	a, b := SystemClock(), SystemClock()
	first, second := a.Now(), b.Now()
	if a.Name == "" || first <= 0 || second < first && a.Name == b.Name {
		t.Errorf("clock %q read %d, then clock %q %d", a.Name, first, b.Name, second)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, suffix := range []string{suffixPlain, suffixZstd} {
		b.Run(suffix[1:], func(b *testing.B) {
			const total = 50_000
			path := filepath.Join(b.TempDir(), "a"+suffix)
			w, err := Create(path, nodeHeader, counter())
			if err != nil {
				b.Fatal(err)
			}
			events := sampleEvents()
			for i := range total {
				w.Record(events[i%len(events)])
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				r, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				got := 0
				for ; err == nil; got++ {
					_, err = r.Next()
				}
				if got-1 != total || !errors.Is(err, io.EOF) {
					b.Fatalf("%d events, %v", got-1, err)
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(total)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
