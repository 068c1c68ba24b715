package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// fakeBackups lets the nodes answer Backup and Restore, and keeps what was restored.
type fakeBackups struct {
	backup   *leasedv1.BackupResponse
	drift    int64
	restored []*leasedv1.RestoreRequest
	lose     int // so many answers to Restore are lost
	notNew   bool
	down     bool // no budget can be put
}

func (b *fakeBackups) bend(_ context.Context, req any, decide func() (any, error)) (any, error) {
	switch req := req.(type) {
	case *leasedv1.StatusRequest:
		return &leasedv1.StatusResponse{DriftPpm: b.drift}, nil
	case *leasedv1.BackupRequest:
		return b.backup, nil
	case *leasedv1.RestoreRequest:
		if b.notNew {
			return nil, refuse(codes.FailedPrecondition, reasonNotNew, "has had budgets")
		}
		b.restored = append(b.restored, req)
		if len(b.restored) <= b.lose {
			return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "lost leadership")
		}
		return &leasedv1.RestoreResponse{Already: len(b.restored) > 1}, nil
	case *leasedv1.PutBudgetRequest:
		if b.down {
			return nil, refuse(codes.Unavailable, reasonNotLeader, "no leader")
		}
	}
	return decide()
}

// aBackup is one of three budgets.
func aBackup() Backup {
	b := Backup{ClusterTime: time.Hour, AppliedIndex: 9, Digest: "d1", DriftPPM: 5000,
		Last: Serials{Session: 1, Lease: 2, Limit: 3, Revision: 4}}
	for _, name := range []string{"a", "b", "c"} {
		b.Budgets = append(b.Budgets,
			budget.Budget{Name: name, Keyed: name == "b", Limits: []budget.Limit{
				perMinute("requests", 10), perMinute("tokens", 1<<53)}})
	}
	b.Budgets[2].Rules = budget.Rules{Mode: budget.ModeShadow, Degraded: budget.DegradedShare,
		Share: 7, Unlimited: []string{"hits"}}
	b.Budgets[2].Sharing = &budget.Sharing{By: "team", Reserved: 5,
		Weights:    []budget.Portion{{Tenant: "web", N: 3}},
		Guaranteed: []budget.Portion{{Tenant: "batch", N: 20}}}
	return b
}

func TestBackupIsRead(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		want := aBackup()
		fake := &fakeBackups{drift: want.DriftPPM, backup: &leasedv1.BackupResponse{
			Last:             &leasedv1.Counters{Session: 1, Lease: 2, Limit: 3, Revision: 4},
			ClusterTimeNanos: int64(time.Hour), AppliedIndex: 9, Digest: "d1"}}
		for _, b := range want.Budgets {
			fake.backup.Budgets = append(fake.backup.Budgets, fromBudget(b))
		}
		bendAll(f, fake.bend)
		got, err := c.Backup(within(t, time.Minute))
		if err != nil || got.ID() != want.ID() {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
		fake.backup.Budgets[1].Limits = nil // an answer that does not hold is no answer
		_, err = c.Backup(within(t, time.Second))
		wantErr(t, err, ErrUnavailable, context.DeadlineExceeded)
	})
}

// TestRestore: a lost answer is repeated under the same backup, every budget is put once, and
// what is there already is left alone.
func TestRestore(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		b, ctx := aBackup(), within(t, time.Minute)
		fake := &fakeBackups{drift: b.DriftPPM, lose: 1}
		bendAll(f, fake.bend)
		f.put("c", perMinute("requests", 7))
		var told []string
		tell := func(r RestoredBudget) {
			told = append(told, fmt.Sprint(r.Budget.Name, " ", r.Created, " ", r.Differs))
		}
		if already, err := c.Restore(ctx, b, tell); err != nil || !already {
			t.Fatalf("got %v, %v; want true: the first attempt did it", already, err)
		}
		if want := []string{"a true false", "b true false", "c false true"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		for _, req := range fake.restored {
			if req.GetBackup() != b.ID() || req.GetLast().GetLease() != 2 {
				t.Errorf("asked to restore %v", req)
			}
		}
		st, err := c.GetBudget(ctx, "b", "")
		if err != nil || !st.Budget.Equal(b.Budgets[1].Canonical()) {
			t.Errorf("got %+v, %v", st, err)
		}
		told = nil
		if already, err := c.Restore(ctx, b, tell); err != nil || !already ||
			told[0] != "a false false" || told[2] != "c false true" {
			t.Errorf("again: got %v, %v, told %q", already, err, told)
		}
	})
}

func TestRestoreIsRefused(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		b, ctx := aBackup(), within(t, time.Minute)
		fake := &fakeBackups{drift: b.DriftPPM, notNew: true}
		bendAll(f, fake.bend)
		begin := time.Now()
		_, err := c.Restore(ctx, b, nil)
		wantErr(t, err, ErrNotNew)
		if time.Since(begin) > time.Second || !strings.Contains(err.Error(), "has had budgets") {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		fake.notNew, fake.drift = false, b.DriftPPM+1
		_, err = c.Restore(ctx, b, nil)
		wantErr(t, err, ErrInvalid)
		if len(fake.restored) > 0 || !strings.Contains(err.Error(), "max_clock_drift: is 5001") {
			t.Errorf("restored %d times: %v", len(fake.restored), err)
		}
		b.Budgets[2].Name = "a"
		_, err = c.Restore(ctx, b, nil)
		wantErr(t, err, ErrInvalid)
		fake.drift = 5000
		cut := func(RestoredBudget) { fake.down = true }
		_, err = c.Restore(within(t, 5*time.Second), aBackup(), cut)
		wantErr(t, err, ErrUnavailable)
		if !strings.Contains(err.Error(), "1 of 3 budgets are there") {
			t.Errorf("got %v, want how far it came", err)
		}
	})
}

func TestBackupFiles(t *testing.T) {
	want := aBackup()
	data := want.Encode()
	got, err := ParseBackup(data)
	if err != nil || got.ID() != want.ID() || !bytes.Equal(got.Encode(), data) {
		t.Fatalf("got %+v, %v", got, err)
	}
	spaced := bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n\t"))
	if got, err := ParseBackup(spaced); err != nil || got.ID() != want.ID() {
		t.Errorf("with other white space: got %v", err)
	}
	none := Backup{Digest: "d"}
	if got, err := ParseBackup(none.Encode()); err != nil || got.ID() != none.ID() {
		t.Errorf("of an empty cluster: got %v", err)
	}
	// Any other byte makes it another file, or none.
	for i := range data {
		if bytes.ContainsAny(data[i:i+1], " \n") {
			continue
		}
		bad := bytes.Clone(data)
		bad[i] ^= 1
		if _, err := ParseBackup(bad); !errors.Is(err, ErrInvalid) {
			t.Fatalf("byte %d, %q for %q: got %v, want ErrInvalid", i, bad[i], data[i], err)
		}
		if _, err := ParseBackup(data[:i]); !errors.Is(err, ErrInvalid) {
			t.Fatalf("cut to %d bytes: got %v, want ErrInvalid", i, err)
		}
	}
}

// sealed is a backup's file with some text replaced, and the checksum right again if it can be.
func sealed(b Backup, old, by string) string {
	return strings.Replace(string(b.Encode()), old, by, 1)
}

func TestBackupFilesAreRefused(t *testing.T) {
	good := aBackup()
	with := func(change func(b *Backup)) string {
		b := aBackup()
		change(&b)
		return string(b.Encode())
	}
	for name, tt := range map[string]struct{ file, want string }{
		"nothing":        {"", "not a backup, or a damaged one: unexpected end"},
		"text":           {"budgets:\n", "not a backup, or a damaged one: invalid character 'b'"},
		"another object": {`{"a": 1}`, `not a backup: form is "", must be "leased backup"`},
		"a list":         {`[]`, "not a backup: form is"},
		"two of them":    {string(good.Encode()) + "{}", "not a backup, or a damaged one"},
		"a later version": {sealed(good, `"version": 1`, `"version": 2`),
			"version: is 2, and this program reads version 1"},
		"an unknown field": {sealed(good, `"digest"`, `"more": 1, "digest"`),
			`unknown field "more"`},
		"an unknown field of a limit": {sealed(good, `"metric"`, `"more": 1, "metric"`),
			"a field twice, out of order or unknown"},
		"a field twice": {sealed(good, `"digest"`, `"digest": "d0", "digest"`),
			"a field twice, out of order or unknown"},
		"a word for a number": {sealed(good, `"applied_index": 9`, `"applied_index": "9"`),
			"cannot unmarshal string"},
		"another amount": {sealed(good, `"amount": 10`, `"amount": 11`), `checksum: is "`},
		"no checksum":    {sealed(good, good.ID(), ""), `checksum: is "", and that of what`},
		"a past time":    {with(func(b *Backup) { b.ClusterTime = -1 }), "cluster_time_ns: is -1"},
		"too much drift": {with(func(b *Backup) { b.DriftPPM = 1e9 }),
			"max_clock_drift_ppm: is 1000000000"},
		"numbers too far": {with(func(b *Backup) { b.Last.Limit = 1 << 53 }),
			"last.limit: is 9007199254740992, must be at most 8989607068696576"},
		"a budget twice": {with(func(b *Backup) { b.Budgets[1].Name = "a" }),
			`budgets[1].name: is "a" after "a"`},
		"a bad budget": {with(func(b *Backup) { b.Budgets[1].Limits = nil }),
			"budgets[1]: limits: 0 limits"},
		"too long": {strings.Repeat(" ", MaxBackupSize+1), "a backup at most 67108864"},
	} {
		_, err := ParseBackup([]byte(tt.file))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

// FuzzParseBackup: what is read is valid, and is what was written.
func FuzzParseBackup(f *testing.F) {
	f.Add(aBackup().Encode())
	f.Add(Backup{}.Encode())
	f.Add([]byte(`{"form": "leased backup", "version": 1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBackup(data)
		if err != nil {
			return
		}
		if again, err := ParseBackup(b.Encode()); err != nil || again.ID() != b.ID() {
			t.Fatalf("%+v is not itself after a file: %+v, %v", b, again, err)
		}
	})
}
