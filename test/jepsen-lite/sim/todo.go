package sim

// runner is something that a task does. What is done often is a method of what it is done to,
// under a type of its own, and no closure: most of a schedule's time would go into their making.
type runner interface{ run(n int) }

// once is a runner for what is done rarely.
type once func()

func (f once) run(int) { f() }

// task is something to do at an instant.
type task struct {
	at   int64
	seq  uint64 // first come, first served at one instant
	what runner
	n    int // what the runner was told to remember
}

// due is a task's place in the order, and where the rest of it is kept.
type due struct {
	at   int64
	seq  uint32 // no schedule has as many tasks
	rest int32
}

// before orders tasks.
func (t *due) before(u *due) bool { return t.at < u.at || t.at == u.at && t.seq < u.seq }

// todo is a heap, the task that is due first at its root, with four children to each: they are
// one cache line. It is written out because most of a schedule's time would go into the boxing
// of container/heap; and what moves has no pointers.
type todo struct {
	heap []due
	rest []rest
	free []int32 // places in rest
}

// rest is what of a task does not order it.
type rest struct {
	what runner
	n    int
}

// reset forgets every task.
func (q *todo) reset() { q.heap, q.rest, q.free = q.heap[:0], q.rest[:0], q.free[:0] }

func (q *todo) push(t task) {
	d := due{at: t.at, seq: uint32(t.seq), rest: int32(len(q.rest))}
	if last := len(q.free) - 1; last >= 0 {
		d.rest, q.free = q.free[last], q.free[:last]
		q.rest[d.rest] = rest{t.what, t.n}
	} else {
		q.rest = append(q.rest, rest{t.what, t.n})
	}
	q.heap = append(q.heap, d)
	h := q.heap
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !d.before(&h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = d
}

// pop takes the task that is due first out of a queue that is not empty.
func (q *todo) pop() task {
	h := q.heap
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	q.heap = h
	q.free = append(q.free, first.rest)
	r := &q.rest[first.rest]
	t := task{at: first.at, seq: uint64(first.seq), what: r.what, n: r.n}
	if len(h) == 0 {
		return t
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= len(h) {
			break
		}
		least := child
		for next := child + 1; next < min(child+4, len(h)); next++ {
			if h[next].before(&h[least]) {
				least = next
			}
		}
		if !h[least].before(&last) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = last
	return t
}
