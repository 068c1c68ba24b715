package linear

import (
	"testing"
	"testing/synctest"
)

// TestFollow: a follower comes to the same verdicts as porcupine, of the small histories and of
// some that were recorded; it gives up none.
func TestFollow(t *testing.T) {
	for _, c := range histories {
		if v := Follow(c.h.ops); v.Result != c.want {
			t.Errorf("%s: got %s, want %s", c.name, v, c.want)
		}
	}
	n := uint64(8)
	if raceEnabled {
		n = 2
	}
	for s := uint64(1); s <= n; s++ {
		var h History
		var err error
		synctest.Test(t, func(*testing.T) { h, _, err = Play(Draw(s)) })
		if v := Follow(h); err != nil || v.Result != Valid || v.Unjudged > 0 {
			t.Errorf("seed %d: %v: %s", s, err, v)
		}
	}
}

// TestFollowIsConfirmed: a follower takes the ask that nobody was told of to another window than it
// was granted in, when another key's grant moves time on; a search of all orders does not.
func TestFollowIsConfirmed(t *testing.T) {
	limits := []Limit{{"requests", "window", 10, 1000}, {"tokens", "window", 100, 5000}}
	open := func(key string) Input { return Input{Kind: OpenSession, Budget: "b", Key: key} }
	history := func(used int64) History {
		return (&script{}).
			did(Input{Kind: PutBudget, Budget: "b", Keyed: true, Limits: limits},
				Output{Answer: Done, Revision: 1, Created: true, Changed: true}).
			did(open("k1"), Output{Answer: Done, Session: 1, Revision: 1, Limits: limits}).
			did(open("k2"), Output{Answer: Done, Session: 2, Revision: 1, Limits: limits}).
			lost(Input{Kind: Acquire, Session: 1, Seq: 1, Revision: 1,
				Asks: []Ask{{Limit: 0, Need: 4, Want: 4}, {Limit: 1, Need: 4, Want: 4}}}).
			did(ask(2, 1, 1, 1), Output{Answer: Granted, Revision: 1,
				Grants: []Grant{{Lease: 2, Window: 1, Amount: 1, TTL: 900}}}).
			did(Input{Kind: GetBudget, Budget: "b", Key: "k1"}, Output{Answer: Done, Revision: 1,
				Keyed: true, Limits: limits,
				Usage: []Usage{{1, 0, 800}, {0, used, 3800}}}).ops
	}
	if v := Follow(history(4)); v.Result != Valid {
		t.Error(v)
	}
	if v := Follow(history(5)); v.Result != Invalid {
		t.Errorf("more than was ever asked for: %s", v)
	}
	other := Op{Call: 500, Return: 501, Input: Input{Kind: GetBudget, Budget: "never put"},
		Output: &Output{Answer: Done, Revision: 9}}
	if v := Follow(append(history(4), other)); v.Result != Invalid || v.Budget != "never put" {
		t.Errorf("what is invalid in another budget: %s", v)
	}
	if v := follow(history(4), maxTracks, nil, nil); v.Result != Invalid {
		t.Errorf("a follower misses nothing here any more: %s", v)
	}
}
