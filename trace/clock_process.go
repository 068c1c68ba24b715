package trace

import "crypto/rand"

// processName returns a clock name that no other process has.
func processName() string { return "process:" + rand.Text() }
