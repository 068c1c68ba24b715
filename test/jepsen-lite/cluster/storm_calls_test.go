package cluster

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
)

// mostSends is how many requests a limiter may send, on average, in the second after a leader was
// killed: the one that the dead leader had, one that a node held, and the one that is decided.
const mostSends = 3

// TestNobodyKnocks: after a leader was killed, limiters that need credits at once, and do not stop
// needing them, wait for the next leader; they do not ask again and again whether there is one.
func TestNobodyKnocks(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, a *admin) {
		const clients, each, kills = 4, 50, 4
		if _, err := a.client.PutBudget(ctx, requests("crowd", 1_000_000_000, time.Minute)); err != nil {
			t.Fatal(err)
		}
		var all []*client.Limiter
		var fleet []*client.Client
		for i := range clients {
			one, err := c.connect(fmt.Sprint("crowd-", i))
			if err != nil {
				t.Fatal(err)
			}
			defer one.Close(ctx) //nolint:errcheck // nothing of it matters any more
			fleet = append(fleet, one)
			for range each {
				l, err := one.Limiter(ctx, "crowd")
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, l)
			}
		}
		sent := func() (requests uint64) {
			for _, one := range fleet {
				requests += one.Calls().Requests
			}
			return requests
		}
		for kill := range kills {
			killed := c.awaitLeader(ctx, "")
			c.wires.cut(c.wires.end(apiAddress(killed)), true)
			c.kill(killed)
			before := sent()
			var needing sync.WaitGroup
			for i, l := range all {
				needing.Go(func() {
					pause(ctx, time.Duration(i)*time.Millisecond)
					for range 3 { // each kill finds them with less than one of these
						if err := l.Wait(ctx, 100<<(3*kill)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			pause(ctx, time.Second)
			if got := float64(sent()-before) / float64(len(all)); got > mostSends {
				t.Errorf("%.1f requests of each limiter in the second after a kill, want %d at most",
					got, mostSends)
			} else {
				t.Logf("%.1f requests of each limiter in the second after a kill", got)
			}
			needing.Wait()
			c.wires.cut(c.wires.end(apiAddress(killed)), false)
			c.heal(killed)
			if err := c.start(ctx, killed); err != nil {
				t.Fatal(err)
			}
			if _, err := c.converge(ctx); err != nil {
				t.Fatal(err)
			}
		}
	})
}
