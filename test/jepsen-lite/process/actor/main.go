//go:build linux

// Actor is whatever a campaign of package process starts beside the product's own binary: the
// stage, nodes whose clocks are skewed, and processes of the fleet. Each is told what to do by
// one argument of JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/leased-io/leased/test/jepsen-lite/process"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "actor:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%d arguments: want stage, node or fleet, and a script", len(args))
	}
	switch script := []byte(args[1]); args[0] {
	case "stage":
		var o process.Options
		if err := json.Unmarshal(script, &o); err != nil {
			return err
		}
		return process.Play(ctx, o, os.Stdout)
	case "node":
		var s process.NodeScript
		if err := json.Unmarshal(script, &s); err != nil {
			return err
		}
		return serve(ctx, s)
	case "fleet":
		var s process.FleetScript
		if err := json.Unmarshal(script, &s); err != nil {
			return err
		}
		return admit(ctx, s, os.Stdin, os.Stdout)
	default:
		return fmt.Errorf("%q: want stage, node or fleet", args[0])
	}
}
