//go:build !linux

package trace

import "time"

// SystemClock returns a monotonic clock of this process. Nothing that is known here makes it
// comparable with another process's, so its name is unique.
func SystemClock() Clock {
	start := time.Now()
	return Clock{Name: processName(), Now: func() int64 { return 1 + int64(time.Since(start)) }}
}
