//go:build race

package lockstep

// raceEnabled: every step costs ten times as much.
const raceEnabled = true
