package sim

import "time"

// timer is one of a process. It is set again and again, mostly to a later instant, before it
// goes off: so it has one task in the queue, which goes on to where it was set to meanwhile.
type timer struct {
	w    *world
	p    *process
	then runner // run with n, once the process is awake

	n      int   // how often it was set or stopped: a ring that comes late is void
	at     int64 // when it goes off; -1: it is stopped
	queued int64 // its earliest task in the queue; 0: none
}

// set has the timer go off in d, and not when it was set to before.
func (t *timer) set(d time.Duration) {
	t.n++
	t.at = t.w.now + int64(d)
	if t.queued == 0 || t.at < t.queued {
		t.queue()
	}
}

// stop has it not go off.
func (t *timer) stop() {
	t.n++
	t.at = -1
}

func (t *timer) queue() {
	t.queued = t.at
	t.w.after(time.Duration(t.at-t.w.now), t, 0)
}

// run is when a task of the timer comes up.
func (t *timer) run(int) {
	if t.w.now != t.queued { // an earlier one was queued after it
		return
	}
	switch t.queued = 0; {
	case t.at < 0:
	case t.at > t.w.now:
		t.queue()
	default:
		t.at = -1
		t.p.awake(t.then, t.n)
	}
}
