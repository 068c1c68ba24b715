package node

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/raft"
)

// pledgeBytes is how much of the hash is told: enough that two sets never share one.
const pledgeBytes = 16

// pledge is a hash of the servers that a node has found to be the founders of a cluster: of
// their ids and raft addresses, sorted. Empty: none yet.
//
// A node pledges itself once in its process's life, and founds a cluster only when every
// founder has pledged the same set. So no two sets can both come to be founded, even if gossip
// shows different servers to different ones: a server in both sets would have pledged both.
type pledge string

// founding is what a node without state is to do next.
type founding struct {
	pledge  pledge             // tell the others; empty while there is nothing to tell
	found   bool               // bootstrap now, with servers
	servers raft.Configuration // the same, in the same order, at every founder
	// waits says why the cluster is not founded yet, as an operator would want to know it.
	waits string
}

// decideFounding looks at the servers that gossip sees alive, this one among them, for a node
// that has no state, expects expect >= 1 founders, and has pledged mine so far.
func decideFounding(expect int, mine pledge, alive []member) founding {
	var founders []member
	for _, m := range alive {
		switch {
		case m.HasState:
			return founding{pledge: mine, waits: fmt.Sprintf(
				"server %s has a cluster's state: waiting to be added to it", m.id)}
		case m.Expect == 0: // a joiner: it waits to be added
		case m.Expect != expect:
			return founding{pledge: mine, waits: fmt.Sprintf(
				"server %s expects %d founders, this one %d: restart one of them with the other's",
				m.id, m.Expect, expect)}
		default:
			founders = append(founders, m)
		}
	}
	if len(founders) != expect {
		return founding{pledge: mine, waits: fmt.Sprintf(
			"%d of %d founders are seen", len(founders), expect)}
	}
	slices.SortFunc(founders, func(a, b member) int { return strings.Compare(a.id, b.id) })
	set := pledgeOf(founders)
	if mine != "" && mine != set {
		return founding{pledge: mine, waits: fmt.Sprintf(
			"agreed on other founders than %s before: restart them all", names(founders))}
	}
	f := founding{pledge: set}
	for _, m := range founders {
		if m.Pledge != set {
			f.waits = fmt.Sprintf("server %s has not agreed on the founders yet", m.id)
		}
		f.servers.Servers = append(f.servers.Servers, raft.Server{
			ID: raft.ServerID(m.id), Address: raft.ServerAddress(m.Raft),
		})
	}
	f.found = f.waits == ""
	return f
}

func pledgeOf(sorted []member) pledge {
	h := sha256.New()
	for _, m := range sorted {
		fmt.Fprintf(h, "%s %s\n", m.id, m.Raft) // neither can contain either separator
	}
	return pledge(hex.EncodeToString(h.Sum(nil)[:pledgeBytes]))
}

func names(members []member) string {
	var ids []string
	for _, m := range members {
		ids = append(ids, m.id)
	}
	return strings.Join(ids, ", ")
}
