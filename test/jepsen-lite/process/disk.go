//go:build linux

package process

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// disk answers for a host's disk: the processes of the host that call fsync or fdatasync wait
// until the stage has said what becomes of it. A seccomp filter on the host's thread, which its
// processes inherit, sends the calls here.
type disk struct {
	listener int
	fail     atomic.Bool // with EIO

	mu sync.Mutex // held while the disk stalls: then no call is answered
}

// The structures and numbers of seccomp(2)'s notifications, which unix does not have.
type (
	seccompData struct {
		nr      int32
		arch    uint32
		pointer uint64
		args    [6]uint64
	}
	seccompNotif struct {
		id         uint64
		pid, flags uint32
		data       seccompData
	}
	seccompAnswer struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
)

const (
	notifRecv      = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	notifSend      = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
	notifContinue  = 1          // SECCOMP_USER_NOTIF_FLAG_CONTINUE
	filterListener = 1 << 3     // SECCOMP_FILTER_FLAG_NEW_LISTENER
	// filterWaitKillable keeps signals of Go's scheduler from interrupting a call that waits.
	filterWaitKillable = 1 << 5 // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	modeFilter         = 1      // SECCOMP_SET_MODE_FILTER
	retAllow           = 0x7fff0000
	retNotify          = 0x7fc00000
)

// watchDisk puts the calling thread, and all that it starts from now on, under a filter, and
// answers for it until the stage ends.
func watchDisk() (*disk, error) {
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	equal := func(value uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K,
			Jt: yes, Jf: no, K: value}
	}
	answer := func(value uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
	}
	filter := []unix.SockFilter{
		load(uint32(unsafe.Offsetof(seccompData{}.nr))),
		equal(unix.SYS_FSYNC, 1, 0),
		equal(unix.SYS_FDATASYNC, 0, 1),
		answer(retNotify),
		answer(retAllow),
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, modeFilter,
		filterListener|filterWaitKillable, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return nil, fmt.Errorf("process: watch fsync by seccomp: %w", errno)
	}
	unix.CloseOnExec(int(fd))
	d := &disk{listener: int(fd)}
	go d.serve()
	return d, nil
}

// serve answers one call after the other. It ends when the listener has nobody left to hear:
// with the stage.
func (d *disk) serve() {
	for {
		call := seccompNotif{}
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d.listener), notifRecv,
			uintptr(unsafe.Pointer(&call))); errno != 0 {
			if errors.Is(errno, unix.EINTR) || errors.Is(errno, unix.ENOENT) {
				continue // interrupted; or the caller was killed meanwhile
			}
			return
		}
		d.mu.Lock()
		reply := seccompAnswer{id: call.id, flags: notifContinue}
		if d.fail.Load() {
			reply.flags, reply.errno = 0, -int32(unix.EIO)
		}
		// The caller may have been killed, and then hears nothing.
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(d.listener), notifSend,
			uintptr(unsafe.Pointer(&reply)))
		d.mu.Unlock()
	}
}
