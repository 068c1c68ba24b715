//go:build linux

package process

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// What may come of a broken disk.
const (
	outcomeStopped = "the node stopped"
	outcomeWentOn  = "the node went on"
)

// someNode chooses a node that works, the leader half of the time.
func (s *stage) someNode() *member {
	if s.rng.IntN(2) == 0 {
		return s.leader()
	}
	return s.follower()
}

// breakDisk begins a fault of a node's disk, of which the node may end. It is started again when
// the disk works.
func (s *stage) breakDisk(m *member, repair func() error) *active {
	m.proc.excused.Store(true)
	return s.hurt(m, func(a *active) error {
		a.outcome = outcomeWentOn
		if err := repair(); err != nil {
			return err
		}
		if !m.proc.ended() {
			m.ailing = true // it may have met the fault just now
			return nil
		}
		a.outcome = outcomeStopped
		return m.start(s.o, s.logs())
	})
}

// failDisk has every fsync of a node fail.
func (s *stage) failDisk(time.Duration) (string, *active) {
	m := s.someNode()
	if !s.mayHurt(m) || m.host.disk == nil {
		return "", nil
	}
	m.host.disk.fail.Store(true)
	return m.id, s.breakDisk(m, func() error { m.host.disk.fail.Store(false); return nil })
}

// stallDisk has every fsync of a node hang until it is over.
func (s *stage) stallDisk(time.Duration) (string, *active) {
	m := s.someNode()
	if !s.mayHurt(m) || m.host.disk == nil {
		return "", nil
	}
	m.host.disk.mu.Lock()
	return m.id, s.hurt(m, func(*active) error { m.host.disk.mu.Unlock(); return nil })
}

// filler is the file that takes all room.
const filler = "filler"

// fillDisk leaves no room on the node's small disk.
func (s *stage) fillDisk(time.Duration) (string, *active) {
	m := pick(s, s.nodes, isSmall)
	if m == nil || !s.mayHurt(m) {
		return "", nil
	}
	path := filepath.Join(m.small, filler)
	if err := fill(path); err != nil {
		s.fail(judgeHarness, "fill a disk: %v", err)
		return "", nil
	}
	return m.id, s.breakDisk(m, func() error { return os.Remove(path) })
}

// fill writes until nothing more fits: at most the disk's size, which is small.
func fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, size := range []int{1 << 20, 1 << 12} {
		block := make([]byte, size)
		for err = error(nil); err == nil; {
			_, err = file.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}
