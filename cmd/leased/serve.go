package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/node"
)

const (
	// stopTimeout bounds the stop in order after the first signal.
	stopTimeout = 15 * time.Second
	// leaderPoll is how often a starting node looks for a leader.
	leaderPoll = 50 * time.Millisecond
)

// serveFlags are the flags of serve that node.Config does not hold as they are.
type serveFlags struct {
	cfg       node.Config
	logLevel  string
	logFormat string
}

func newServe() *cobra.Command {
	f := serveFlags{cfg: node.DefaultConfig()}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a node",
		Long: `Run one node of a cluster until a signal stops it. A single node is a cluster with
--bootstrap-expect 1; three or five survive the loss of one or two.`,
		Example: `  leased serve --bootstrap-expect 1

  leased serve --id n1 --data-dir n1 --bootstrap-expect 3
  leased serve --id n2 --data-dir n2 --bootstrap-expect 3 --join 127.0.0.1:7103 \
    --listen 127.0.0.1:7201 --raft-listen 127.0.0.1:7202 --gossip-listen 127.0.0.1:7203
  leased serve --id n3 --data-dir n3 --bootstrap-expect 3 --join 127.0.0.1:7103 \
    --listen 127.0.0.1:7301 --raft-listen 127.0.0.1:7302 --gossip-listen 127.0.0.1:7303`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.config(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, cmd.OutOrStdout())
		},
	}
	f.add(cmd)
	return cmd
}

func (f *serveFlags) add(cmd *cobra.Command) {
	flags, cfg := cmd.Flags(), &f.cfg
	flags.StringVar(&cfg.ID, "id", "",
		"the node's `name` for ever (default: kept in its directory)")
	flags.StringVar(&cfg.DataDir, "data-dir", "leased-data", "`directory` of the node's log")
	flags.StringVar(&cfg.LogStore, "log-store", cfg.LogStore,
		"`store` of the log: boltdb, or wal (experimental)")
	flags.StringVar(&cfg.ListenAPI, "listen", defaultEndpoint, "API `address`: limiters, CLI")
	flags.StringVar(&cfg.ListenRaft, "raft-listen", "127.0.0.1:7102",
		"`address` for the other nodes' raft")
	flags.StringVar(&cfg.ListenGossip, "gossip-listen", "127.0.0.1:7103",
		"`address` for gossip, TCP and UDP")
	flags.StringVar(&cfg.AdvertiseHost, "advertise-host", cfg.AdvertiseHost,
		"`host` that others reach this node at, if it listens on all")
	flags.IntVar(&cfg.BootstrapExpect, "bootstrap-expect", cfg.BootstrapExpect,
		"found a cluster once `n` nodes have met; later without effect")
	flags.StringSliceVar(&cfg.Join, "join", nil, "gossip `addresses` of other nodes")
	flags.Int64Var(&cfg.DriftPPM, "max-clock-drift", cfg.DriftPPM,
		"bound on how far clock rates stray, in `ppm`")
	flags.StringVar(&cfg.TraceDir, "trace-dir", "",
		"`directory` to record a trace in, for 'leased trace check'")
	flags.StringVar(&cfg.Run, "trace-run", cfg.Run,
		"`name` of the cluster's life in traces")
	flags.StringVar(&f.logLevel, "log-level", "info", "`level`: debug, info, warn or error")
	flags.StringVar(&f.logFormat, "log-format", "text", "`format`: text or json")
}

// flagNames turns the names of the configuration's fields in its problems into those of flags.
var flagNames = strings.NewReplacer(
	"config: ", "", "ListenAPI", "--listen", "ListenRaft", "--raft-listen",
	"ListenGossip", "--gossip-listen", "AdvertiseHost", "--advertise-host",
	"BootstrapExpect", "--bootstrap-expect", "DataDir", "--data-dir",
	"DriftPPM", "--max-clock-drift", "LogStore", "--log-store", "Join", "--join", "ID:", "--id:",
)

// config turns the flags into a configuration, and checks it.
func (f *serveFlags) config(stderr io.Writer) (node.Config, error) {
	cfg := f.cfg
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return cfg, failf(exitUsage, "--log-level is %q: it is debug, info, warn or error",
			f.logLevel)
	}
	options := &slog.HandlerOptions{Level: level}
	switch f.logFormat {
	case "text":
		cfg.Logger = slog.New(slog.NewTextHandler(stderr, options))
	case "json":
		cfg.Logger = slog.New(slog.NewJSONHandler(stderr, options))
	default:
		return cfg, failf(exitUsage, "--log-format is %q: it is text or json", f.logFormat)
	}
	cfg.Version = buildVersion()
	if err := cfg.Validate(); err != nil {
		return cfg, failf(exitUsage, "%s", flagNames.Replace(err.Error()))
	}
	return cfg, nil
}

// serve runs a node until ctx ends or the node fails, and stops it in order.
func serve(ctx context.Context, cfg node.Config, out io.Writer) error {
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return failf(exitFailed, "start node: %w", err)
	}
	announce(ctx, n, out)
	select {
	case <-ctx.Done():
	case <-n.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := errors.Join(n.Err(), n.Stop(stopping)); err != nil {
		return failf(exitFailed, "node %s: %w", cfg.ID, err)
	}
	return nil
}

// announce waits until the node knows a leader, and says in one line where it is reached.
func announce(ctx context.Context, n *node.Node, out io.Writer) {
	tick := time.NewTicker(leaderPoll)
	defer tick.Stop()
	for {
		if leader, _ := n.Leader(); leader != "" {
			fmt.Fprintf(out, "leased: node %s is ready: api %s, raft %s, gossip %s, leader %s\n",
				n.ID(), n.APIAddr(), n.RaftAddr(), n.GossipAddr(), leader)
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-n.Done():
			return
		}
	}
}
