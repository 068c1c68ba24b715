package sizing

import "math"

// order returns the economic order quantity for a demand of d credits in what is left of a
// window, a part of it in (0, 1], at a price of h calls for a credit that is held for a whole one.
//
// n equal orders of d/n each cost n + h*part*d/(2*n), and leave nothing over: best is the least n
// with n*(n+1) >= h*part*d/2 (Schwarz, Economic Order Quantities for Products with Finite Demand
// Horizons, 1972). For a long horizon d/n is Harris's sqrt(2*d/(h*part)).
func order(d, part, h float64) float64 {
	n := math.Ceil(math.Sqrt(h*part*d/2+0.25) - 0.5)
	return d / max(1, n)
}
