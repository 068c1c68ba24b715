package client

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/lease"
)

// TestSessionsOfIdleKeysAreKeptTogether: sessions of keys that are remembered though nobody uses
// them are kept alive, in few messages.
func TestSessionsOfIdleKeysAreKeptTogether(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		const keys = 1500
		k := openKeyed(t, f, c, 1000, ForgetAfter(time.Hour))
		for i := range keys {
			k.AllowKey(fmt.Sprint(i), 1)
		}
		synctest.Wait()
		pass(2 * lease.IdleAfter) // they give back what they do not need
		synctest.Wait()
		before := c.Calls()
		const rounds = 3
		pass(rounds*lease.KeepAlive + time.Minute)
		after := c.Calls()
		requests, calls := after.Requests-before.Requests, after.Calls-before.Calls
		if requests < rounds*keys || requests > (rounds+1)*keys {
			t.Errorf("%d requests of %d keys in %d times KeepAlive", requests, keys, rounds)
		}
		if calls > requests/20 {
			t.Errorf("%d calls for %d requests, want them together", calls, requests)
		}
		if s := k.Status(); s.Keys != keys || s.Opening != 0 {
			t.Errorf("%+v, want all keys", s)
		}
	})
}
