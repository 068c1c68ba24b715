package sim

import (
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// letter is a command on its way to the leader. It may come more than once, or never.
type letter struct {
	from client
	c    *cluster
	cmd  fsm.Command

	// Of a process: who it was when it sent it. A result for another is of no use.
	life    int
	holder  *lease.Holder
	attempt uint64 // of an Acquire
}

// reply is the result of a command on its way back.
type reply struct {
	to     *letter
	result *fsm.Result
}

// client sends commands, and is told their results.
type client interface {
	// told is called when a reply arrives.
	told(y *reply)
	// ways are those of its messages to the leader and back.
	ways() (there, back *way)
}

// answerer is who waits at the leader for a command's result.
type answerer interface{ answer(r *fsm.Result) }

// onResult is an answerer that is close to the leader: no message is between.
type onResult func()

func (f onResult) answer(*fsm.Result) { f() }

// run is the arrival at the leader.
func (l *letter) run(n int) {
	there, _ := l.from.ways()
	there.came(l.c.w, n)
	l.c.propose(l.cmd, l)
}

// answer sends the result back.
func (l *letter) answer(r *fsm.Result) {
	y := l.c.w.replies.one()
	y.to, y.result = l, r
	l.c.w.send(y)
}

// run is the arrival at the sender.
func (y *reply) run(n int) {
	_, back := y.to.from.ways()
	back.came(y.to.c.w, n)
	y.to.from.told(y)
}
