package linear

import "testing"

// TestOfWindows: what is done on a budget with a limit of another kind is left out, by whichever
// call that is known, and counted; all else is judged.
func TestOfWindows(t *testing.T) {
	limits := func(kind string) []Limit {
		return []Limit{{Metric: "m", Kind: kind, Amount: 1, Per: 1}}
	}
	put := func(budget, kind string) Op {
		return Op{Input: Input{Kind: PutBudget, Budget: budget, Limits: limits(kind)}}
	}
	open := func(budget string, session uint64) Op {
		return Op{Input: Input{Kind: OpenSession, Budget: budget},
			Output: &Output{Answer: Done, Session: session}}
	}
	ask := func(session uint64, told ...Limit) Op {
		return Op{Input: Input{Kind: Acquire, Session: session, Seq: 1}, Output: &Output{Limits: told}}
	}
	windows := History{put("w", "window"), open("w", 1), ask(1), {Input: Input{Kind: Rest}}}
	if rest, left := OfWindows(windows); len(rest) != 4 || left != 0 {
		t.Errorf("of windows alone %d are left, %d left out", len(rest), left)
	}
	for name, others := range map[string]History{
		"put":     {put("k", "bucket"), open("k", 2), ask(2)},
		"told":    {open("k", 2), ask(2, limits("sliding")...)},
		"changed": {put("k", "window"), open("k", 2), ask(2), put("k", "sliding")},
	} {
		all := append(windows[:3:3], append(others, windows[3])...)
		rest, left := OfWindows(all)
		if len(rest) != 4 || left != len(others) {
			t.Errorf("%s: %d are left, %d left out; want 4 and %d", name, len(rest), left, len(others))
		}
	}
}
