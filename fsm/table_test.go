package fsm

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/leased-io/leased/budget"
)

// TestTable compares a table with a map, whatever it is told to expect.
func TestTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, want := &table{}, map[string]budget.Credits{}
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			key := fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "key"))
			n, there := want[key]
			if rapid.Bool().Draw(t, "guess") {
				table.expect(rapid.Int32Range(0, 50).Draw(t, "place"))
			}
			got := table.get(key)
			if (got != nil) != there || there && got.Used != n {
				t.Fatalf("step %d: key %s has %+v, want %d, %t", i, key, got, n, there)
			}
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				table.remove(key)
				delete(want, key)
			case 1:
				table.rows.freeze()
			default:
				a := table.own(key)
				if (a != nil) != there {
					t.Fatalf("step %d: key %s is owned as %+v, want %t", i, key, a, there)
				}
				if a == nil {
					a = table.put(key, budget.Account{})
				}
				a.Used, want[key] = budget.Credits(i), budget.Credits(i)
			}
			all := map[string]budget.Credits{}
			for key, a := range table.all() {
				all[key] = a.Used
			}
			if !maps.Equal(all, want) {
				t.Fatalf("step %d: got %v, want %v", i, all, want)
			}
		}
	})
}
