package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/client"
)

const (
	// defaultEndpoint is where "leased serve" listens unless it is told otherwise.
	defaultEndpoint = "127.0.0.1:7101"
	// defaultTimeout outlasts an election and a retry.
	defaultTimeout = 10 * time.Second
	// completionTimeout bounds how long the shell waits for names.
	completionTimeout = 500 * time.Millisecond
)

// target is the cluster that a command talks to, from its flags.
type target struct {
	endpoints []string
	timeout   time.Duration
}

// addFlags gives cmd, and the commands below it, the flags of a cluster's client. fromEnv is
// the default of --endpoints, comma-separated; empty means defaultEndpoint.
func (t *target) addFlags(cmd *cobra.Command, fromEnv string) {
	endpoints := []string{defaultEndpoint}
	if fromEnv != "" {
		endpoints = strings.Split(fromEnv, ",")
	}
	flags := cmd.PersistentFlags()
	flags.StringSliceVar(&t.endpoints, "endpoints", endpoints,
		"API `addresses` (env "+endpointsEnv+")")
	flags.DurationVar(&t.timeout, "timeout", defaultTimeout, "give up after this long")
}

// call runs f with a client of the cluster, within the timeout. Errors say what to do.
func (t *target) call(ctx context.Context, f func(context.Context, *client.Client) error) error {
	if t.timeout <= 0 {
		return failf(exitUsage, "--timeout is %s: it must be positive", t.timeout)
	}
	c, err := client.New(t.endpoints)
	if err != nil {
		return failf(exitUsage, "--endpoints: %w", err)
	}
	within, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	err = f(within, c)
	// The command is over; what closing says of idle connections changes nothing.
	_ = c.Close(within)
	if errors.Is(err, client.ErrUnavailable) {
		return failf(exitUnavailable, "no answer from %s within %s: is a majority of the "+
			"cluster running there? Nothing is lost by trying again (%w)",
			strings.Join(t.endpoints, ", "), t.timeout, err)
	}
	return err
}

// noBudget explains ErrUnknownBudget.
func noBudget(name string, err error) error {
	if errors.Is(err, client.ErrUnknownBudget) {
		return failf(exitNotFound, "no budget %q: 'leased budget list' shows those there are", name)
	}
	return err
}

// completeBudget completes the one argument of a command with the names of the cluster's
// budgets, if it can be reached quickly.
func (t *target) completeBudget(cmd *cobra.Command, args []string, prefix string,
) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	bounded := target{endpoints: t.endpoints, timeout: completionTimeout}
	var names []cobra.Completion
	err := bounded.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
		budgets, err := c.Budgets(ctx)
		for _, b := range budgets {
			if strings.HasPrefix(b.Budget.Name, prefix) {
				names = append(names, b.Budget.Name)
			}
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
