package bench

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// The plot's scale: the bottom of the lowest row, and the top of the highest. There are two rows
// to a power of ten.
const (
	plotBottom    = 10 * time.Microsecond
	plotTop       = 10 * time.Second
	rowsPerDecade = 2
)

// Shades of a column, from the axis up: as high as the median, the 99th percentile, and the 99.9th.
const (
	shadeP50  = "█"
	shadeP99  = "▒"
	shadeP999 = "·"
)

// sparks are the heights of one line of bars.
var sparks = []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// height is how many rows up a latency reaches on the logarithmic scale, rounded up.
func height(d time.Duration) int {
	if d <= plotBottom {
		return 0
	}
	decades := math.Log10(float64(min(d, plotTop)) / float64(plotBottom))
	return int(math.Ceil(decades * rowsPerDecade))
}

// plot draws the latencies over the run's columns, and below them the rate. Killed is the column
// in which the leader was killed; negative: it was not. It is at most 78 columns wide.
func plot(parts []Slice, whole time.Duration, killed int) string {
	var b strings.Builder
	top := 1
	for _, p := range parts {
		top = max(top, height(p.Latencies.P999))
	}
	b.WriteString("latency, from the instant that a request was to begin at:  " +
		shadeP50 + " p50  " + shadeP99 + " p99  " + shadeP999 + " p99.9\n")
	if killed >= 0 {
		fmt.Fprintf(&b, "%9s %s▼ leader killed\n", "", strings.Repeat(" ", killed))
	}
	for row := top; row >= 1; row-- {
		label := ""
		if row%rowsPerDecade == 0 {
			label = plain(time.Duration(float64(plotBottom) *
				math.Pow10(row/rowsPerDecade)))
		}
		fmt.Fprintf(&b, "%8s ┤", label)
		for _, p := range parts {
			b.WriteString(shade(row, p.Latencies))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%8s ┼%s\n", plain(plotBottom), strings.Repeat("─", columns))
	fmt.Fprintf(&b, "%8s  %s\n", "rate", rates(parts))
	middle := columns/2 - len(plain(whole/2))/2
	fmt.Fprintf(&b, "%9s 0%*s%*s\n", "", middle+len(plain(whole/2))-1, plain(whole/2),
		columns-middle-len(plain(whole/2)), plain(whole))
	return b.String()
}

func shade(row int, q Quantiles) string {
	switch {
	case row <= height(q.P50):
		return shadeP50
	case row <= height(q.P99):
		return shadeP99
	case row <= height(q.P999):
		return shadeP999
	}
	return " "
}

// rates draws the admissions per second of each column, against the highest.
func rates(parts []Slice) string {
	most := 1.0
	for _, p := range parts {
		most = max(most, p.PerSec)
	}
	var b strings.Builder
	for _, p := range parts {
		if p.PerSec == 0 {
			b.WriteByte(' ')
			continue
		}
		step := int(p.PerSec / most * float64(len(sparks)))
		b.WriteString(sparks[min(step, len(sparks)-1)])
	}
	return b.String()
}

// plain writes a duration in one unit with as many digits as are of use.
func plain(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "us"}} {
		if d < unit.of {
			continue
		}
		x := float64(d) / float64(unit.of)
		switch {
		case x >= 100 || x == math.Trunc(x):
			return fmt.Sprintf("%.0f %s", x, unit.name)
		case x >= 10:
			return fmt.Sprintf("%.1f %s", x, unit.name)
		}
		return fmt.Sprintf("%.2f %s", x, unit.name)
	}
	return fmt.Sprintf("%d ns", d)
}
