package linear

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// Draw writes porcupine's picture of the budget whose operations do not fit into dir, as one
// HTML file, and returns its name: how far they could be put in order, and what was left out.
// Nothing is drawn of another verdict.
func (v Verdict) Draw(dir string) (string, error) {
	if v.info == nil {
		return "", nil
	}
	name := filepath.Join(dir, "linear-"+v.Budget+".html")
	return name, porcupine.VisualizePath(model, *v.info, name)
}

// tell says an operation in a line.
func tell(c *command, out *Output) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", c.Kind)
	if c.Budget != "" {
		fmt.Fprintf(&b, " %s", c.Budget)
	}
	if c.Key != "" {
		fmt.Fprintf(&b, "/%s", c.Key)
	}
	if c.Session > 0 {
		fmt.Fprintf(&b, " s%d", c.Session)
	}
	if c.Seq > 0 {
		fmt.Fprintf(&b, "#%d", c.Seq)
	}
	for _, l := range c.Limits {
		fmt.Fprintf(&b, " %s:%d/%s", l.Metric, l.Amount, time.Duration(l.Per))
	}
	for _, a := range c.Asks {
		fmt.Fprintf(&b, " ask %d..%d of %d", a.Need, a.Want, a.Limit)
	}
	for _, r := range c.Returns {
		fmt.Fprintf(&b, " give %d of lease %d", r.Amount, r.Lease)
	}
	if c.Close {
		b.WriteString(" close")
	}
	b.WriteString(" -> ")
	if out == nil {
		b.WriteString("?")
		return b.String()
	}
	b.WriteString(out.Answer.String())
	b.WriteString(out.details(c.Kind))
	return b.String()
}

func (o *Output) details(kind Kind) string {
	var b strings.Builder
	if kind == OpenSession {
		fmt.Fprintf(&b, " s%d", o.Session)
	}
	if o.Revision > 0 {
		fmt.Fprintf(&b, " rev %d", o.Revision)
	}
	for _, g := range o.Grants {
		fmt.Fprintf(&b, " lease %d: %d of %d in window %d for %s", g.Lease, g.Amount, g.Limit,
			g.Window, time.Duration(g.TTL))
	}
	if d := o.Denial; d != nil {
		fmt.Fprintf(&b, " %d left of %d, wait %s", d.Left, d.Limit, time.Duration(d.RetryAfter))
	}
	if kind == GiveBack {
		fmt.Fprintf(&b, " taken %d", o.Taken)
		if !o.SessionKnown {
			b.WriteString(" no session")
		}
	}
	for _, u := range o.Usage {
		fmt.Fprintf(&b, " %d used of window %d, ends in %s", u.Used, u.Window,
			time.Duration(u.EndsIn))
	}
	return b.String()
}

// String says what can be in the books.
func (s *state) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "T>=%s", time.Duration(s.t))
	if s.late {
		b.WriteString(" (late)")
	}
	if !s.exists {
		b.WriteString(" no budget")
	}
	fmt.Fprintf(&b, " rev %d", s.revision)
	for i := range s.lives {
		l := &s.lives[i]
		fmt.Fprintf(&b, "; %s:%d/%s w%d", l.Metric, l.Amount, time.Duration(l.Per), l.window(s.t))
		for _, a := range l.accounts {
			fmt.Fprintf(&b, " %s[%d..%d]", a.key, a.lo, a.hi)
		}
	}
	for _, ss := range s.sessions {
		fmt.Fprintf(&b, "; s%d#%d holds %d", ss.id, ss.seq, len(ss.held))
	}
	return b.String()
}
