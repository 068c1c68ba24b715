package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/client"
)

func newMembers(to *target) *cobra.Command {
	var output format
	cmd := &cobra.Command{
		Use:   "members",
		Short: "List the servers of the cluster, as the leader sees them",
		Long: `List the servers of the cluster, as the leader sees them. Their roles:

  leader    decides
  voter     is counted in every decision
  joining   has joined, and votes once it has caught up
  removed   was removed and still runs: stop it`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				members, err := c.Members(ctx)
				if err != nil {
					return err
				}
				views := viewMembers(ctx, c, members)
				if output == formatJSON {
					return printJSON(cmd.OutOrStdout(), views)
				}
				return printMembers(cmd.OutOrStdout(), views)
			})
		},
	}
	output.addFlag(cmd)
	return cmd
}

// serverView is a server as 'members' shows it.
type serverView struct {
	ID    string `json:"id"`
	Role  string `json:"role"`
	Alive bool   `json:"alive"`
	API   string `json:"api,omitempty"`
	Raft  string `json:"raft"`
}

// viewMembers says what each server is. One that does not vote is asked whether it was removed:
// the leader's word is that it is not counted.
func viewMembers(ctx context.Context, c *client.Client, members []client.Member) []serverView {
	views := make([]serverView, len(members))
	var asking sync.WaitGroup
	for i, m := range members {
		views[i] = serverView{
			ID: m.ID, Role: "voter", Alive: m.Alive, API: m.APIAddress, Raft: m.RaftAddress,
		}
		switch {
		case m.Leader:
			views[i].Role = "leader"
		case !m.Voter:
			views[i].Role = "joining"
			asking.Go(func() {
				s, err := c.Status(ctx, m.APIAddress)
				if err == nil && s.State == stateRemoved {
					views[i].Role = stateRemoved
				}
			})
		}
	}
	asking.Wait()
	return views
}

// stateRemoved is what a node says of itself that is no member any more.
const stateRemoved = "removed"

// printMembers writes a line per server.
func printMembers(out io.Writer, views []serverView) error {
	rows := [][]string{{"ID", "ROLE", "ALIVE", "API", "RAFT"}}
	for _, v := range views {
		alive := "no"
		if v.Alive {
			alive = "yes"
		}
		rows = append(rows, []string{v.ID, v.Role, alive, cmp.Or(v.API, "?"), v.Raft})
	}
	return printTable(out, rows)
}

func newRemove(to *target) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID",
		Short: "Take a server out of the cluster for good, alive or dead",
		Long: `Take a server out of the cluster for good, alive or dead. To replace a server, start the
new one first, with an empty data directory and --join, and wait until 'members' shows it as
a voter.

It is refused, and nothing is changed, if the servers left that answer would be no majority of
those left. A leader hands leadership over before it is removed. Removing a server that is no
member does nothing.

A server that was removed decides nothing and forwards nothing any more, and does not stop by
itself: stop it. It may join again once its data directory is empty.`,
		Example:           "  leased cluster remove n1",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: to.completeMember,
		RunE: func(cmd *cobra.Command, args []string) error {
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				return remove(ctx, c, args[0], cmd.OutOrStdout())
			})
		},
	}
}

// remove removes a server, and says what there is to do next.
func remove(ctx context.Context, c *client.Client, id string, out io.Writer) error {
	removed, err := c.RemoveMember(ctx, id)
	switch {
	case errors.Is(err, client.ErrQuorum):
		return failf(exitRefused, "server %s stays, or the quorum would be lost: %s", id,
			reason(err, client.ErrQuorum))
	case err != nil:
		return err
	case removed:
		_, err = fmt.Fprintf(out, "server %s: removed; if it still runs, stop it\n", id)
		return err
	}
	members, err := c.Members(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, m := range members {
		if m.Voter {
			ids = append(ids, m.ID)
		}
	}
	_, err = fmt.Fprintf(out, "server %s: is no member; the voters are %s\n", id,
		strings.Join(ids, ", "))
	return err
}

// completeMember completes the one argument of a command with the ids of the cluster's servers,
// if it can be reached quickly.
func (t *target) completeMember(cmd *cobra.Command, args []string, prefix string,
) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	bounded := target{endpoints: t.endpoints, timeout: completionTimeout}
	var ids []cobra.Completion
	err := bounded.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
		members, err := c.Members(ctx)
		for _, m := range members {
			if strings.HasPrefix(m.ID, prefix) {
				ids = append(ids, m.ID)
			}
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
