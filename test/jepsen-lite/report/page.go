package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page
var pages embed.FS

// scripts are the parts of the page's script, in order. They share one scope.
var scripts = []string{"data", "view", "rows", "faults", "accounts", "plot", "tip", "runs", "main"}

var (
	pageTemplate = template.Must(template.ParseFS(pages, "page/page.html"))
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
// one came in by a name in the campaign.
func policy() string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(pageStyle) + "; script-src " + hash(pageScript)
}

// page is what the template takes.
type page struct {
	Policy string
	Style  template.CSS
	Script template.JS
	Data   json.RawMessage

	Title    string
	Sums     Sums
	Headline string
	Heads    []string
	Rows     [][]string
	Bars     []bars
	Runs     []runRow
}

// bars are a ring's faults by kind.
type bars struct {
	Head string
	Bars []bar
}

type bar struct {
	Kind  string
	Count string
	Width int // of barWidth
}

// barWidth is that of the most frequent kind, in pixels.
const barWidth = 160

// runRow is a run in the list.
type runRow struct {
	Index   int
	Ring    int
	Name    string
	Lives   string
	Shape   string
	Length  string
	Faults  string
	Epochs  string
	Windows string
	Used    string
	Over    string
	Slowest string
	Verdict string
}

// WriteHTML writes the campaign's page.
func (c *Campaign) WriteHTML(w io.Writer) error { return WriteHTML(w, []*Campaign{c}) }

// WriteHTMLFile writes the campaigns' page into a file of that name.
func WriteHTMLFile(path string, campaigns []*Campaign) error {
	return writeFile(path, func(w io.Writer) error { return WriteHTML(w, campaigns) })
}

// WriteHTML writes one page of all the campaigns. It needs nothing but itself: no network, and
// no other file.
func WriteHTML(w io.Writer, campaigns []*Campaign) error {
	// Of what JSON could mean to HTML, encoding/json escapes all: <, > and &.
	raw, err := json.Marshal(dataOf(campaigns))
	if err != nil {
		return err
	}
	t := tableOf(campaigns)
	all := Sum(campaigns)
	p := &page{
		Policy:   policy(),
		Style:    template.CSS(pageStyle), // our own, whole
		Script:   template.JS(pageScript), // our own, whole
		Data:     raw,
		Title:    title(campaigns),
		Sums:     all,
		Headline: headline(&all),
		Heads:    t.heads,
		Rows:     t.rows,
	}
	for i := range t.sums {
		if len(t.heads) > 1 && i == len(t.heads)-1 {
			break // all of them together
		}
		p.Bars = append(p.Bars, barsOf(t.heads[i], &t.sums[i]))
	}
	for _, c := range campaigns {
		for i := range c.Runs {
			p.Runs = append(p.Runs, rowOf(len(p.Runs), c, &c.Runs[i]))
		}
	}
	return pageTemplate.Execute(w, p)
}

// title names the campaigns.
func title(campaigns []*Campaign) string {
	if len(campaigns) == 1 {
		return fmt.Sprintf("Campaign of ring %d, seed %d", campaigns[0].Ring, campaigns[0].Seed)
	}
	var parts []string
	for _, c := range campaigns {
		parts = append(parts, fmt.Sprintf("ring %d (seed %d)", c.Ring, c.Seed))
	}
	return "Campaigns of " + strings.Join(parts, ", ")
}

func barsOf(head string, s *Sums) bars {
	b := bars{Head: fmt.Sprintf("Faults of %s: %s", head, count(s.Faults))}
	most := int64(1)
	for _, n := range s.ByKind {
		most = max(most, n)
	}
	for _, kind := range s.kinds() {
		n := s.ByKind[kind]
		width := 0
		if n > 0 {
			width = max(1, int(float64(n)/float64(most)*barWidth))
		}
		b.Bars = append(b.Bars, bar{kind, count(n), width})
	}
	return b
}

func rowOf(index int, c *Campaign, r *Run) runRow {
	faults := int64(0)
	for _, n := range r.Counts {
		faults += n
	}
	row := runRow{Index: index, Ring: c.Ring, Name: r.Name, Lives: count(r.Lives),
		Shape: fmt.Sprintf("%d, %d", r.Nodes, r.Limiters), Length: span(r.Length),
		Faults: count(faults), Epochs: count(r.Story.Epochs), Windows: count(r.Story.Windows),
		Used: none, Over: count(r.Story.Overshoot), Slowest: none, Verdict: r.Verdict()}
	if r.Lives == 0 {
		row.Lives = "sample"
	}
	if r.Story.Bound > 0 {
		row.Used = fmt.Sprintf("%.1f %%", 100*float64(r.Story.Admitted)/float64(r.Story.Bound))
	}
	if r.Served.Healings > 0 {
		row.Slowest = span(r.Served.Slowest)
	}
	return row
}
