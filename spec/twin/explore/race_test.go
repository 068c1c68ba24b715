//go:build race

package explore

// quick is how many states, as TLC counted them, an exploration of `go test` may generate.
// The race detector makes each cost several times as much.
const quick = 300_000
