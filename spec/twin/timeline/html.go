package timeline

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"strings"

	"github.com/leased-io/leased/spec/twin"
)

//go:embed page
var pages embed.FS

// scripts are the parts of the page's script, in order. They share one scope.
var scripts = []string{"data", "view", "head", "leaders", "lanes", "draw", "tip", "main"}

var (
	pageTemplate = template.Must(template.ParseFS(pages, "page/page.html", "page/tables.html"))
	pageStyle    = asset("page.css")
	pageScript   = script()
)

// asset returns a file of the page. It is embedded, so that it is there.
func asset(name string) string {
	text, err := pages.ReadFile("page/" + name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func script() string {
	var b strings.Builder
	b.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range scripts {
		b.WriteString(asset(name + ".js"))
	}
	b.WriteString("})();\n")
	return b.String()
}

// policy is the page's content security policy: it may run and show what is in it, and load
// nothing. Scripts and styles are named by their hashes, so that no other would run, even if
// one came in by a name in the trace.
func policy() string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(pageStyle) + "; script-src " + hash(pageScript)
}

// page is what the template takes.
type page struct {
	Report *twin.Report
	Policy string
	Style  template.CSS
	Script template.JS
	Data   json.RawMessage

	Summary   string
	Figures   []figure
	Violation *violation
	Axis      string
	LeftOut   []string
	Files     []fileRow
	Leaders   []leaderRow
	Accounts  []table
}

// WriteHTML writes the page of a check that is over. report is what it came to. Call it once.
func (t *Timeline) WriteHTML(w io.Writer, report *twin.Report) error {
	b := t.build(report)
	// Of what JSON could mean to HTML, encoding/json escapes all: <, > and &.
	raw, err := json.Marshal(&b.data)
	if err != nil {
		return err
	}
	return pageTemplate.Execute(w, &page{
		Report:    report,
		Policy:    policy(),
		Style:     template.CSS(pageStyle), // our own, whole
		Script:    template.JS(pageScript), // our own, whole
		Data:      raw,
		Summary:   summary(report),
		Figures:   figures(report),
		Violation: b.Violation,
		Axis:      b.Axis.Text,
		LeftOut:   b.LeftOut.sentences(),
		Files:     b.fileRows(),
		Leaders:   b.leaderRows(),
		Accounts:  b.tables(),
	})
}
