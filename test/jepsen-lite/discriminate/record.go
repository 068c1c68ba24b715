package discriminate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Where what was found is kept, below the module's root: for this package, and for readers.
const (
	FoundFile = "test/jepsen-lite/discriminate/testdata/found.json"
	PageFile  = "docs/discrimination.md"
)

// unchanged is the code as it is, in which no ring may find anything.
var unchanged = Plant{Name: "unchanged", Rule: "-", Means: "the code as it is", Real: true,
	Harmless: "nothing is wrong with it."}

// Hunted returns everything that the rings are given: the code as it is, and every plant.
func Hunted() []Plant { return append([]Plant{unchanged}, All()...) }

// Read returns the finds that are kept under root.
func Read(root string) ([]Find, error) {
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(FoundFile)))
	if err != nil {
		return nil, err
	}
	var finds []Find
	if err := json.Unmarshal(data, &finds); err != nil {
		return nil, fmt.Errorf("%s: %w", FoundFile, err)
	}
	return finds, nil
}

// Write keeps the finds under root, and the page of them.
func Write(root string, finds []Find) error {
	data, err := json.MarshalIndent(finds, "", " ")
	if err != nil {
		return err
	}
	file := filepath.Join(root, filepath.FromSlash(FoundFile))
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		return err
	}
	page := filepath.Join(root, filepath.FromSlash(PageFile))
	return os.WriteFile(page, []byte(Page(finds)), 0o644)
}

// Merge returns the finds that are of plants as they are now, newer ones in place of older, in the
// order of the table.
func Merge(older, newer []Find) []Find {
	var out []Find
	for _, p := range Hunted() {
		for _, r := range Rings() {
			if !p.hunted(r.Number) {
				continue
			}
			if f, ok := lookUp(newer, p, r.Number); ok {
				out = append(out, f)
			} else if f, ok := lookUp(older, p, r.Number); ok {
				out = append(out, f)
			}
		}
	}
	return out
}

// lookUp returns what a ring came to with that plant, as it is now.
func lookUp(finds []Find, p Plant, ring int) (Find, bool) {
	i := slices.IndexFunc(finds, func(f Find) bool {
		return f.Plant == p.Name && f.Ring == ring && f.Means == p.Means
	})
	if i < 0 {
		return Find{}, false
	}
	return finds[i], true
}

// Problems says what is wrong with the finds: a plant that no ring found, a find where nothing is
// wrong, and what was not hunted since it last changed.
func Problems(finds []Find) []string {
	var found []string
	for _, p := range Hunted() {
		by := 0
		for _, r := range Rings() {
			if !p.hunted(r.Number) {
				continue
			}
			f, ok := lookUp(finds, p, r.Number)
			switch {
			case !ok:
				found = append(found, fmt.Sprintf("ring %d has not hunted %s as it is now",
					r.Number, p.Name))
			case f.Found() && p.Harmless != "":
				found = append(found, fmt.Sprintf("%s is no bug, and ring %d found one: %s",
					p.Name, r.Number, f.Judge))
			case f.Found():
				by++
			}
		}
		if by == 0 && p.Harmless == "" {
			found = append(found, "no ring found "+p.Name+": "+p.Means)
		}
	}
	if len(Merge(nil, finds)) != len(finds) {
		found = append(found, "there are finds of what is not hunted")
	}
	return found
}
