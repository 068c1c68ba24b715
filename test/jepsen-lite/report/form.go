package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// maxForm bounds a campaign's file, in bytes: far above that of a day of runs.
const maxForm = 1 << 30

// Write writes the campaign as one JSON object, as Read reads it.
func (c *Campaign) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(c)
}

// WriteFile writes the campaign into a file of that name.
func (c *Campaign) WriteFile(path string) error {
	return writeFile(path, c.Write)
}

// Read reads what Write has written, strictly: an unknown field, a value that cannot be, or
// anything behind the campaign is an error.
func Read(r io.Reader) (*Campaign, error) {
	limited := &io.LimitedReader{R: r, N: maxForm + 1}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	var c Campaign
	err := dec.Decode(&c)
	switch {
	case limited.N == 0:
		return nil, fmt.Errorf("report: a campaign of more than %d bytes", maxForm)
	case errors.Is(err, io.EOF):
		return nil, errors.New("report: no campaign: nothing was written")
	case err != nil:
		return nil, fmt.Errorf("report: no campaign: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("report: something stands behind the campaign")
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &c, nil
}

// ReadFile reads a campaign from the file of that name.
func ReadFile(path string) (*Campaign, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer f.Close()
	c, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// The names of what Save writes.
const (
	formFile = "campaign.json"
	pageFile = "campaign.html"
)

// Save writes the campaign's form and page into a directory, which it makes if it is not there.
func (c *Campaign) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return errors.Join(c.WriteFile(filepath.Join(dir, formFile)),
		WriteHTMLFile(filepath.Join(dir, pageFile), []*Campaign{c}))
}

// writeFile creates a file and has write fill it.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return errors.Join(write(f), f.Close())
}

// Validate returns what cannot be, named by its field; of each run and list the first such.
func (c *Campaign) Validate() error {
	var errs []error
	if c.Ring < 1 || c.Ring > 3 {
		errs = append(errs, fmt.Errorf("report: ring is %d; it must be 1, 2 or 3", c.Ring))
	}
	if c.Took < 0 {
		errs = append(errs, fmt.Errorf("report: took_ns is %d; it must not be negative", c.Took))
	}
	for i := range c.Runs {
		if err := c.Runs[i].validate(); err != nil {
			errs = append(errs, fmt.Errorf("report: runs[%d] (%s): %w", i, c.Runs[i].Name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Run) validate() error {
	if r.Name == "" {
		return errors.New(`name is ""; every run needs one`)
	}
	s := &r.Story
	if err := negative(figure{"lives", r.Lives}, figure{"nodes", int64(r.Nodes)},
		figure{"limiters", int64(r.Limiters)}, figure{"length_ns", int64(r.Length)},
		figure{"served.healings", int64(r.Served.Healings)},
		figure{"served.slowest_ns", int64(r.Served.Slowest)},
		figure{"story.events", s.Events}, figure{"story.entries", s.Entries},
		figure{"story.epochs", s.Epochs}, figure{"story.restores", s.Restores},
		figure{"story.windows", s.Windows}, figure{"story.admissions", s.Admissions},
		figure{"story.admitted_credits", s.Admitted}, figure{"story.bound_credits", s.Bound},
		figure{"story.overshoot_credits", s.Overshoot}, figure{"story.operations", s.Operations},
		figure{"story.slots_taken", s.Slots}, figure{"story.stray_credits", s.Strays},
		figure{"story.fail_open_credits", s.FailOpen}, figure{"story.hidden", s.Hidden}); err != nil {
		return err
	}
	for kind, n := range r.Counts {
		if n < 0 || kind == "" {
			return fmt.Errorf("fault_counts[%q] is %d; a kind has a name, and is not counted "+
				"below 0", kind, n)
		}
	}
	for i, f := range r.Faults {
		if f.Kind == "" {
			return fmt.Errorf(`faults[%d].kind is ""; every fault needs one`, i)
		}
		if err := ordered(f.From, f.To); err != nil {
			return fmt.Errorf("faults[%d] (%s): %w", i, f.Kind, err)
		}
	}
	for i, v := range r.Verdicts {
		if v.Judge == "" || worse(v.Result) < 0 {
			return fmt.Errorf("verdicts[%d] is %q by %q; it must be %s, %s or %s, by a judge with "+
				"a name", i, v.Result, v.Judge, Valid, Unknown, Invalid)
		}
	}
	return s.validate()
}

func (s *Story) validate() error {
	for i, b := range s.Bands {
		if err := ordered(b.From, b.To); err != nil {
			return fmt.Errorf("story.bands[%d]: %w", i, err)
		}
		if b.Bound < 1 {
			return fmt.Errorf("story.bands[%d].bound is %d; it must be positive", i, b.Bound)
		}
		if err := negative(figure{"granted", b.Granted}, figure{"admitted", b.Admitted},
			figure{"windows", b.Windows}); err != nil {
			return fmt.Errorf("story.bands[%d].%w", i, err)
		}
	}
	for i, w := range s.Waits {
		if err := ordered(w.From, w.To); err != nil {
			return fmt.Errorf("story.waits[%d]: %w", i, err)
		}
		if w.Count < 0 || w.Median < 0 || w.Max < w.Median {
			return fmt.Errorf("story.waits[%d] has a median of %d and a maximum of %d of %d; "+
				"none may be negative, and no median above the maximum", i, w.Median, w.Max, w.Count)
		}
	}
	for i, g := range s.Gaps {
		if err := errors.Join(ordered(g.From, g.Open), ordered(g.Open, g.To)); err != nil {
			return fmt.Errorf("story.gaps[%d]: %w", i, err)
		}
	}
	for i, l := range s.Leads {
		if err := ordered(l.From, l.To); err != nil {
			return fmt.Errorf("story.leads[%d]: %w", i, err)
		}
	}
	return nil
}

// figure is a field that must not be negative.
type figure struct {
	name  string
	value int64
}

func negative(figures ...figure) error {
	for _, f := range figures {
		if f.value < 0 {
			return fmt.Errorf("%s is %d; it must not be negative", f.name, f.value)
		}
	}
	return nil
}

func ordered(from, to time.Duration) error {
	if to < from {
		return fmt.Errorf("it ends at %v, and begins at %v; it must not end before it begins",
			to, from)
	}
	return nil
}

// worse ranks results; below 0 is none.
func worse(result string) int {
	switch result {
	case Valid:
		return 0
	case Unknown:
		return 1
	case Invalid:
		return 2
	}
	return -1
}
