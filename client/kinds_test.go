package client

import (
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// TestABucketIsNotItsAmount: what a bucket allows at once is its burst, more than its amount or
// less, also for those who come while others wait.
func TestABucketIsNotItsAmount(t *testing.T) {
	bubble(t, 1, func(t *testing.T, _ *fakeCluster, c *Client) {
		bucket := func(metric string, burst budget.Credits) budget.Limit {
			return budget.Limit{Metric: metric, Kind: budget.KindBucket, Amount: 10,
				Per: time.Minute, Burst: burst}
		}
		b := budget.Budget{Limits: []budget.Limit{bucket("large", 20), bucket("small", 5)}}
		l := newLimiter(c, "llm", limiterOptions{unavailableAfter: time.Second},
			opened{session: 1, revision: 1, limits: b.Canonical().Limits}) // its loop is not running
		want(t, l.AllowCost(Cost{"large": 15}), Pending)
		for _, waits := range []bool{false, true} {
			if waits {
				if first, err := l.enqueue(ask{byMetric: Cost{"large": 20}}, nil); first == nil {
					t.Fatalf("got %v, want a place in line", err)
				}
				want(t, l.AllowCost(Cost{"large": 15}), Pending)
			}
			d := l.AllowCost(Cost{"large": 1, "small": 6})
			want(t, d, TooLarge)
			if d.Metric != "small" || d.Amount != 5 || d.Cost != 6 || d.Kind != budget.KindBucket {
				t.Errorf("got %+v, want 6 of the small bucket's 5", d)
			}
			wantErr(t, d.Err(), ErrTooLarge)
			if says := "cost 6 exceeds the bucket of 5 small"; !strings.Contains(d.Err().Error(), says) {
				t.Errorf("%q does not say %q", d.Err(), says)
			}
			want(t, l.AllowCost(Cost{"large": 21}), TooLarge)
		}
	})
}

// TestLongWaitsAreBelieved: a limit of the longest period may be told to wait for several of them,
// where it takes the place of another, and an answer that says so is not taken for a broken one.
func TestLongWaitsAreBelieved(t *testing.T) {
	asks := []lease.Ask{{Need: 1, Want: 1}}
	for wait, ok := range map[time.Duration]bool{
		3 * budget.MaxPer: true, budget.MaxWait: true, budget.MaxWait + 1: false,
	} {
		d, err := toDenial(&leasedv1.Denial{RetryAfterNanos: int64(wait)}, asks)
		if (err == nil) != ok || ok && d.RetryAfter != wait {
			t.Errorf("wait of %v: got %+v, %v", wait, d, err)
		}
	}
}
