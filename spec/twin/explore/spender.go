package explore

import "fmt"

// spender is the client's side of a request in SlidingLease and BucketLease: the age of its
// attempt or what is left of its grant's life, on its own clock, and its credits. There an
// attempt is answered by the step that grants; one that is still on its way is a grant not
// used yet, since the life counts from the send anyway.
type spender struct{ St, Age, Left, Cred, Back int8 }

// maxRequests is the most requests of a configuration of these modules.
const maxRequests = 3

// spenders are the clients of one state.
type spenders [maxRequests]spender

func (c *spender) word() uint64 { return pack(c.St, c.Age, c.Left, c.Cred, c.Back) }

// text says what a client in its state has; the rest is zero.
func (c *spender) text() string {
	switch c.St {
	case sent:
		return fmt.Sprintf("{sent age %d}", c.Age)
	case held:
		return fmt.Sprintf("{held left %d cred %d back %d}", c.Left, c.Cred, c.Back)
	case gone:
		return fmt.Sprintf("{gone back %d}", c.Back)
	}
	return "idle"
}

// tick calls emit with each way in which the clocks of the first n clients may advance.
func (c *spenders) tick(n, ageCap int, rates []int, emit func(spenders)) {
	var running [maxRequests]int
	k, combinations := 0, 1
	for r := range n {
		v := &c[r]
		if v.St == sent && int(v.Age) < ageCap || v.St == held && v.Left > 0 {
			running[k] = r
			k++
			combinations *= len(rates)
		}
	}
	for i := range combinations {
		to := *c
		digits := i
		for _, r := range running[:k] {
			rate := rates[digits%len(rates)]
			digits /= len(rates)
			if v := &to[r]; v.St == sent {
				v.Age = int8(min(ageCap, int(v.Age)+rate))
			} else {
				v.Left = int8(max(0, int(v.Left)-rate))
			}
		}
		emit(to)
	}
}

// mayAdmit: a client spends on an unexpired grant, one credit each.
func (c *spender) mayAdmit() bool { return c.St == held && c.Cred > 0 && c.Left > 0 }

// take is what becomes of a client that is granted g credits. One that waits no more has no
// use for them.
func (c *spender) take(g, life int) {
	if c.St == sent {
		*c = spender{St: held, Cred: int8(g), Left: int8(max(0, life-int(c.Age)))}
	}
}

// The steps that a client takes alone, in both modules alike.
const (
	ownSend = iota
	ownReturn
	ownCrash
)

// own calls emit with each step that client r may take alone: send, give up some credits for
// good and send the Return, or crash. A Return that it sent may yet arrive.
func (c *spenders) own(r int, emit func(step int, to spenders)) {
	v := c[r]
	if v.St == idle {
		to := *c
		to[r].St = sent
		emit(ownSend, to)
	}
	if v.St == held && v.Back == 0 {
		for b := int8(1); b <= v.Cred; b++ {
			to := *c
			to[r].Cred, to[r].Back = v.Cred-b, b
			emit(ownReturn, to)
		}
	}
	if v.St == sent || v.St == held {
		to := *c
		to[r] = spender{St: gone, Back: v.Back}
		emit(ownCrash, to)
	}
}

// sortRequests sorts n requests by two words each, of which swap exchanges two: states that
// differ by a renaming of requests become one.
func sortRequests(n int, key func(r int) (a, b uint64), swap func(i, j int)) {
	for i := 1; i < n; i++ {
		for j := i; j > 0; j-- {
			a, b := key(j - 1)
			x, y := key(j)
			if a < x || a == x && b <= y {
				break
			}
			swap(j-1, j)
		}
	}
}
