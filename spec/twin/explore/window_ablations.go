package explore

// An ablation replaces a rule by what an engineer might have written. Each must let the
// exploration find a violation, except those marked safe.

// (i) Absolute expiry: the answer names the window's end, and the client waits for that moment
// on a wall clock that is Skew behind cluster time.
func leftOnWallClock(m *windowModel, s *windowState, _ int, n answer) int {
	return (int(n.Win)+1)*m.p.W - (int(s.C) - m.p.Skew)
}

// (ii) The life counts from the receipt of the answer.
func leftSinceReceipt(m *windowModel, _ *windowState, _ int, n answer) int {
	return m.r.Life(m, int(n.TTL))
}

// (iii) A new leader may adopt its wall clock, which is Jump ahead.
func resumeAtWall(m *windowModel, s *windowState) []int16 {
	return set2(s.T, s.T+int16(m.p.Jump))
}

// (iv) No margin for drift.
func lifeInFull(_ *windowModel, ttl int) int { return ttl }

// (v) A Return is taken as often as it arrives.
func mayReturnTwice(e grant, win int8) bool { return e != noGrant && e.Win == win }

// (v) A Return is taken after the roll.
func mayReturnLate(e grant, _ int8) bool { return e == noGrant || !e.Ret }

// (vi) A retry is told the duration of the first answer again.
func dupTTLRearmed(m *windowModel, s *windowState, k, t, stamp int) int {
	most, found := 0, false
	for a, key := range m.p.KeyOf {
		if key == k && s.Ans[a] != noAnswer {
			most, found = max(most, int(s.Ans[a].TTL)), true
		}
	}
	if !found {
		return m.r.TTL(m, t, stamp)
	}
	return most
}

// (vi') An answer to an earlier attempt is timed from the last send of its request.
func leftSinceLastSend(m *windowModel, s *windowState, a int, n answer) int {
	youngest, _ := m.ages(s, a)
	return m.r.Life(m, int(n.TTL)) - youngest
}

// Safe: timed from the first send of the request, whichever attempt is answered. With
// dupTTLRearmed only if the first send is remembered after its attempt was given up.
func leftSinceFirstSend(m *windowModel, s *windowState, a int, n answer) int {
	_, oldest := m.ages(s, a)
	return m.r.Life(m, int(n.TTL)) - oldest
}

// ages returns the least and the greatest age of the attempts, still waiting, of a's request.
func (m *windowModel) ages(s *windowState, a int) (youngest, oldest int) {
	youngest = m.ageCap
	for b, key := range m.p.KeyOf {
		if key == m.p.KeyOf[a] && s.Cli[b].St == sent {
			youngest = min(youngest, int(s.Cli[b].Age))
			oldest = max(oldest, int(s.Cli[b].Age))
		}
	}
	return youngest, oldest
}

// (vii) A Reserve may have no stamp of its own, and is timed from the last committed T.
func stampStale(s *windowState) []int16 { return set2(s.T, s.C) }

// (viii) No dedupe: each delivery of a Reserve is charged and answered.
func isDupNever(grant) bool { return false }

// (ix) No barrier. Safe as long as R4 and R5 hold.
func inheritedIgnored(*windowState) bool { return true }

// (x) The duration is counted from the raw stamp, not from the effect. Safe behind the barrier.
func ttlFromStamp(m *windowModel, t, stamp int) int { return m.end(t) - stamp }

// (xi) Cluster time follows the stamp even backwards.
func effectRaw(_, stamp int) int { return stamp }

// (xii) The client does not look at its clock.
func mayAdmitAlways(c client) bool { return c.St == held && c.Cred > 0 }

// (xiii) Each attempt of a request may take an answer of its own.
func closesOne(_ *windowModel, a, b int) bool { return a == b }

// keepFirst bounds the exploration to clients that give up a request as a whole: a bound on
// steps, not a rule.
func (m *windowModel) keepFirst(s, n windowState) bool {
	for a, key := range m.p.KeyOf {
		if s.Cli[a].St != sent || n.Cli[a].St != gone {
			continue
		}
		for b, other := range m.p.KeyOf {
			if other == key && n.Cli[b].St == sent {
				return false
			}
		}
	}
	return true
}

// set2 is the set of two numbers, which may be one.
func set2(a, b int16) []int16 {
	if a == b {
		return []int16{a}
	}
	return []int16{a, b}
}
