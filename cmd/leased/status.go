package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/client"
)

func newStatus(endpoints string) *cobra.Command {
	var output format
	to := &target{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what each member of the cluster says of itself",
		Long: `Ask every member for its status. Each line is that member's own view, which may be
stale: a node that was cut off still says what it knew last.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				views, err := askMembers(ctx, c, to.endpoints)
				if err != nil {
					return err
				}
				if output == formatJSON {
					return printJSON(cmd.OutOrStdout(), views)
				}
				return printStatus(cmd.OutOrStdout(), views)
			})
		},
	}
	to.addFlags(cmd, endpoints)
	output.addFlag(cmd)
	return cmd
}

// memberView is what one member says of itself, or why it says nothing.
type memberView struct {
	Endpoint    string `json:"endpoint"`
	Error       string `json:"error,omitempty"`
	Node        string `json:"node,omitempty"`
	State       string `json:"state,omitempty"`
	Leader      string `json:"leader,omitempty"`
	Term        uint64 `json:"term,omitempty"`
	Epoch       uint64 `json:"epoch,omitempty"`
	Applied     uint64 `json:"applied_index,omitempty"`
	ClusterTime int64  `json:"cluster_time_ns,omitempty"`
	Sessions    uint64 `json:"sessions"`
	Budgets     uint64 `json:"budgets"`
	Accounts    uint64 `json:"accounts"`
	Digest      string `json:"digest,omitempty"`
	DriftPPM    int64  `json:"max_clock_drift_ppm,omitempty"`
	Version     string `json:"version,omitempty"`

	Calendar *calendarView `json:"calendar,omitempty"`
}

// askMembers asks the endpoints, then the members that their answers name and that were not
// asked yet. It fails only if nobody answers.
func askMembers(ctx context.Context, c *client.Client, endpoints []string) ([]memberView, error) {
	views, members, err := ask(ctx, c, endpoints)
	if len(members) == 0 {
		return nil, err
	}
	for _, v := range views {
		delete(members, v.Node)
	}
	var others []string
	for _, id := range slices.Sorted(maps.Keys(members)) {
		switch address := members[id]; {
		case address == "":
			views = append(views, memberView{Node: id, Error: "its API address is not known"})
		case !slices.Contains(endpoints, address):
			others = append(others, address)
		}
	}
	more, _, _ := ask(ctx, c, others)
	views = append(views, more...)
	for i := range views {
		for id, address := range members { // who gave no answer, as others named it
			if views[i].Node == "" && views[i].Endpoint == address {
				views[i].Node = id
			}
		}
	}
	slices.SortStableFunc(views, func(a, b memberView) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return views, nil
}

// ask asks the nodes at endpoints, all at once. It returns a view of each, the API addresses of
// all members that they named by id, and the last error.
func ask(ctx context.Context, c *client.Client, endpoints []string,
) (views []memberView, members map[string]string, err error) {
	statuses := make([]client.NodeStatus, len(endpoints))
	errs := make([]error, len(endpoints))
	var asking sync.WaitGroup
	for i, endpoint := range endpoints {
		asking.Go(func() { statuses[i], errs[i] = c.Status(ctx, endpoint) })
	}
	asking.Wait()
	members = map[string]string{}
	views = make([]memberView, len(endpoints))
	for i, s := range statuses {
		if errs[i] != nil {
			err = errs[i]
			views[i] = memberView{Endpoint: endpoints[i], Error: oneLine(errs[i])}
			continue
		}
		for _, m := range s.Members {
			members[m.ID] = cmp.Or(m.APIAddress, members[m.ID])
		}
		views[i] = memberView{
			Endpoint: endpoints[i], Node: s.Node, State: s.State, Leader: s.Leader,
			Term: s.Term, Epoch: s.Epoch, Applied: s.AppliedIndex,
			ClusterTime: int64(s.ClusterTime), Sessions: s.Sessions, Budgets: s.Budgets,
			Accounts: s.Accounts, Digest: s.Digest, DriftPPM: s.DriftPPM,
			Version: s.Version, Calendar: calendarOf(s.Calendar),
		}
	}
	return views, members, err
}

// printStatus writes a line per member.
func printStatus(out io.Writer, views []memberView) error {
	rows := [][]string{{
		"NODE", "API", "STATE", "LEADER", "TERM", "EPOCH", "APPLIED", "CLUSTER TIME", "SESSIONS",
	}}
	var silent []string
	for _, v := range views {
		if v.Error != "" {
			row := []string{cmp.Or(v.Node, "?"), cmp.Or(v.Endpoint, "?"), "no answer"}
			rows = append(rows, append(row, make([]string, len(rows[0])-len(row))...))
			silent = append(silent, cmp.Or(v.Endpoint, v.Node)+": "+v.Error)
			continue
		}
		rows = append(rows, []string{
			v.Node, v.Endpoint, v.State, cmp.Or(v.Leader, "none"),
			strconv.FormatUint(v.Term, 10), strconv.FormatUint(v.Epoch, 10),
			strconv.FormatUint(v.Applied, 10),
			time.Duration(v.ClusterTime).Round(time.Millisecond).String(),
			strconv.FormatUint(v.Sessions, 10),
		})
	}
	if err := printTable(out, rows); err != nil {
		return err
	}
	for _, why := range silent {
		if _, err := fmt.Fprintln(out, why); err != nil {
			return err
		}
	}
	if calendar := newest(views); calendar != nil {
		if _, err := fmt.Fprintln(out, calendar); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, "Each line is that member's own view, which may be stale.")
	return err
}
