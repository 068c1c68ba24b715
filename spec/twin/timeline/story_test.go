package timeline

import "github.com/leased-io/leased/trace"

// story is a small run in which a bit of everything happens: a failover, a node that dies, a
// process that dies, a return, a denial, an admission without a lease, lost events.
func story(budget, key string) *world {
	w := newWorld(2, 100, sec)
	w.elect(0)
	w.entry(trace.Event{Kind: trace.KindLimit, Limit: 1, Budget: budget, Metric: "requests",
		Per: sec, Amount: 100, OK: true})
	a := w.open(w.recorder(trace.RoleFleet, "app-1", "boot:1"), 1, budget, key)
	b := w.open(w.recorder(trace.RoleFleet, "app-2", "boot:1"), 2, budget, key)

	first := a.acquire(60)
	w.sleep(100 * ms)
	a.use(trace.KindAdmit, first, 20)
	w.sleep(100 * ms)
	a.use(trace.KindAdmit, first, 10)
	second := b.acquire(40)
	b.use(trace.KindAdmit, second, 40)
	b.use(trace.KindExpire, second, 0)
	b.seq++
	w.record(b.file, trace.Event{Kind: trace.KindSend, Session: 2, Seq: b.seq, Attempt: b.seq})
	w.entry(trace.Event{Kind: trace.KindDeny, Session: 2, Seq: b.seq, Limit: 1, Key: key})
	a.use(trace.KindGiveUp, first, 30)
	w.entry(trace.Event{Kind: trace.KindReturn, Session: 1, Lease: first.id, Limit: 1, Key: key,
		Window: first.window, Amount: 30, OK: true})
	a.use(trace.KindExpire, first, 0)

	w.kill(0)
	w.sleep(300 * ms)
	w.record(b.file, trace.Event{Kind: trace.KindFailOpen, Session: 2, Budget: budget,
		Metric: "requests", Per: sec, Key: key, N: 3, Count: 3, First: w.now, Last: w.now})
	w.elect(1)
	w.sleep(900 * ms)
	w.entry()
	third := a.acquire(50)
	w.sleep(50 * ms)
	a.use(trace.KindAdmit, third, 5)
	fourth := b.acquire(10)
	b.use(trace.KindAdmit, fourth, 7)
	b.file.ended = false // it dies, with 3 credits left
	w.sleep(sec)
	a.use(trace.KindExpire, third, 45)
	w.entry()
	w.record(w.nodes[1], trace.Event{Kind: trace.KindLeader, Term: w.term})
	return w
}
