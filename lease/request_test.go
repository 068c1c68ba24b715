package lease

import (
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// R7: the life of what is granted counts from the send of the attempt that is answered.
func TestLifeCountsFromTheAnsweredAttempt(t *testing.T) {
	life := Life(10*time.Second, DefaultMaxClockDriftPPM)
	for _, c := range []struct {
		name     string
		answered int // which of three attempts, one second apart
		ends     time.Duration
	}{
		{"first", 0, life - 3*time.Second},
		{"second", 1, life - 2*time.Second},
		{"third", 2, life - time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, perMinute(100)...)
			r.admits(Pending, 1)
			r.asks()
			var ids []uint64
			for range 3 {
				ids = append(ids, r.h.Sent(r.now))
				r.tick(time.Second)
			}
			r.h.Take(r.now, ids[c.answered], r.grants(10*time.Second, 10))
			r.tick(c.ends - 1)
			r.admits(Admitted, 1)
			r.tick(1)
			r.admits(Pending, 1)
		})
	}
}

// R9: the first answer taken closes the request with all its attempts.
func TestFirstAnswerClosesTheRequest(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Pending, 1)
	r.asks()
	one, two := r.h.Sent(r.now), r.h.Sent(r.now)
	answer := r.grants(time.Minute, 10)
	r.h.Take(r.now, two, answer)
	r.live(10)
	r.took("")
	r.h.Take(r.now, one, answer)
	r.h.Take(r.now, two, answer)
	r.h.Take(r.now, two, Answer{Outcome: UnknownSession})
	r.live(10)
	got := r.took(trace.KindDrop)
	if len(got) != 3 || got[0].Attempt != one || got[1].Attempt != two || got[0].Seq != 1 {
		t.Errorf("dropped %+v", got)
	}

	// Nor can an answer to seq 1 be taken for one to seq 2.
	r.admits(Pending, 50)
	r.asks()
	three := r.h.Sent(r.now)
	r.h.Take(r.now, one, r.grants(time.Minute, 99))
	r.live(10)
	r.h.Take(r.now, three, r.grants(time.Minute, 50))
	r.live(60)
}

func TestUnknownAttemptsAreDropped(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	if id := r.h.Sent(r.now); id != 0 {
		t.Errorf("attempt %d of no request, want 0", id)
	}
	r.admits(Pending, 1)
	r.asks()
	answer := r.grants(time.Minute, 10)
	for _, id := range []uint64{0, 1, 2, MaxAttempts, 1 << 63} {
		r.h.Take(r.now, id, answer)
	}
	if got := r.took(trace.KindDrop); len(got) != 5 || got[1].Seq != 0 {
		t.Errorf("dropped %+v, want all five, of no known request", got)
	}
	r.live(0)
}

func TestAttemptsAreBounded(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Pending, 1)
	r.asks()
	first := r.h.Sent(r.now)
	for range MaxAttempts {
		r.tick(time.Millisecond)
		r.h.Sent(r.now)
	}
	r.h.Take(r.now, first, r.grants(time.Minute, 10))
	r.live(0)
	r.h.Take(r.now, first+1, r.grants(time.Minute, 20))
	r.live(20)
}

func TestOneRequestIsOutstanding(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Pending, 1)
	if req := r.asks(); req.Session != 7 || req.Seq != 1 || req.Revision != 3 {
		t.Errorf("got %+v, want session 7, seq 1, revision 3", req)
	}
	r.admits(Pending, 5)
	r.tick(2 * KeepAlive)
	r.asksNothing()
	if _, ok := r.h.WakeAfter(r.now); ok {
		t.Error("wants to be woken though only an answer can help")
	}
	r.answers(0, r.grants(time.Minute, 1))
	r.admits(Pending, 5)
	if req := r.asks(); req.Seq != 2 {
		t.Errorf("got seq %d, want 2", req.Seq)
	}
}

func TestSendAndAcceptEvents(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.window = 4
	r.admits(Pending, 1)
	r.asks()
	sent := r.now
	r.answers(time.Millisecond, r.grants(time.Minute, 10))
	want := []trace.Event{
		{Kind: trace.KindSend, At: sent.Mono, Session: 7, Seq: 1, Attempt: 1},
		{
			Kind: trace.KindAccept, At: r.now.Mono, Session: 7, Seq: 1, Attempt: 1, Lease: 1,
			Window: 4, Amount: 10, TTL: int64(time.Minute), Life: 59_402_985_074,
		},
	}
	if len(r.events) != 2 || r.events[0] != want[0] || r.events[1] != want[1] {
		t.Errorf("got %+v, want %+v", r.events, want)
	}
}

func TestRoundTripEstimate(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	for _, c := range []struct{ rtt, want time.Duration }{
		{8 * time.Millisecond, 8 * time.Millisecond},
		{16 * time.Millisecond, 9 * time.Millisecond},
		{time.Hour, 9*time.Millisecond + (maxRTT-9*time.Millisecond)/8},
	} {
		r.admits(Pending, 100)
		r.asks()
		r.answers(c.rtt, r.grants(time.Minute, 1))
		if got := r.h.Status(r.now).RTT; got != c.want {
			t.Errorf("after %v: got %v, want %v", c.rtt, got, c.want)
		}
		r.tick(time.Hour)
	}
}
