package client

import (
	"container/heap"
	"sync"
	"sync/atomic"
	"time"
)

// drive is what one loop needs to look after all keys: which are to be looked at now, and when each
// of the others is.
type drive struct {
	born time.Time
	wake chan struct{} // size 1: one signal is enough, more are dropped
	// leaving counts the keys that were given up and still have something to give back.
	leaving atomic.Int64

	mu    sync.Mutex
	ready []*keyed // each once
	timed timetable
}

// state is where a key stands in the drive.
type state uint8

const (
	ready   state = iota // in line to be looked at, or being looked at
	asleep               // in the timetable: it is looked at earlier if it is roused
	pausing              // in the timetable, after something came to nothing: nothing shortens that
	calling              // an errand is under way
	over                 // it is in no table any more
)

func (d *drive) now() time.Duration { return time.Since(d.born) }

// rouse has the loop look at e. It never blocks.
func (d *drive) rouse(e *keyed) {
	d.mu.Lock()
	if e.state != asleep {
		e.again = true // whoever has it now looks once more
		d.mu.Unlock()
		return
	}
	d.timed.drop(e)
	d.readyLocked(e)
	d.mu.Unlock()
	d.signal()
}

// put has the loop look at e as soon as it can.
func (d *drive) put(e *keyed) {
	d.mu.Lock()
	d.timed.drop(e)
	d.readyLocked(e)
	d.mu.Unlock()
	d.signal()
}

// sleep has the loop look at e after a while; if s is asleep, earlier if it is roused, also if that
// was since the loop began to look at it.
func (d *drive) sleep(e *keyed, s state, after time.Duration) {
	d.mu.Lock()
	if s == asleep && e.again {
		d.readyLocked(e)
		d.mu.Unlock()
		return // the loop itself sleeps no earlier
	}
	e.state, e.due = s, d.now()+after
	heap.Push(&d.timed, e)
	first := d.timed[0] == e
	d.mu.Unlock()
	if first {
		d.signal()
	}
}

// set notes that e is being called for, or is over.
func (d *drive) set(e *keyed, s state) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e.state = s
}

func (d *drive) readyLocked(e *keyed) {
	e.state, e.again = ready, false
	d.ready = append(d.ready, e)
}

func (d *drive) signal() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// gather takes those that are to be looked at now. With none, it says when the next one is.
func (d *drive) gather(into []*keyed) ([]*keyed, time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for now := d.now(); len(d.timed) > 0 && d.timed[0].due <= now; {
		d.readyLocked(heap.Pop(&d.timed).(*keyed))
	}
	into, d.ready = d.ready, into[:0]
	for _, e := range into {
		e.again = false
	}
	if len(d.timed) == 0 {
		return into, idleMost
	}
	return into, d.timed[0].due - d.now()
}

// run looks after all keys until stop is closed.
func (k *KeyedLimiter) run() {
	timer := time.NewTimer(idleMost)
	defer timer.Stop()
	var now []*keyed
	var after time.Duration
	for {
		if now, after = k.drive.gather(now); len(now) > 0 {
			for i, e := range now {
				k.look(e)
				now[i] = nil
			}
			continue
		}
		timer.Reset(max(after, 0))
		select {
		case <-k.stop:
			return
		case <-k.drive.wake:
		case <-timer.C:
		}
	}
}

// timetable has keys by when they are due, the earliest first: a heap.
type timetable []*keyed

func (t timetable) Len() int           { return len(t) }
func (t timetable) Less(i, j int) bool { return t[i].due < t[j].due }

// Swap is heap.Interface's.
func (t timetable) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].place, t[j].place = i+1, j+1
}

// Push is heap.Interface's.
func (t *timetable) Push(x any) {
	e := x.(*keyed)
	*t = append(*t, e)
	e.place = len(*t)
}

// Pop is heap.Interface's.
func (t *timetable) Pop() any {
	last := len(*t) - 1
	e := (*t)[last]
	(*t)[last], *t = nil, (*t)[:last]
	e.place = 0
	return e
}

// drop takes e out, if it is in.
func (t *timetable) drop(e *keyed) {
	if e.place > 0 {
		heap.Remove(t, e.place-1)
	}
}
