//go:build linux

package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/leased-io/leased/node"
	"github.com/leased-io/leased/test/jepsen-lite/process"
)

// stopTimeout bounds the stop in order, as leased serve does.
const stopTimeout = 15 * time.Second

// serve runs a node as leased serve does, but for its clock and, if told to, its snapshots.
func serve(ctx context.Context, s process.NodeScript) error {
	address := func(port int) string { return net.JoinHostPort(s.Host, strconv.Itoa(port)) }
	cfg := node.DefaultConfig()
	cfg.ID, cfg.DataDir = s.ID, s.DataDir
	cfg.ListenAPI, cfg.ListenRaft = address(s.APIPort), address(s.RaftPort)
	cfg.ListenGossip = address(s.GossipPort)
	cfg.BootstrapExpect, cfg.Join = s.Expect, s.Join
	cfg.DriftPPM = process.DriftPPM
	cfg.TraceDir, cfg.Run = s.TraceDir, s.Run
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	cfg.Clock = skewed(s)
	if s.Snapshots {
		cfg.SnapshotInterval, cfg.SnapshotThreshold = time.Second, 200
		cfg.TrailingLogs = node.MinTrailingLogs
	}
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-n.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(n.Err(), n.Stop(stopping))
}

// skewed is a clock that runs at the script's rate, and jumps if that says so.
func skewed(s process.NodeScript) func() time.Duration {
	base := time.Now()
	return func() time.Duration {
		elapsed := time.Since(base)
		at := time.Duration(process.Skew(int64(elapsed), s.ClockPPM))
		if s.JumpEvery > 0 {
			at += elapsed / s.JumpEvery * s.Jump
		}
		return at
	}
}
