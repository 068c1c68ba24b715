//go:build linux

package process

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// mtu of all interfaces: a jumbo frame keeps the number of packets low.
	mtu = 9000
	// maxOnTheWay bounds the packets that are being delayed. More are lost, as in a full switch.
	maxOnTheWay = 20_000
)

// link is what happens to the packets from one host to another.
type link struct {
	cut           bool
	delay, jitter time.Duration // jitter comes on top, so that it also reorders
	lossPermille  int
	copyPermille  int
}

// route names a direction.
type route struct{ from, to netip.Addr }

// wire is the network between the hosts: each host's interface ends here.
type wire struct {
	onTheWay atomic.Int64
	carried  atomic.Int64
	dropped  atomic.Int64 // by a link, not for want of a host
	readers  sync.WaitGroup

	mu    sync.Mutex
	rng   *rand.Rand
	ends  map[netip.Addr]*os.File
	links map[route]link // absent: everything passes at once
}

func newWire(seed uint64) *wire {
	return &wire{
		rng:   rand.New(rand.NewPCG(seed, 0x317e)),
		ends:  map[netip.Addr]*os.File{},
		links: map[route]link{},
	}
}

// connect takes what address sends from end, and delivers to it. The wire closes it.
func (w *wire) connect(address netip.Addr, end *os.File) {
	w.mu.Lock()
	w.ends[address] = end
	w.mu.Unlock()
	w.readers.Go(func() { w.read(address, end) })
}

// read carries what one host sends until its end is closed.
func (w *wire) read(from netip.Addr, end *os.File) {
	buffer := make([]byte, mtu)
	for {
		n, err := end.Read(buffer)
		if errors.Is(err, os.ErrClosed) {
			return
		} else if err != nil {
			return // the interface is gone with its host
		}
		if to, ok := destination(buffer[:n]); ok {
			w.carry(route{from, to}, buffer[:n])
		}
	}
}

// destination returns where an IPv4 packet goes.
func destination(packet []byte) (netip.Addr, bool) {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(packet[16:20])), true
}

// carry delivers a packet, or does to it what the link says. It does not keep packet.
func (w *wire) carry(r route, packet []byte) {
	w.mu.Lock()
	end, l := w.ends[r.to], w.links[r]
	copies, delays := 1, [2]time.Duration{l.delay, l.delay}
	if l.copyPermille > 0 && w.rng.IntN(1000) < l.copyPermille {
		copies = 2
	}
	if l.cut || l.lossPermille > 0 && w.rng.IntN(1000) < l.lossPermille {
		copies = 0
	}
	if l.jitter > 0 {
		for i := range delays {
			delays[i] += time.Duration(w.rng.Int64N(int64(l.jitter)))
		}
	}
	w.mu.Unlock()
	if copies == 0 {
		w.dropped.Add(1)
	}
	if end == nil {
		return
	}
	for i := range copies {
		w.deliver(end, packet, delays[i])
	}
}

func (w *wire) deliver(end *os.File, packet []byte, delay time.Duration) {
	w.carried.Add(1)
	if delay == 0 {
		_, _ = end.Write(packet) // a host that is gone takes nothing
		return
	}
	if w.onTheWay.Add(1) > maxOnTheWay {
		w.onTheWay.Add(-1)
		w.dropped.Add(1)
		return
	}
	kept := append([]byte(nil), packet...)
	time.AfterFunc(delay, func() {
		defer w.onTheWay.Add(-1)
		_, _ = end.Write(kept)
	})
}

// change sets what happens from each of some hosts to each of others.
func (w *wire) change(from, to []netip.Addr, change func(*link)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range from {
		for _, t := range to {
			if f == t {
				continue
			}
			l := w.links[route{f, t}]
			change(&l)
			w.links[route{f, t}] = l
		}
	}
}

// heal lets everything pass again.
func (w *wire) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.links)
}

// close ends all interfaces.
func (w *wire) close() {
	w.mu.Lock()
	for _, end := range w.ends {
		_ = end.Close()
	}
	w.mu.Unlock()
	w.readers.Wait()
}
