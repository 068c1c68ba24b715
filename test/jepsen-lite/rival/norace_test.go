//go:build !race

package rival

const raceEnabled = false
