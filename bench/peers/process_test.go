package peers

import (
	"context"
	"net"
	"os/exec"
	"testing"
	"time"
)

// patience bounds the start of a peer.
const patience = 20 * time.Second

// installed returns the path of a peer's program. Without it the benchmark is skipped and says so:
// its figures are absent.
func installed(b *testing.B, program, how string) string {
	b.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		b.Skipf("ABSENT: %s is not installed, so there is nothing to compare with; install it: %s",
			program, how)
	}
	return path
}

// freeAddress returns an address that nobody listens on.
func freeAddress(b *testing.B) string {
	b.Helper()
	var config net.ListenConfig
	l, err := config.Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	return l.Addr().String()
}

// start starts a program, which is killed at the benchmark's end.
func start(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()         // killed, as it was to be
	})
}

// eventually waits until ready says nil.
func eventually(b *testing.B, what string, ready func(context.Context) error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.Fatalf("%s within %s: %v", what, patience, err)
		}
	}
}
