//go:build linux

package process

import (
	"context"
	"time"
)

const (
	// perKill bounds one kill, with the cluster whole again after it.
	perKill = 30 * time.Second
	// downFor is how long a killed leader stays away: longer than any election should last.
	downFor = 3 * time.Second
	// apart is the most that passes between a whole cluster and the next kill.
	apart = time.Second
)

// kills kills one leader after the other, each in a whole cluster under traffic.
func (s *stage) kills(ctx context.Context) {
	for n := 1; n <= s.o.Kills && ctx.Err() == nil; n++ {
		if err := s.await(ctx, perKill, "the cluster to be whole", s.level); err != nil {
			s.fail(judgeLiveness, "before kill %d: %v", n, err)
			return
		}
		pause(ctx, apart/2+time.Duration(s.rng.Int64N(int64(apart/2))))
		m := s.leader()
		if m == nil {
			n--
			continue
		}
		at := m.proc.kill()
		m.forget()
		s.out.kills = append(s.out.kills, at)
		fault := s.out.fault(killLeader, m.id, at)
		pause(ctx, downFor)
		s.out.over(fault, "")
		if err := m.start(s.o, s.logs()); err != nil {
			s.fail(judgeHarness, "%v", err)
			return
		}
		s.bury()
		if n%5 == 0 {
			s.progress()
		}
	}
	s.demand(ctx)
}

// maxBehind is how many entries a node may lack that counts as caught up under traffic.
const maxBehind = 100

// level reports whether the cluster is whole and no node lags.
func (s *stage) level() (bool, string) {
	if ok, why := s.whole(); !ok {
		return false, why
	}
	leader, _ := s.leader().look()
	for _, m := range s.nodes {
		if status, _ := m.look(); status.AppliedIndex+maxBehind < leader.AppliedIndex {
			return false, m.id + " lags"
		}
	}
	return true, ""
}
