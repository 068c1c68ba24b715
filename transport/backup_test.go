package transport

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// TestBackupAndRestore: what one cluster tells another one goes on with, once.
func TestBackupAndRestore(t *testing.T) {
	old, fresh := newFakeNode(), newFakeNode()
	a, _ := serve(t, Config{Coordinator: old, Cluster: old})
	b, _ := serve(t, Config{Coordinator: fresh, Cluster: fresh})
	ctx := t.Context()
	put := func(c api, name string) *leasedv1.PutBudgetResponse {
		t.Helper()
		resp, err := c.budgets.PutBudget(ctx, &leasedv1.PutBudgetRequest{Budget: &leasedv1.Budget{
			Name: name, Keyed: name == "tenants", Limits: []*leasedv1.Limit{
				{Metric: "requests", Amount: 7, PerNanos: int64(time.Minute)}}}})
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	old.now = 5e9
	put(a, "tenants")
	put(a, "llm")
	open := &leasedv1.OpenSessionRequest{Budget: "llm"}
	if _, err := a.leases.OpenSession(ctx, open); err != nil {
		t.Fatal(err)
	}
	backup, err := a.cluster.Backup(ctx, &leasedv1.BackupRequest{})
	if err != nil {
		t.Fatal(err)
	}
	last := backup.GetLast()
	if last.GetSession() != 1 || last.GetLease() != 0 || last.GetLimit() != 2 ||
		last.GetRevision() != 2 || backup.GetClusterTimeNanos() != 5e9 ||
		backup.GetAppliedIndex() != old.index || backup.GetDigest() != old.state.Digest() {
		t.Errorf("got %v", backup)
	}
	if n := backup.GetBudgets(); len(n) != 2 || n[0].GetName() != "llm" || n[0].GetKeyed() ||
		!n[1].GetKeyed() || n[1].GetLimits()[0].GetAmount() != 7 {
		t.Errorf("got budgets %v", n)
	}
	req := &leasedv1.RestoreRequest{Backup: strings.Repeat("1f", fsm.BackupIDLen/2), Last: last}
	for _, already := range []bool{false, true} {
		resp, err := b.cluster.Restore(ctx, req)
		if err != nil || resp.GetAlready() != already {
			t.Errorf("got %v, %v; want already %t", resp, err, already)
		}
	}
	if got := put(b, "llm"); got.GetRevision() != 2+fsm.SerialJump+1 {
		t.Errorf("revision %d", got.GetRevision())
	}
	session, err := b.leases.OpenSession(ctx, open)
	if err != nil || session.GetSession() != 1+fsm.SerialJump+1 {
		t.Errorf("got %v, %v", session, err)
	}
	lost, err := b.leases.Acquire(ctx, &leasedv1.AcquireRequest{Session: 1, Seq: 1})
	if err != nil || lost.GetOutcome() != leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION {
		t.Errorf("the old session: got %v, %v", lost, err)
	}
	// The old cluster has had budgets; the new one another backup.
	other := &leasedv1.RestoreRequest{Backup: strings.Repeat("2f", fsm.BackupIDLen/2), Last: last}
	for what, restore := range map[string]func() error{
		"had budgets":  func() error { _, err := a.cluster.Restore(ctx, req); return err },
		"other backup": func() error { _, err := b.cluster.Restore(ctx, other); return err },
	} {
		err := restore()
		if status.Code(err) != codes.FailedPrecondition || reasonOf(err) != ReasonNotNew {
			t.Errorf("%s: got %v, want FAILED_PRECONDITION, NOT_NEW", what, err)
		}
	}
}

// TestMalformedRestoresAreNeverProposed: they are refused with the field's name.
func TestMalformedRestoresAreNeverProposed(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	id := strings.Repeat("1f", fsm.BackupIDLen/2)
	future := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1)
	newer, newerLast := &leasedv1.RestoreRequest{Backup: id, Last: &leasedv1.Counters{}},
		&leasedv1.RestoreRequest{Backup: id, Last: &leasedv1.Counters{}}
	newer.ProtoReflect().SetUnknown(future)
	newerLast.GetLast().ProtoReflect().SetUnknown(future)
	for want, req := range map[string]*leasedv1.RestoreRequest{
		"last: is missing":          {Backup: id},
		`backup: is ""`:             {Last: &leasedv1.Counters{}},
		`backup: is "1F1f`:          {Backup: "1F" + id[2:], Last: &leasedv1.Counters{}},
		"last.lease: is 9007199254": {Backup: id, Last: &leasedv1.Counters{Lease: 1 << 53}},
		"does not know":             newer,
		"that this version does":    newerLast,
	} {
		_, err := c.cluster.Restore(t.Context(), req)
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want INVALID_ARGUMENT: %s", err, want)
		}
	}
	if node.proposed > 0 {
		t.Errorf("%d were proposed", node.proposed)
	}
}

// TestBackupsAreTheLeaders: a follower passes them on, and without a leader nobody answers.
func TestBackupsAreTheLeaders(t *testing.T) {
	leader, follower := newFakeNode(), newFakeNode()
	_, dial := serve(t, Config{Coordinator: leader, Cluster: leader})
	follower.leader = Leader{ID: "b", API: "b:1"}
	c, _ := serve(t, Config{Coordinator: follower, Cluster: follower, Dial: dial})
	req := &leasedv1.RestoreRequest{Backup: strings.Repeat("a", fsm.BackupIDLen),
		Last: &leasedv1.Counters{Session: 5}}
	if _, err := c.cluster.Restore(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if leader.proposed != 1 || follower.proposed != 0 {
		t.Errorf("the leader proposed %d, the follower %d", leader.proposed, follower.proposed)
	}
	backup, err := c.cluster.Backup(t.Context(), &leasedv1.BackupRequest{})
	if err != nil || backup.GetLast().GetSession() != 5+fsm.SerialJump {
		t.Errorf("got %v, %v", backup, err)
	}
	leader.err = ErrNotLeader
	if _, err := c.cluster.Backup(t.Context(), &leasedv1.BackupRequest{}); reasonOf(err) !=
		ReasonNotLeader {
		t.Errorf("got %v, want NOT_LEADER", err)
	}
	if _, err := c.cluster.Restore(t.Context(), req); reasonOf(err) != ReasonNotLeader {
		t.Errorf("got %v, want NOT_LEADER", err)
	}
}
