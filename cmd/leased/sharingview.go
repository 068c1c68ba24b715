package main

import (
	"fmt"
	"strings"

	"github.com/leased-io/leased/budget"
)

// sharingTold is a line for each part of a budget's sharing.
func sharingTold(s *budget.Sharing) (lines []string) {
	if s == nil {
		return nil
	}
	lines = append(lines, fmt.Sprintf("shared by %s: what is left is divided among its values, "+
		"whose demand and weights count%s", s.By, portionsTold(s.Weights, "")))
	if len(s.Guaranteed) > 0 {
		lines = append(lines, "guaranteed while they ask"+portionsTold(s.Guaranteed, " %"))
	}
	if s.Reserved > 0 {
		lines = append(lines, fmt.Sprintf("reserved: the last %d %% are for high priority alone; "+
			"low priority leaves %d %%", s.Reserved, min(100, 2*s.Reserved)))
	}
	return lines
}

// portionsTold lists tenants with their numbers.
func portionsTold(portions []budget.Portion, unit string) string {
	var text strings.Builder
	for i, p := range portions {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&text, "%s%q %d%s", sep, p.Tenant, p.N, unit)
	}
	return text.String()
}
