//go:build linux

package process

import (
	"errors"
	"path/filepath"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// ring is the number of this ring in reports.
const ring = 3

// What a campaign leaves below Options.Out: the report in the form of all rings, and a page of it.
const (
	CampaignFile = "campaign.json"
	PageFile     = "campaign.html"
)

// write leaves the campaign's report.
func (s *stage) write() error {
	c := &report.Campaign{
		Ring: ring, Seed: s.o.Seed, Command: s.o.Command, Took: s.out.into(now()),
		Without: s.out.without, Runs: []report.Run{s.out.run},
	}
	return errors.Join(c.WriteFile(filepath.Join(s.o.Out, CampaignFile)),
		report.WriteHTMLFile(filepath.Join(s.o.Out, PageFile), []*report.Campaign{c}))
}
