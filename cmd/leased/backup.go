package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/leased-io/leased/client"
)

// shownID is how much of a backup's name is shown: enough to tell it from others.
const shownID = 12

func newBackup(to *target) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write what a new cluster needs to take this one's place",
		Long: `Write a backup of the cluster, confirmed by the leader: its budgets, and how far its
numbers went. Who holds what is not part of it: a cluster that is restored grants nothing
before all leases of the old one are over.

Back up after each change of a budget: 'restore' knows no later one. FILE - is the standard
output. A file that is there is left alone unless --force is given, and is replaced as a
whole: a crash leaves the old one or the new one.`,
		Example: "  leased cluster backup cluster.json\n" +
			"  leased cluster backup - | ssh vault 'cat > cluster.json'",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, out := args[0], cmd.OutOrStdout()
			if err := mayWrite(file, force); err != nil {
				return err
			}
			return to.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				b, err := c.Backup(ctx)
				if err != nil {
					return err
				}
				if file == "-" {
					_, err := out.Write(b.Encode())
					return err
				}
				if err := writeWhole(file, b.Encode(), force); err != nil {
					return err
				}
				fmt.Fprintf(out, "backup %s: %s as of cluster time %s, id %.*s\n", file,
					counted(len(b.Budgets), "budget"), b.ClusterTime.Round(time.Millisecond), shownID, b.ID())
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace the file if it is there")
	return cmd
}

// mayWrite refuses a file that would be overwritten, before anyone is asked.
func mayWrite(file string, force bool) error {
	if file == "-" || force {
		return nil
	}
	switch _, err := os.Lstat(file); {
	case err == nil:
		return failf(exitUsage, "%s is there already: --force replaces it", file)
	case !errors.Is(err, os.ErrNotExist):
		return failf(exitFailed, "write backup: %w", err)
	}
	return nil
}

// writeWhole writes a file so that, whatever happens, all of data is there or nothing of it.
func writeWhole(file string, data []byte, force bool) (err error) {
	defer func() {
		if err != nil && codeOf(err) == exitFailed {
			err = failf(exitFailed, "write backup: %w", err)
		}
	}()
	dir := filepath.Dir(file)
	part, err := os.CreateTemp(dir, "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.Name()) }() // it is renamed by then, or of no use
	_, err = part.Write(data)
	if err = errors.Join(err, part.Sync(), part.Close()); err != nil {
		return err
	}
	if err := mayWrite(file, force); err != nil { // somebody else was faster
		return err
	}
	if err := os.Rename(part.Name(), file); err != nil {
		return err
	}
	parent, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close()) // the name is on the disk too
}

// readBackup reads and checks a backup's file.
func readBackup(file string, stdin io.Reader) (client.Backup, error) {
	in := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return client.Backup{}, failf(exitUsage, "read backup: %w", err)
		}
		defer f.Close()
		in = f
	}
	// One byte too many is enough for ParseBackup to refuse.
	data, err := io.ReadAll(io.LimitReader(in, client.MaxBackupSize+1))
	if err != nil {
		return client.Backup{}, failf(exitUsage, "read backup: %w", err)
	}
	b, err := client.ParseBackup(data)
	if err != nil {
		return client.Backup{}, failf(exitUsage, "%s: nothing was restored: %s", file,
			reason(err, client.ErrInvalid))
	}
	return b, nil
}

// counted is a number of things, such as "1 budget" or "2 budgets".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
