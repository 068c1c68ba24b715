package report

import (
	"strings"
	"testing"

	"github.com/leased-io/leased/trace"
)

// TestDivide: what a process recorded of two clusters is parted by their sessions, and nothing of
// it is lost.
func TestDivide(t *testing.T) {
	header := trace.Event{Kind: trace.KindHeader, Version: trace.Version, Run: "second"}
	first := `{"kind":"header","at":1,"version":1,"run":"first","recorder":"f","role":"fleet"}` + "\n"
	admit := func(session string) string {
		return `{"kind":"admit","at":2,"session":` + session + `,"n":1}` + "\n"
	}
	gap, end := `{"kind":"gap","at":3,"n":4}`+"\n", `{"kind":"end","at":9}`+"\n"
	mine, theirs, err := divideLines(
		[]byte(first+admit("999")+admit("1000")+gap+admit("5")+end), header, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if want := first + admit("999") + gap + admit("5") + end; string(mine) != want {
		t.Errorf("the first cluster's:\n%swant:\n%s", mine, want)
	}
	head, rest, _ := strings.Cut(string(theirs), "\n")
	if want := admit("1000") + gap + end; rest != want || !strings.Contains(head, `"second"`) {
		t.Errorf("the second cluster's:\n%swant its header and:\n%s", theirs, want)
	}
	whole := first + admit("5") + `{"kind":"adm`
	mine, theirs, err = divideLines([]byte(whole), header, 1000)
	if err != nil || theirs != nil || string(mine) != whole {
		t.Errorf("of one cluster: %q and %q, %v", mine, theirs, err)
	}
	if _, _, err := divideLines([]byte("what\n"), header, 1000); err == nil {
		t.Error("what is no trace was divided")
	}
}
