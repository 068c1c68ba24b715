package node

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"
)

// A place is where a server is reached and which disk is to answer there: DISK@HOST:PORT. Raft
// knows servers by their places, and asks each for votes that only its own disk may give. An
// address alone would do for another server that came to it after the first had been removed, and
// an id alone for the same server after its disk was emptied. Either has no vote to give to a
// candidate that goes by an old configuration: with it, one that lacks committed entries could
// lead. So every connection begins with the name of the disk that is meant, and is closed by any
// other server.
//
// A place without a disk, of a cluster in memory, is taken by whoever listens there.

// diskLen is how many characters name a disk: chance enough that no two are named alike.
const diskLen = 12

// placeOf returns the place of a disk, which may be empty, at host:port.
func placeOf(disk, hostPort string) string {
	if disk == "" {
		return hostPort
	}
	return disk + "@" + hostPort
}

// splitPlace returns what placeOf was given.
func splitPlace(place string) (disk, hostPort string) {
	if disk, hostPort, ok := strings.Cut(place, "@"); ok {
		return disk, hostPort
	}
	return "", place
}

// replaced reports whether the server at the second place has lost the disk of the one at the
// first. One whose disk has got its name since has not.
func replaced(before, now string) bool {
	old, _ := splitPlace(before)
	disk, _ := splitPlace(now)
	return old != "" && disk != old
}

// nameDisk returns the name in the file at path, which it writes on a new disk.
func nameDisk(path string) (string, error) {
	data, err := os.ReadFile(path)
	switch kept := strings.TrimSpace(string(data)); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	case len(kept) != diskLen || !validID(kept):
		return "", fmt.Errorf("%s holds %q, which names no disk", path, kept)
	default:
		return kept, nil
	}
	name := strings.ToLower(rand.Text()[:diskLen])
	return name, writeDurably(path, []byte(name+"\n"))
}

// A greeting opens every connection: a word, so that what speaks no raft is told from a server
// that came to another's address, and the name of the disk that is meant, padded with spaces.
const greetingWord = "leased-raft "

// greeting is what whoever connects to a disk says first. No name stands for any disk.
func greeting(disk string) []byte {
	return fmt.Appendf(nil, "%s%-*s\n", greetingWord, diskLen, disk)
}

var errWrongPlace = errors.New("node: the connection is meant for another server")

// greetedConn is a connection from another server, which is greeted before anything is read.
type greetedConn struct {
	net.Conn
	disk  string // that this server has
	heard bool
}

// Read reads what comes after the greeting, for which it waits at most raftTimeout. Raft reads
// from one goroutine.
func (c *greetedConn) Read(p []byte) (int, error) {
	if !c.heard {
		if err := c.hear(); err != nil {
			return 0, errors.Join(err, c.Close())
		}
		c.heard = true
	}
	return c.Conn.Read(p)
}

func (c *greetedConn) hear() error {
	if err := c.SetReadDeadline(time.Now().Add(raftTimeout)); err != nil {
		return err
	}
	said := make([]byte, len(greeting("")))
	if _, err := io.ReadFull(c.Conn, said); err != nil {
		return err
	}
	if !bytes.Equal(said, greeting(c.disk)) && !bytes.Equal(said, greeting("")) {
		return errWrongPlace
	}
	return c.SetReadDeadline(time.Time{})
}
