package node

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/transport"
)

// TestCheckRemoval: who may go, by who is alive. Servers with a lower-case name vote.
func TestCheckRemoval(t *testing.T) {
	for _, tc := range []struct {
		servers, alive, id string
		want               string // part of the refusal; empty: it may go
	}{
		{"abc", "abc", "c", ""},
		{"abc", "ab", "c", ""}, // dead
		{"abc", "ab", "b", "voters are a, c (answering: a)"},
		{"abc", "ab", "a", "voters are b, c (answering: b)"},
		{"ab", "ab", "b", ""},
		{"ab", "a", "b", ""}, // nobody could decide that, but it is not for this to say
		{"ab", "a", "a", "voters are b (answering: none)"},
		{"a", "a", "a", "last voter"},
		{"abcd", "ac", "c", "voters are a, b, d (answering: a)"},
		{"abcd", "abc", "c", ""}, // two of three
		{"abcd", "abcd", "c", ""},
		{"abcde", "abc", "e", ""},
		{"abcde", "abc", "c", "voters are a, b, d, e (answering: a, b)"},
		{"abX", "aX", "b", ""},
		{"abX", "abX", "X", ""},
		{"aX", "aX", "a", "last voter"}, // who does not vote does not count
		{"abcX", "aX", "c", "voters are a, b (answering: a)"},
	} {
		var servers []raft.Server
		for _, c := range tc.servers {
			s := raft.Server{ID: raft.ServerID(c)}
			if c < 'a' {
				s.Suffrage = raft.Nonvoter
			}
			servers = append(servers, s)
		}
		alive := func(id raft.ServerID) bool { return strings.Contains(tc.alive, string(id)) }
		err := checkRemoval(servers, raft.ServerID(tc.id), alive)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s of %s with %s: got %v", tc.id, tc.servers, tc.alive, err)
		case tc.want != "" && (!errors.Is(err, transport.ErrQuorum) ||
			!strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s of %s with %s: got %v, want %q", tc.id, tc.servers, tc.alive, err, tc.want)
		}
	}
}
