package twin

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/trace"
)

func document(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../docs/trace.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTheDocumentIsComplete: docs/trace.md has every invariant as it is here, every kind and
// every field.
func TestTheDocumentIsComplete(t *testing.T) {
	doc := document(t)
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

// TestTheDocumentHasTheModel: docs/trace.md has every action with its guards, every step and
// every refusal that a coverage counts.
func TestTheDocumentHasTheModel(t *testing.T) {
	doc := document(t)
	for _, r := range refine.Rules() {
		spec := r.Spec
		if spec == "" {
			spec = "-"
		}
		row := fmt.Sprintf("| `%s` | %s | `%s` |\n", r.Action, spec, strings.Join(r.Guards, "`, `"))
		if !strings.Contains(doc, row) {
			t.Errorf("docs/trace.md lacks the row %s", row)
		}
	}
	for _, n := range append(refine.Steps(), refine.Refusals()...) {
		if row := fmt.Sprintf("| `%s` | %s |\n", n.Name, n.Text); !strings.Contains(doc, row) {
			t.Errorf("docs/trace.md lacks the row %s", row)
		}
	}
}

// TestTheDocumentHasTheReport: the report's JSON has the fields of docs/trace.md, in their order
// and of their types, and no others.
func TestTheDocumentHasTheReport(t *testing.T) {
	_, section, found := strings.Cut(document(t), "## The report in JSON\n")
	if !found {
		t.Fatal("docs/trace.md has no section on the report in JSON")
	}
	var got []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.SplitN(strings.Trim(line, "| \n"), " | ", 3)
		if len(cells) != 3 || cells[2] == "" {
			t.Errorf("a row without a meaning: %s", line)
			continue
		}
		got = append(got, cells[0]+" "+cells[1])
	}
	want := fieldsOf(reflect.TypeFor[Report](), "")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("docs/trace.md has the fields\n%s\nand the report\n%s",
				strings.Join(got[min(i, len(got)):], "\n"), strings.Join(want[min(i, len(want)):], "\n"))
		}
	}
}

// fieldsOf returns the JSON fields of a struct with those of its parts, and their types.
func fieldsOf(of reflect.Type, path string) []string {
	var list []string
	for _, field := range reflect.VisibleFields(of) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		full := path + name
		mark := ""
		if strings.Contains(options, "omitempty") {
			mark = "?"
		}
		part := field.Type
		kind := map[reflect.Kind]string{
			reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer",
			reflect.Uint64: "integer", reflect.Bool: "boolean", reflect.Slice: "list",
			reflect.Pointer: "object", reflect.Struct: "event",
		}[part.Kind()]
		list = append(list, fmt.Sprintf("`%s%s` %s", full, mark, kind))
		if part.Kind() == reflect.Slice || part.Kind() == reflect.Pointer {
			part = part.Elem()
		}
		if part.Kind() == reflect.Struct && part != reflect.TypeFor[trace.Event]() {
			list = append(list, fieldsOf(part, full+".")...)
		}
	}
	return list
}
