package cluster

import (
	"context"
	"slices"
	"testing"
)

// TestStrikesOfMembers: in a cluster that is well each change of members comes to what it is
// called: so many servers join and are removed, and the voters are that many.
func TestStrikesOfMembers(t *testing.T) {
	inCluster(t, func(ctx context.Context, c *nodes, a *admin) {
		s := &storm{o: c.o, c: c, admin: a, last: ctx}
		s.seed()
		if err := c.assembled(ctx); err != nil {
			t.Fatal(err)
		}
		want := map[string]struct{ joined, removed, voters int64 }{
			"join":            {1, 0, 4},
			"leave":           {0, 1, 3},
			"leader leaves":   {1, 1, 3},
			"dead leave":      {1, 1, 3},
			"replace":         {1, 1, 3},
			"replace all":     {3, 3, 3},
			"grow and shrink": {2, 2, 3},
		}
		for _, strike := range ofMembers {
			before, _ := c.tally.all()
			members, leader := c.members(), c.leader()
			strike.hit(s, ctx, s.hands[sortMembers])
			after, _ := c.tally.all()
			got := want[strike.kind]
			got.joined = after["joined"] - before["joined"]
			got.removed = after["removed"] - before["removed"]
			got.voters = int64(len(c.voters()))
			if got != want[strike.kind] {
				t.Errorf("%s: got %+v, want %+v", strike.kind, got, want[strike.kind])
			}
			stayed := slices.ContainsFunc(c.members(), func(id string) bool {
				return slices.Contains(members, id)
			})
			if strike.kind == "replace all" && stayed {
				t.Errorf("of %v there are left %v", members, c.members())
			}
			if strike.kind == "leader leaves" && slices.Contains(c.members(), leader) {
				t.Errorf("%s led, and did not leave", leader)
			}
			if err := c.settleMembers(ctx, a); err != nil {
				t.Fatalf("%s: %v", strike.kind, err)
			}
		}
	})
}
