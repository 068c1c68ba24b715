package bench

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/leased-io/leased/node"
)

// TestMain lets the test binary run a node, as "leased serve" would, or limiters: those of a bench
// are processes.
func TestMain(m *testing.M) {
	roles := map[string]func([]string) error{"serve": serve, "limit": limiting}
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		if err := roles[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// testNode is the command line that runs a node.
func testNode(tb testing.TB) []string {
	tb.Helper()
	program, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	return []string{program, "serve"}
}

// serve takes those flags of "leased serve" that startNodes gives.
func serve(args []string) error {
	cfg := node.DefaultConfig()
	var join, level string
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&cfg.ID, "id", "", "")
	flags.StringVar(&cfg.DataDir, "data-dir", "", "")
	flags.StringVar(&cfg.ListenAPI, "listen", "", "")
	flags.StringVar(&cfg.ListenRaft, "raft-listen", "", "")
	flags.StringVar(&cfg.ListenGossip, "gossip-listen", "", "")
	flags.IntVar(&cfg.BootstrapExpect, "bootstrap-expect", 0, "")
	flags.StringVar(&join, "join", "", "")
	flags.StringVar(&cfg.TraceDir, "trace-dir", "", "")
	flags.StringVar(&cfg.Run, "trace-run", cfg.Run, "")
	flags.StringVar(&level, "log-level", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if join != "" {
		cfg.Join = strings.Split(join, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for leader := ""; leader == "" && ctx.Err() == nil; {
		<-tick.C
		leader, _ = n.Leader()
	}
	fmt.Printf("leased: node %s is ready: api %s, raft, gossip, leader\n", n.ID(), n.APIAddr())
	<-ctx.Done()
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return n.Stop(within)
}
