package trace

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// bootIDFile holds an identity of the running kernel, drawn anew at each boot.
const bootIDFile = "/proc/sys/kernel/random/boot_id"

// SystemClock returns the kernel's monotonic clock, which all processes of one boot share. It
// is named after that boot. Where the boot has no identity the name is the process's own.
func SystemClock() Clock {
	name := processName()
	if id, err := os.ReadFile(bootIDFile); err == nil && len(id) > 0 {
		name = "boot:" + strings.TrimSpace(string(id))
	}
	return Clock{Name: name, Now: monotonic}
}

// monotonic reads CLOCK_MONOTONIC itself, not a difference of two Go times: only the absolute
// value means the same in every process.
func monotonic() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(fmt.Sprintf("trace: the kernel has no monotonic clock: %v", err))
	}
	return ts.Nano()
}
