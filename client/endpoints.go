package client

import (
	"net"
	"slices"
	"time"
)

// Bounds of how long an endpoint that did not answer is passed over: doubled with each failure
// in a row, so that an address that never answers costs a call timeout once a minute.
const (
	avoidMin = time.Second
	avoidMax = time.Minute
	// maxAddrLen bounds a leader's address as a node tells it: a DNS name and a port.
	maxAddrLen = 253 + 6
)

// endpoints chooses whom to call: the leader where it is known and answers, else the next one
// that answers. Any node takes any call, so following the leader saves a hop and nothing more.
// Not safe for concurrent use.
type endpoints struct {
	configured []string // at least one, distinct
	current    string   // whom to call, unless it is avoided
	last       int      // index in configured of the one that was tried last
	avoid      map[string]avoidance
	// idle counts the answers in a row that led nowhere: from nodes that are there but know no
	// leader, as those that were removed from the cluster do for ever.
	idle int
}

type avoidance struct {
	fails int // in a row
	until time.Time
}

// pick returns the address to call now.
func (e *endpoints) pick(now time.Time) string {
	if e.current != "" && !e.avoided(e.current, now) {
		return e.current
	}
	n := len(e.configured)
	// When all those who answer have led nowhere, one of those that are passed over may.
	desperate := e.idle >= n
	best := e.configured[(e.last+1)%n]
	for i := range n {
		addr := e.configured[(e.last+1+i)%n]
		if e.avoided(addr, now) == desperate {
			best = addr
			if desperate {
				e.idle = 0
			}
			break
		}
		if e.avoid[addr].until.Before(e.avoid[best].until) {
			best = addr
		}
	}
	e.last = slices.Index(e.configured, best)
	e.current = best
	return best
}

func (e *endpoints) avoided(addr string, now time.Time) bool {
	return now.Before(e.avoid[addr].until)
}

// answered notes that addr answered, and named leader if that is not empty. It reports whether
// the next call will go to that leader, who is another.
func (e *endpoints) answered(addr, leader string, now time.Time) bool {
	delete(e.avoid, addr)
	if leader == "" || leader == addr || !validAddr(leader) || e.avoided(leader, now) {
		return false
	}
	e.forget(leader)
	e.current = leader
	return true
}

// failed notes that addr did not answer: it is passed over for a while.
func (e *endpoints) failed(addr string, now time.Time) {
	a := e.avoid[addr]
	a.fails++
	a.until = now.Add(min(avoidMin<<min(a.fails-1, 10), avoidMax))
	e.avoid[addr] = a
}

// passOver makes the next call go to another endpoint, if there is one.
func (e *endpoints) passOver(addr string) {
	e.idle++
	if e.current == addr {
		e.current = ""
	}
}

// forget drops what is known of learned addresses other than leader, so that a cluster whose
// members come and go leaves nothing behind.
func (e *endpoints) forget(leader string) {
	for addr := range e.avoid {
		if addr != leader && !slices.Contains(e.configured, addr) {
			delete(e.avoid, addr)
		}
	}
}

func validAddr(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	return err == nil && host != "" && port != "" && len(addr) <= maxAddrLen
}
