package cluster

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/leased-io/leased/budget"
)

// Part is a tenant of a crowd whose budget is shared: so many of its limiters, with a label.
type Part struct {
	Tenant   string
	Limiters int
	Demand   int64 // credits that all of them offer in a window
}

// part returns the tenant that a limiter is of, by its number; nil where nobody shares.
func (c Crowd) part(i int) *Part {
	for at := range c.Parts {
		if i -= c.Parts[at].Limiters; i < 0 {
			return &c.Parts[at]
		}
	}
	return nil
}

// partOf returns which tenant's limiter recorded a file.
func (c Crowd) partOf(file string) int {
	name := strings.TrimPrefix(strings.SplitN(filepath.Base(file), ".", 2)[0], "p")
	i, err := strconv.Atoi(name)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(c.Parts, func(p Part) bool { i -= p.Limiters; return i < 0 })
}

// Fairness is how far what the tenants of a crowd got is from what is fair.
type Fairness struct {
	// Jain is Jain's index of what each got over what was fair, in all windows: 1 if all got as
	// large a part of that.
	Jain float64
	// Deviation is the largest part of what was fair by which a tenant was off, over all windows.
	// It has a meaning for window limits alone.
	Deviation float64
}

// Fairness compares what tenants were admitted with weighted max-min fairness.
func (u Use) Fairness(crowd Crowd) (f Fairness) {
	var sum, squares float64
	fair := crowd.fair()
	for i, got := range u.Parts {
		x := float64(got) / float64(fair[i]*int64(u.Windows))
		sum, squares = sum+x, squares+x*x
		f.Deviation = max(f.Deviation, x-1, 1-x)
	}
	f.Jain = sum * sum / (float64(len(u.Parts)) * squares)
	return f
}

// fair gives the limit away credit by credit, to whoever has least for its weight.
func (c Crowd) fair() []int64 {
	got := make([]int64, len(c.Parts))
	weight := func(i int) int64 {
		if c.Sharing == nil {
			return 1
		}
		at := slices.IndexFunc(c.Sharing.Weights,
			func(p budget.Portion) bool { return p.Tenant == c.Parts[i].Tenant })
		if at < 0 {
			return 1
		}
		return c.Sharing.Weights[at].N
	}
	for range int64(c.Limit.Amount) {
		next := -1
		for i, p := range c.Parts {
			if got[i] < p.Demand && (next < 0 ||
				cmp.Less(got[i]*weight(next), got[next]*weight(i))) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		got[next]++
	}
	return got
}
