package twin

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/leased-io/leased/trace"
)

// TestTheDocumentIsComplete: docs/trace.md has every invariant as it is here, every kind and
// every field.
func TestTheDocumentIsComplete(t *testing.T) {
	data, err := os.ReadFile("../../docs/trace.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(data)
	for _, i := range Invariants() {
		row := fmt.Sprintf("| `%s` | %s | %s |\n", i.Name, i.Rule, i.Text)
		if !strings.Contains(doc, row) {
			t.Errorf("docs/trace.md lacks the row %s", row)
		}
	}
	for _, k := range append(kindsInOrder[:], trace.KindHeader, trace.KindEnd) {
		if !strings.Contains(doc, fmt.Sprintf("\n| `%s` | ", k)) {
			t.Errorf("docs/trace.md has no row for kind %s", k)
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[trace.Event]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("docs/trace.md does not mention field %s", name)
		}
	}
}
