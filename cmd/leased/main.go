// Command leased runs a node of the fleet lease coordinator, manages its budgets, checks
// recorded runs against the specification, and demonstrates all of it in one command.
//
// Every command is flags -> configuration -> run -> wait -> stop. Results go to stdout, errors
// as one line to stderr, and the exit code says what kind of error it was (exit.go).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := withSignals(context.Background())
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(int(code))
}

// withSignals returns a context that the first SIGINT or SIGTERM cancels. The second one ends
// the process at once, without any stop in order.
func withSignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
			return
		}
		<-signals
		os.Exit(int(exitInterrupted))
	}()
	return ctx, cancel
}
