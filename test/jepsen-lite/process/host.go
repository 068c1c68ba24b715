//go:build linux

package process

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// host is where processes are started: a thread in a network namespace of its own, from which
// they inherit it, and everything else that belongs to a thread. It lives as long as the stage,
// with its processes or without, as a machine does. Without isolation it is a plain thread.
type host struct {
	address netip.Addr
	disk    *disk // nil: fsync is not intercepted
	tasks   chan func()
}

// newHost makes a host. wire is nil without isolation; watch asks for a disk that can fail.
func newHost(address netip.Addr, w *wire, watch bool) (*host, error) {
	h := &host{address: address, tasks: make(chan func())}
	ready := make(chan error)
	go h.live(w, watch, ready)
	return h, <-ready
}

// live is the host's thread. It is never unlocked, so that it ends with its goroutine: no other
// goroutine may run on it.
func (h *host) live(w *wire, watch bool, ready chan<- error) {
	runtime.LockOSThread()
	err := func() error {
		if w != nil {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("process: a host's network: %w", err)
			}
			if err := plug(h.address, w); err != nil {
				return err
			}
		}
		if watch {
			var err error
			h.disk, err = watchDisk()
			return err
		}
		return nil
	}()
	ready <- err
	if err != nil {
		return
	}
	for task := range h.tasks {
		task()
	}
}

// start starts cmd on the host. With the host, or the stage, it dies.
func (h *host) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	h.tasks <- func() { started <- cmd.Start() }
	return <-started
}

// plug gives the calling thread's network namespace an interface with that address, and
// connects it to the wire. The loopback is up then, too.
func plug(address netip.Addr, w *wire) error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("process: open the TUN device: %w", err)
	}
	err = func() error {
		request, err := unix.NewIfreq("tun0")
		if err != nil {
			return err
		}
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
			return err
		}
		return configure(address)
	}()
	if err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("process: make the interface of %s: %w", address, err)
	}
	w.connect(address, os.NewFile(uintptr(fd), "tun:"+address.String()))
	return nil
}

// configure sets address, MTU and state of the calling thread's interfaces.
func configure(address netip.Addr) error {
	inet := func(bytes [4]byte) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(bytes[:]) }
	}
	return errors.Join(
		loopbackUp(),
		set("tun0", unix.SIOCSIFADDR, inet(address.As4())),
		set("tun0", unix.SIOCSIFNETMASK, inet([4]byte{255, 255, 255, 0})),
		set("tun0", unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(mtu); return nil }),
		set("tun0", unix.SIOCSIFFLAGS, up),
	)
}

// loopbackUp makes the loopback of the calling thread's network namespace work.
func loopbackUp() error { return set("lo", unix.SIOCSIFFLAGS, up) }

func up(r *unix.Ifreq) error {
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return nil
}

// set does one operation of netdevice(7) on an interface.
func set(name string, operation uint, fill func(*unix.Ifreq) error) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = fill(request)
	}
	if err == nil {
		err = unix.IoctlIfreq(socket, operation, request)
	}
	return errors.Join(err, unix.Close(socket))
}
