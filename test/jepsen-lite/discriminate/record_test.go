package discriminate

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFoundIsOfThePlants: each plant was hunted as it is now, by each of its rings, was found if
// it is a bug and not if it is none; and the page says what was found.
func TestFoundIsOfThePlants(t *testing.T) {
	root := moduleRoot(t)
	finds, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	const again = "make discriminate WRITE=1, or with ONLY= in part, hunts anew"
	for i, problem := range Problems(finds) {
		if i == 10 { // all are stale
			t.Fatalf("and more (%s)", again)
		}
		t.Errorf("%s: %s (%s)", FoundFile, problem, again)
	}
	page, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(PageFile)))
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != Page(finds) {
		t.Errorf("%s is not what %s says (%s)", PageFile, FoundFile, again)
	}
}

// all are finds as they should be: each bug is found by every ring that hunts it.
func all() []Find {
	var finds []Find
	for _, p := range Hunted() {
		for _, r := range Rings() {
			if !p.hunted(r.Number) {
				continue
			}
			f := Find{Plant: p.Name, Ring: r.Number, Means: p.Means, After: time.Second}
			if p.Harmless == "" {
				f.Judge, f.Seed = "checker: Safe", 7
			}
			finds = append(finds, f)
		}
	}
	return finds
}

// TestProblems plants what TestFoundIsOfThePlants is there to notice.
func TestProblems(t *testing.T) {
	if got := Problems(all()); got != nil {
		t.Fatalf("finds as they should be have problems: %v", got)
	}
	change := func(name string, f func(*Find)) []Find {
		finds := all()
		for i := range finds {
			if finds[i].Plant == name {
				f(&finds[i])
			}
		}
		return finds
	}
	for want, finds := range map[string][]Find{
		"no ring found no-margin":     change("no-margin", func(f *Find) { f.Judge = "" }),
		"unchanged is no bug":         change("unchanged", func(f *Find) { f.Judge = "run" }),
		"charge-unchecked is no bug":  change("charge-unchecked", func(f *Find) { f.Judge = "run" }),
		"has not hunted no-margin as": change("no-margin", func(f *Find) { f.Means = "other" }),
		"ring 2 has not hunted log-not-synced as it is": slices.DeleteFunc(all(),
			func(f Find) bool { return f.Plant == "log-not-synced" }),
		"finds of what is not hunted": append(all(), Find{Plant: "other", Ring: 1}),
	} {
		if got := strings.Join(Problems(finds), "\n"); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestMerge: a newer find replaces an older one, and one of a plant that has changed, or is no
// more, is dropped.
func TestMerge(t *testing.T) {
	older := append(all(), Find{Plant: "gone", Ring: 1})
	newer := slices.Clone(older[1:2])
	newer[0].Seed = 99
	got := Merge(older, newer)
	if len(got) != len(all()) || got[1].Seed != 99 || got[2] != older[2] {
		t.Errorf("got %d finds, want %d; the second %+v", len(got), len(all()), got[1])
	}
	older[2].Means = "of before"
	if got := Merge(older, nil); len(got) != len(all())-1 {
		t.Errorf("got %d finds, want one less than %d", len(got), len(all()))
	}
}

// TestPage: what is told of a find, of none, and of what was not hunted.
func TestPage(t *testing.T) {
	finds := all()
	page := Page(finds)
	for _, want := range []string{
		"seed 7, 1.0 s, checker: Safe", "none in 1.0 s", "| log-not-synced | 1 | there are no disks |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if strings.Contains(page, "?") || !strings.Contains(Page(finds[1:]), "| ? |") {
		t.Error("what was not hunted is not told")
	}
	for d, want := range map[time.Duration]string{
		8400 * time.Microsecond: "8 ms", 1260 * time.Millisecond: "1.3 s", time.Minute: "60 s",
	} {
		if got := rounded(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
