//go:build !linux

package bench

import (
	"syscall"
	"time"
)

// processCPU is known on Linux alone.
func processCPU(int) (time.Duration, bool) { return 0, false }

// ownGroup leaves a process where it is.
func ownGroup() *syscall.SysProcAttr { return nil }

// rest sleeps for a short while.
func rest(d time.Duration) { time.Sleep(d) }
