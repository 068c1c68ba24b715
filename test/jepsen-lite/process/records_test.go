//go:build linux

package process

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
)

// TestHistoryFile: what a process was told is read as it was written, however the process ended.
func TestHistoryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.jsonl")
	w, err := CreateHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	for session := range uint64(5) {
		w.begin(linear.Input{Kind: linear.Acquire, Session: session + 1})
	}
	w.end(1, linear.End{Output: &linear.Output{Answer: linear.Denied}})
	w.end(2, linear.End{Harmless: true})
	w.end(3, linear.End{})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	torn, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := torn.WriteString(`{"call":6,"at":7,"i`); err != nil {
		t.Fatal(err)
	}
	if err := torn.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := readHistory(path, 9)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, op := range h.ops {
		what := "open"
		if op.Output != nil && op.Return >= op.Call {
			what = op.Output.Answer.String()
		}
		if op.Client != 9 || op.Call == 0 {
			t.Errorf("client %d at %d", op.Client, op.Call)
		}
		told = append(told, what)
	}
	if want := []string{"denied", "open", "open", "open"}; !slices.Equal(told, want) {
		t.Errorf("calls %q, want %q: the second one was harmless", told, want)
	}
	if h.died != 2 {
		t.Errorf("%d calls died, want 2", h.died)
	}
}

// TestHistoryFileIsStrict: a history that cannot be is no history.
func TestHistoryFileIsStrict(t *testing.T) {
	for name, text := range map[string]string{
		"an end without a begin": `{"call":1,"at":2}`,
		"a number left out":      `{"call":2,"at":2,"in":{}}`,
		"ended twice": `{"call":1,"at":2,"in":{}}` + "\n" + `{"call":1,"at":3}` + "\n" +
			`{"call":1,"at":3}`,
		"an unknown field": `{"call":1,"at":2,"in":{},"more":1}`,
		"no JSON":          `what`,
	} {
		path := filepath.Join(t.TempDir(), "h.jsonl")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if h, err := readHistory(path, 1); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %+v, error %v; want one that names the file", name, h, err)
		}
	}
}

// TestTakeover: no old lease is used once the new cluster has granted, by the clock of whoever
// uses it.
func TestTakeover(t *testing.T) {
	after := &records{grants: map[uint64]granted{8: {at: 1000}, 9: {at: 1001}}}
	for _, test := range []struct {
		name  string
		last  int64
		after *records
		want  string
	}{
		{"before it", 999, after, ""},
		{"at the same instant", 1000, after, judgeTakeover},
		{"nothing is granted", 10, &records{}, judgeTakeover},
	} {
		s := stageOf(Options{})
		s.checkTakeover(&records{admits: []admitted{{recorder: "f", lease: 1, last: test.last}}},
			test.after)
		if got := failed(s); got != test.want {
			t.Errorf("%s: judges %q, want %q", test.name, got, test.want)
		}
	}
	s := stageOf(Options{})
	s.fleets = []*fleetProc{{ledgers: []*ledger{{Recorder: "f", own: true, ppm: -DriftPPM}}}}
	s.checkTakeover(&records{admits: []admitted{{recorder: "f", lease: 1, last: 999}}}, after)
	if got := failed(s); got != judgeTakeover {
		t.Errorf("a slow clock shows 999 at 1004: judges %q", got)
	}
}
