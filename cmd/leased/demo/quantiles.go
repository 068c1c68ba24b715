package demo

// The built-in workload is drawn from these figures instead of from the rows that they were
// measured on: the Azure LLM inference trace 2023 (code), 8,819 requests to a code-completion
// service over 57 minutes, released by Microsoft under CC-BY 4.0 with the paper "Splitwise:
// Efficient generative LLM inference using phase splitting" (ISCA 2024).
// Its means are 2.57 requests a second, 2,048 tokens in and 28 tokens out.

// curve is an inverse distribution function: at[i] is the value at levels[i], and values
// between two levels lie on the straight line between theirs.
type curve struct {
	at [len(levels)]float64
}

// levels are the shares of the distribution at which the curves were measured. They are dense
// at the top because the gaps' tail carries most of their mean.
var levels = [...]float64{
	0, 0.01, 0.05, 0.10, 0.25, 0.40, 0.50, 0.60, 0.75, 0.80, 0.85, 0.90, 0.95,
	0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 1,
}

var (
	// gapMicros is the time from one request to the next, in microseconds. Most requests come
	// in bursts; one gap in a thousand is longer than a minute.
	gapMicros = curve{[...]float64{
		6, 22, 88, 209, 2077, 15104, 63798, 94990, 103996, 160069, 198832, 272856, 400776,
		597436, 798746, 2205070, 9978331, 41406028, 79232503, 132474424, 217168952,
	}}
	// contextTokens is what goes into the model: the prompt.
	contextTokens = curve{[...]float64{
		3, 17, 75, 147, 578, 1075, 1469, 1909, 2744, 3192, 3920, 5188, 7303,
		7435, 7436, 7436, 7436, 7436, 7437, 7437, 7437,
	}}
	// generatedTokens is what comes out of it.
	generatedTokens = curve{[...]float64{
		6, 6, 6, 7, 9, 11, 13, 16, 24, 29, 39, 55, 90,
		128, 171, 251, 359, 670, 825, 885, 1899,
	}}
)

// value returns the value below which the share u of the distribution lies, for u in [0, 1).
func (c *curve) value(u float64) float64 {
	for i := 1; i < len(levels); i++ {
		if u < levels[i] {
			part := (u - levels[i-1]) / (levels[i] - levels[i-1])
			return c.at[i-1] + part*(c.at[i]-c.at[i-1])
		}
	}
	return c.max()
}

// max returns the largest value that was measured.
func (c *curve) max() float64 { return c.at[len(levels)-1] }

// mean returns the exact mean of the drawn values: the area under the straight lines.
func (c *curve) mean() float64 {
	sum := 0.0
	for i := 1; i < len(levels); i++ {
		sum += (levels[i] - levels[i-1]) * (c.at[i] + c.at[i-1]) / 2
	}
	return sum
}
