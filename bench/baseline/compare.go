package main

import "fmt"

const (
	// tolerance is how much a cost may grow over the baseline. Repeated counts differ by a
	// hundredth or two: hash tables are seeded anew in each process.
	tolerance = 0.10
	// slackBytes lets tables that grow now and then do so at other operations.
	slackBytes = 16
)

// compare returns what regressed of one benchmark, a sentence for each cost. Where the baseline is
// of another kind of processor its instructions are not comparable, and are left out.
func compare(name string, was, is Cost, instructions bool) []string {
	var worse []string
	say := func(unit string, was, is float64) {
		more := "from nothing"
		if was > 0 {
			more = fmt.Sprintf("%+.1f %%", 100*(is-was)/was)
		}
		worse = append(worse, fmt.Sprintf("%s: %s was %.0f, is %.0f (%s, allowed %+.0f %%)",
			name, unit, was, is, more, 100*tolerance))
	}
	if instructions && is.Instructions > was.Instructions*(1+tolerance) {
		say("instructions/op", was.Instructions, is.Instructions)
	}
	if is.Allocs > was.Allocs*(1+tolerance) {
		say("allocs/op", was.Allocs, is.Allocs)
	}
	if is.Bytes > was.Bytes*(1+tolerance)+slackBytes {
		say("B/op", was.Bytes, is.Bytes)
	}
	return worse
}

// better reports whether a cost fell so far that the baseline lets a regression pass.
func better(was, is Cost) bool {
	return is.Instructions < was.Instructions*(1-tolerance) ||
		is.Allocs < was.Allocs*(1-tolerance) || is.Bytes < was.Bytes*(1-tolerance)-slackBytes
}
