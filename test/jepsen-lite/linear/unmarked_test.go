package linear

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// busy is the log and the history of many sessions on one budget that is changed twice: all of them
// are told twice of revision 2 while it makes room for revision 3. Entry i is of the instant 100 i,
// and its cluster time is i hours.
func busy(sessions int) (*Marks, History) {
	m, index := NewMarks(), uint64(0)
	enter := func(e *trace.Event) int64 {
		index++
		at := 100 * int64(index)
		m.Take(index, 0, &trace.Event{Kind: trace.KindEntry, At: at, T: 3600 * second * int64(index)})
		m.Take(index, 1, e)
		return at
	}
	var h History
	put := func(amount int64, revision uint64) {
		at := enter(&trace.Event{Kind: trace.KindLimit, Budget: "b", Per: second, Limit: 1,
			Metric: "requests", Amount: amount})
		in := Input{Kind: PutBudget, Budget: "b", Limits: limitOf(amount)}
		h = append(h, Op{Call: at - 50, Return: at + 40, Input: in, Output: &Output{
			Answer: Done, Revision: revision, Created: revision == 1, Changed: true}})
	}
	put(10, 1)
	for i := range sessions {
		at := enter(&trace.Event{Kind: trace.KindSession, Session: uint64(i + 1)})
		h = append(h, Op{Call: at - 50, Return: at + 40,
			Input:  Input{Kind: OpenSession, Budget: "b"},
			Output: &Output{Answer: Done, Session: uint64(i + 1), Revision: 1, Limits: limitOf(10)}})
	}
	put(20, 2)
	told := 100*int64(index) + 45
	for i := range sessions {
		for range 2 {
			h = append(h, Op{Call: told, Return: told + 200, // after it is revision 3
				Input: Input{Kind: Acquire, Session: uint64(i + 1), Seq: 1, Revision: 1,
					Asks: []Ask{{Need: 1, Want: 6}}},
				Output: &Output{Answer: Changed, Revision: 2, Limits: limitOf(20)}})
		}
	}
	put(30, 3)
	for i := range h {
		h[i].Client = i
	}
	return m, h
}

func limitOf(amount int64) []Limit {
	return []Limit{{Metric: "requests", Kind: "window", Amount: amount, Per: second}}
}

// TestUnmarked: answers without marks have places by what they tell of the policy, so that there is
// one way to explain them, and not one for each of their orders.
func TestUnmarked(t *testing.T) {
	m, h := busy(14)
	if v := m.Follow(h, patience); v.Result != Valid || v.Most > 2 {
		t.Errorf("%s, with %d ways to explain it", v, v.Most)
	}
	m, h = busy(2) // few enough for a search in every order
	last := len(h) - 2
	h[last].Call, h[last].Return = h[len(h)-1].Return+10, h[len(h)-1].Return+20
	h[last].Input.Seq = 2 // or it would be told again what it was told before
	if v := m.Follow(h, patience); v.Result != Invalid {
		t.Errorf("told of revision 2 after revision 3: %s", v)
	}
}

// TestUnmarkedAbsence: a client is told that there is no budget between its removal and its return.
func TestUnmarkedAbsence(t *testing.T) {
	for _, test := range []struct {
		name      string
		call, end int64
		want      Result
	}{
		{"before the removal was told", 340, 395, Valid},
		{"while it is away", 450, 460, Valid},
		{"around all of it", 250, 700, Valid},
		{"before it was removed", 250, 260, Invalid},
		{"after its return", 580, 590, Invalid},
	} {
		m, h := busy(0)
		for i, e := range []trace.Event{
			{Kind: trace.KindLimit, Budget: "b", Per: second, Limit: 1, Metric: "requests"},
			{Kind: trace.KindLimit, Budget: "b", Per: second, Limit: 2, Metric: "requests",
				Amount: 40},
		} {
			index := uint64(4 + i)
			if e.Amount > 0 {
				index++ // entry 5 is of no budget
			}
			at := 100 * int64(index)
			m.Take(index, 0, &trace.Event{Kind: trace.KindEntry, At: at - 20,
				T: 3600 * second * int64(index)})
			m.Take(index, 1, &e)
		}
		h = append(h,
			Op{Client: 90, Call: 350, Return: 390, Input: Input{Kind: DeleteBudget, Budget: "b"},
				Output: &Output{Answer: Done}},
			Op{Client: 91, Call: 550, Return: 570,
				Input:  Input{Kind: PutBudget, Budget: "b", Limits: limitOf(40)},
				Output: &Output{Answer: Done, Revision: 4, Created: true, Changed: true}},
			Op{Client: 92, Call: test.call, Return: test.end,
				Input:  Input{Kind: OpenSession, Budget: "b"},
				Output: &Output{Answer: NoBudget}})
		if v := m.Follow(h, patience); v.Result != test.want || v.Result == Valid && v.Most > 2 {
			t.Errorf("%s: %s, with %d ways; want %s", test.name, v, v.Most, test.want)
		}
	}
}
