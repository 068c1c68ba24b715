package client

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/sizing"
)

// spend has a limiter's caller take one credit every gap, for a while.
func spend(t *testing.T, l *Limiter, during, gap time.Duration) {
	t.Helper()
	for end := time.Now().Add(during); time.Now().Before(end); pass(gap) {
		if d := l.Allow(); d.Verdict != Allowed && d.Verdict != Pending {
			t.Fatalf("got %v (%v)", d.Verdict, d.Err())
		}
	}
}

// With each policy a steady caller is served, and the status says what was chosen. For a tenth of
// a limit, spread evenly, the economic order quantity is a third of a window's demand; without
// the option a limiter asks every few seconds. Renewals come on top.
func TestWithSizing(t *testing.T) {
	for _, c := range []struct {
		policy sizing.Policy
		calls  uint64 // most of them in five windows
	}{
		{"", 100}, {sizing.PolicyEOQ, 50}, {sizing.PolicyHedge, 70}, {sizing.PolicyAided, 60},
	} {
		t.Run("policy "+string(c.policy), func(t *testing.T) {
			bubble(t, 1, func(t *testing.T, f *fakeCluster, _ *Client) {
				f.put("llm", perMinute("requests", 60_000))
				var opts []LimiterOption
				if c.policy != "" {
					config := sizing.DefaultConfig()
					config.Policy = c.policy
					opts = append(opts, WithSizing(config))
				}
				l := open(t, f.client(t), "llm", opts...)
				spend(t, l, 5*time.Minute, 10*time.Millisecond)
				s := l.Status()
				checkSized(t, s, c.policy)
				if s.Counters.Calls > c.calls || s.Counters.Admitted < 29_900 {
					t.Errorf("%d calls, %d admitted; want at most %d and 29900 at least",
						s.Counters.Calls, s.Counters.Admitted, c.calls)
				}
				t.Logf("%d calls, %d pending, %+v", s.Counters.Calls, s.Counters.Pending,
					s.Limits[0].Sizing)
			})
		})
	}
}

func checkSized(t *testing.T, s Status, p sizing.Policy) {
	t.Helper()
	limit := s.Limits[0]
	if limit.Low < 1 || limit.Target <= limit.Low {
		t.Errorf("low %d, target %d", limit.Low, limit.Target)
	}
	chosen := limit.Sizing
	if (chosen == nil) != (p == "") {
		t.Fatalf("got %+v with policy %q", chosen, p)
	}
	if chosen == nil {
		return
	}
	if chosen.Policy != p || chosen.Size < 1 || chosen.Regret > chosen.Bound+1e-6 {
		t.Errorf("got %+v", *chosen)
	}
	if chosen.Rounds < 15 {
		t.Errorf("%s heard of %d rounds in five windows", p, chosen.Rounds)
	}
}

func TestWithSizingRefusesNonsense(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		_, err := c.Limiter(context.Background(), "llm", WithSizing(sizing.Config{Policy: "x"}))
		wantErr(t, err, ErrInvalid, sizing.ErrConfig)
		for _, says := range []string{`policy "x"`, "stranding 0 calls, allowed is 1.."} {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%q does not say %q", err, says)
			}
		}
	})
}

// Limiters of one process draw from seeds of their own.
func TestSizingSeedsDiffer(t *testing.T) {
	config := sizing.DefaultConfig()
	config.Policy = sizing.PolicyHedge
	limit := perMinute("requests", 4096)
	sizes := map[int64]bool{}
	for session := range 20 {
		s := sizingOf(&config, lease.SessionID(session))(limit)
		size, _ := s.Size(0, 0, 0)
		sizes[int64(size)] = true
	}
	if len(sizes) < 5 {
		t.Errorf("20 limiters began with sizes %v", sizes)
	}
}

// A sizer adds no allocation to what is admitted.
func TestSizedAdmissionsDoNotAllocate(t *testing.T) {
	f := newCluster(t, 1)
	f.put("llm", perMinute("requests", budget.MaxAmount))
	f.grant = func(_, _, left budget.Credits) budget.Credits { return left / 2 }
	l := open(t, f.client(t), "llm", WithSizing(sizing.DefaultConfig()))
	if got := testing.AllocsPerRun(1000, func() { want(t, l.Allow(), Allowed) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
