package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	// lockTimeout is how long to wait for a process that is just ending to let go of the log.
	lockTimeout = time.Second
	// logCache is how many entries are kept in memory for followers that are nearly up to date.
	logCache = 512
	// keptSnapshots is how many snapshots stay on disk: one to start from, one to fall back on.
	keptSnapshots = 2
)

// Files of a data directory. Snapshots are in "snapshots", by raft; see walDir, too.
const (
	logFile  = "raft.db"
	idFile   = "node-id"
	diskFile = "disk-id"
)

// store is what a node keeps: its id, log, votes and snapshots.
type store struct {
	Stores
	id    string
	disk  string // its name: see placeOf
	close func() error
}

// openStore opens dir, creating it if need be, and locks it. A node without id takes the
// directory's, or makes one and keeps it there.
func openStore(dir, id, logs string, log hclog.Logger) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory %s: choose another with %s: %w", dir, flagDataDir, err)
	}
	bolt, err := openBolt(dir)
	if err != nil {
		return nil, err
	}
	s := &store{close: bolt.Close}
	s.id, err = keepID(filepath.Join(dir, idFile), id)
	if err == nil {
		s.disk, err = nameDisk(filepath.Join(dir, diskFile))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", dir, err), bolt.Close())
	}
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(dir, keptSnapshots, log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: snapshots: %w", dir, err), bolt.Close())
	}
	entries, closer, err := openLog(dir, logs, bolt, snapshots, log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", dir, err), bolt.Close())
	}
	s.close = func() error { return errors.Join(closer.Close(), bolt.Close()) }
	cache, err := raft.NewLogCache(logCache, entries)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.Stores = Stores{Logs: cache, Stable: bolt, Snapshots: snapshots}
	return s, nil
}

// openBolt opens the log. Its file lock is the directory's lock.
func openBolt(dir string) (*raftboltdb.BoltStore, error) {
	bolt, err := raftboltdb.New(raftboltdb.Options{
		Path: filepath.Join(dir, logFile),
		// The freelist can be found again by a scan; not writing it halves a small commit.
		BoltOptions: &bbolt.Options{
			Timeout:        lockTimeout,
			NoFreelistSync: true,
			FreelistType:   bbolt.FreelistMapType,
		},
		MsgpackUseNewTimeFormat: true,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("data directory %s is in use by another process: "+
			"stop it, or choose another with %s", dir, flagDataDir)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("data directory %s is not writable: "+
			"change its owner, or choose another with %s", dir, flagDataDir)
	case err != nil:
		return nil, fmt.Errorf("data directory %s: log: %w", dir, err)
	}
	return bolt, nil
}

// keepID returns the id in the file at path. Without the file it writes id there, or one that
// it makes up; with another id than id in it, it fails: a node that votes under two names can
// elect two leaders.
func keepID(path, id string) (string, error) {
	data, err := os.ReadFile(path)
	switch kept := strings.TrimSpace(string(data)); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	case !validID(kept):
		return "", fmt.Errorf("%s holds %q, which is no node id", path, kept)
	case id != "" && id != kept:
		return "", fmt.Errorf("it belongs to node %q, not to %q: choose another with %s, or drop %s",
			kept, id, flagDataDir, flagID)
	default:
		return kept, nil
	}
	if id == "" {
		id = madeUpID()
	}
	return id, writeDurably(path, []byte(id+"\n"))
}

// madeUpID is the host's name, for people, and chance, for two nodes on one host.
func madeUpID() string {
	const maxHost = 32
	host, err := os.Hostname()
	if err != nil || !validID(host) {
		host = "node"
	}
	return host[:min(len(host), maxHost)] + "-" + strings.ToLower(rand.Text()[:8])
}

// writeDurably creates the file at path so that after a crash it is there whole, or not at all.
func writeDurably(path string, data []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes durable which files a directory has.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
