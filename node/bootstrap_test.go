package node

import (
	"strings"
	"testing"

	"github.com/hashicorp/raft"
)

func TestDecideFounding(t *testing.T) {
	server := func(id string, expect int, p pledge) member {
		return member{id: id, meta: meta{Raft: id + ":1", Expect: expect, Pledge: p}}
	}
	abc := pledgeOf([]member{server("a", 0, ""), server("b", 0, ""), server("c", 0, "")})
	bcd := pledgeOf([]member{server("b", 0, ""), server("c", 0, ""), server("d", 0, "")})
	old := server("x", 0, "")
	old.HasState = true
	for _, tc := range []struct {
		name   string
		expect int
		mine   pledge
		alive  []member
		found  string // ids, if the cluster is founded
		pledge pledge
		waits  string // part of the reason, if not
	}{
		{"alone", 1, "", []member{server("a", 1, "")}, "", pledgeOf([]member{server("a", 0, "")}),
			"agreed"},
		{"too few", 3, "", []member{server("a", 3, ""), server("b", 3, "")}, "", "", "2 of 3"},
		{"too many", 3, "", []member{server("a", 3, ""), server("b", 3, ""), server("c", 3, ""),
			server("d", 3, "")}, "", "", "4 of 3"},
		{"a joiner is no founder", 3, "", []member{server("a", 3, ""), server("b", 3, ""),
			server("c", 0, "")}, "", "", "2 of 3"},
		{"first look", 3, "", []member{server("c", 3, ""), server("a", 3, ""), server("b", 3, "")},
			"", abc, "agreed"},
		{"one has not agreed", 3, abc, []member{server("a", 3, abc), server("b", 3, ""),
			server("c", 3, abc)}, "", abc, "server b"},
		{"all agreed", 3, abc, []member{server("c", 3, abc), server("a", 3, abc),
			server("b", 3, abc)}, "a b c", abc, ""},
		{"a joiner besides", 3, abc, []member{server("c", 3, abc), server("a", 3, abc),
			server("b", 3, abc), server("d", 0, "")}, "a b c", abc, ""},
		{"one sees others", 3, abc, []member{server("b", 3, abc), server("c", 3, abc),
			server("d", 3, bcd)}, "", abc, "restart them all"},
		{"others expect another number", 3, "", []member{server("a", 3, ""), server("b", 5, "")},
			"", "", "expects 5"},
		{"a cluster exists", 3, abc, []member{server("c", 3, abc), server("a", 3, abc),
			server("b", 3, abc), old}, "", abc, "x has a cluster's state"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := decideFounding(tc.expect, tc.mine, tc.alive)
			var ids []string
			for _, s := range got.servers.Servers {
				ids = append(ids, string(s.ID))
				if s.Suffrage != raft.Voter || s.Address != raft.ServerAddress(s.ID+":1") {
					t.Errorf("server %+v", s)
				}
			}
			if got.found != (tc.found != "") || got.found && strings.Join(ids, " ") != tc.found {
				t.Errorf("founded: got %t with %v, want %q", got.found, ids, tc.found)
			}
			if got.pledge != tc.pledge {
				t.Errorf("pledge: got %q, want %q", got.pledge, tc.pledge)
			}
			if (got.waits == "") != got.found || !strings.Contains(got.waits, tc.waits) {
				t.Errorf("waits: got %q, want %q", got.waits, tc.waits)
			}
		})
	}
}
