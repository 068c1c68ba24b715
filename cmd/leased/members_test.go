package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/leased-io/leased/client"
)

// TestMembers: what an operator sees of the members, and that the last one stays.
func TestMembers(t *testing.T) {
	s := serveOne(t, t.TempDir())
	t.Setenv(endpointsEnv, s.api)
	r := leased(t, "", "cluster", "members")
	if !regexp.MustCompile(`^ID +ROLE +ALIVE +API +RAFT\nn1 +leader +yes +`+s.api+
		` +\S+:\d+\n$`).MatchString(r.out) || r.code != exitOK {
		t.Errorf("got %+v", r)
	}
	var views []serverView
	r = leased(t, "", "cluster", "members", "--output", "json")
	if err := json.Unmarshal([]byte(r.out), &views); err != nil || len(views) != 1 ||
		views[0].ID != "n1" || views[0].Role != "leader" || !views[0].Alive {
		t.Errorf("got %+v, %v", r, err)
	}
	wantError(t, leased(t, "", "cluster", "remove", "n1"), exitRefused,
		"server n1 stays, or the quorum would be lost: server n1 is the last voter")
	for range 2 {
		r = leased(t, "", "cluster", "remove", "n2")
		if r.code != exitOK || r.out != "server n2: is no member; the voters are n1\n" {
			t.Errorf("got %+v", r)
		}
	}
	wantError(t, leased(t, "", "cluster", "remove"), exitUsage, "accepts 1 arg.*")
	wantError(t, leased(t, "", "cluster", "remove", ""), exitUsage, `.*id: is empty.*`)
	if r := leased(t, "", "__complete", "cluster", "remove", "n"); r.out != "n1\n:4\n" {
		t.Errorf("completion: got %+v", r)
	}
	s.end(t)
	r = leased(t, "", "cluster", "members", "--timeout", "200ms")
	if r.code != exitUnavailable {
		t.Errorf("got %+v, want exit code %d", r, exitUnavailable)
	}
	if r := leased(t, "", "__complete", "cluster", "remove", "n"); r.out != ":4\n" {
		t.Errorf("completion without a cluster: got %+v", r)
	}
}

// TestRoles: who does not vote is joining, unless it says itself that it was removed.
func TestRoles(t *testing.T) {
	c, err := client.New([]string{"127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	views := viewMembers(t.Context(), c, []client.Member{
		{ID: "a", Voter: true, Leader: true, Alive: true, APIAddress: "a:1", RaftAddress: "a:2"},
		{ID: "b", Voter: true}, {ID: "c"},
	})
	var roles []string
	for _, v := range views {
		roles = append(roles, v.Role)
	}
	if want := []string{"leader", "voter", "joining"}; !slices.Equal(roles, want) {
		t.Errorf("got %v, want %v", roles, want)
	}
	var out bytes.Buffer
	if err := printMembers(&out, views); err != nil {
		t.Fatal(err)
	}
	want := "ID   ROLE      ALIVE   API   RAFT\na    leader    yes     a:1   a:2\n" +
		"b    voter     no      ?     \nc    joining   no      ?     \n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
