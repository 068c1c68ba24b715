package main

import "github.com/spf13/cobra"

// newClusterCommand is for those who run the nodes.
func newClusterCommand(endpoints string) *cobra.Command {
	to := &target{}
	cmd := group("cluster", "See and change the members, back up and restore the cluster",
		newMembers(to), newRemove(to), newBackup(to), newRestore(to))
	to.addFlags(cmd, endpoints)
	return cmd
}
