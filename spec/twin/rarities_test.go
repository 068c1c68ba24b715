package twin

import "github.com/leased-io/leased/trace"

// rarities end the story with what seldom happens.
func rarities(w *world, web *file) {
	p := w.put("rare", "calls", 20, second, 0)
	h, late, dead := w.open(web, "rare", ""), w.open(web, "rare", ""), w.process("dead")
	l := h.acquire(16, p)
	h.giveBack(l[0], 5)
	w.entry(func() { h.refuseBack(l[0], 5) }) // it comes twice
	h.seq++
	first, second := h.send(), h.send()
	w.entry(func() { h.deny(p) }) // of more than the 9 that are left
	w.record(web, trace.Event{Kind: trace.KindDrop, Session: h.id, Seq: h.seq, Attempt: first})
	w.sleep(3 * ms)
	late.seq++
	attempt := late.send()
	var m []*held
	w.entry(func() { m = late.charge(9, p) }) // all that is left
	w.sleep(5 * p.per)
	w.entry(func() { late.again(m) }) // rolls far; the answer has no time left
	late.accept(attempt, m...)
	late.expire(m...)
	h.expire(l...)
	w.record(web, trace.Event{Kind: trace.KindDrop, Session: h.id, Seq: h.seq, Attempt: second})
	w.entry(func() { w.emit(trace.Event{Kind: trace.KindSessionEnd, Session: late.id}) })
	d := w.open(dead, "rare", "")
	n := d.acquire(2, p)
	d.admit(n[0], 1)
	dead.complete = false
	w.remove(p)
	q := w.put("rare", "calls", 10, 4*p.per, p.end())
	x := w.open(web, "rare", "")
	x.seq++
	x.send()
	w.entry(func() { x.deny(q) }) // it starts empty
	x.end()
}
