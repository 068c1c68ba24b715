//go:build !race

package explore

// quick is how many states, as TLC counted them, an exploration of `go test` may generate.
const quick = 1_500_000
