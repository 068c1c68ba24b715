package peers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// Behaviours of gubernator's requests.
const (
	behaviorBatching   = 0
	behaviorNoBatching = 1
	behaviorGlobal     = 2
)

// connections are how many a node of gubernator is given: several, since one is a bottleneck.
const connections = 4

// BenchmarkGubernator is gubernator with one node and with three, whose counters are in memory and
// not replicated: each key has an owner, which is asked by the others. GLOBAL answers from what
// each node knew last, so it may admit more than the limit: it is no peer, but published with them.
func BenchmarkGubernator(b *testing.B) {
	program := filepath.Join(b.TempDir(), "gubernator")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", program, ".")
	build.Dir = "gubernator"
	if said, err := build.CombinedOutput(); err != nil {
		b.Skipf("ABSENT: gubernator cannot be built: %v\n%s\nits sources: go mod download in "+
			"bench/peers/gubernator", err, said)
	}
	for _, kind := range []struct {
		nodes    int
		name     string
		behavior uint64
	}{
		{1, "batching", behaviorBatching},
		{3, "batching", behaviorBatching},
		{3, "no-batching", behaviorNoBatching},
		{3, "global", behaviorGlobal},
	} {
		b.Run(fmt.Sprintf("nodes=%d/%s", kind.nodes, kind.name), func(b *testing.B) {
			addresses := startGubernator(b, program, kind.nodes)
			run(b, target{sampled: 1, open: func(b *testing.B, n int) []caller {
				return gubernatorCallers(b, addresses, n, kind.behavior)
			}})
		})
	}
}

// startGubernator returns the addresses of its nodes, which are one process.
func startGubernator(b *testing.B, program string, nodes int) []string {
	cmd := exec.CommandContext(context.Background(), program, "-nodes", fmt.Sprint(nodes))
	if _, err := cmd.StdinPipe(); err != nil { // it ends with this process
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	start(b, cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("gubernator said nothing: %v", err)
	}
	return strings.Fields(line)
}

// gubernatorCallers are spread over all nodes, as those of a fleet are.
func gubernatorCallers(
	b *testing.B, addresses []string, n int, behavior uint64,
) []caller {
	var conns []*grpc.ClientConn
	for range connections {
		for _, address := range addresses {
			conn, err := grpc.NewClient(address,
				grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithDefaultCallOptions(grpc.ForceCodecV2(verbatim{})))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { conn.Close() })
			conns = append(conns, conn)
		}
	}
	request := gubernatorRequest(behavior)
	all := make([]caller, n)
	for i := range all {
		conn := conns[i%len(conns)]
		all[i] = func(ctx context.Context) error {
			var answer []byte
			err := conn.Invoke(ctx, "/pb.gubernator.V1/GetRateLimits", request, &answer)
			if err != nil {
				return err
			}
			return gubernatorAdmitted(answer)
		}
	}
	return all
}

// verbatim passes messages as bytes. Gubernator's own types cannot be had here (its module builds
// with older libraries only), and encoding one request once costs it nothing.
type verbatim struct{}

func (verbatim) Name() string { return "proto" }

func (verbatim) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (verbatim) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// gubernatorRequest is a GetRateLimitsReq with one hit on one key.
func gubernatorRequest(behavior uint64) []byte {
	var one []byte
	text := func(field protowire.Number, s string) {
		one = protowire.AppendTag(one, field, protowire.BytesType)
		one = protowire.AppendString(one, s)
	}
	number := func(field protowire.Number, n uint64) {
		one = protowire.AppendTag(one, field, protowire.VarintType)
		one = protowire.AppendVarint(one, n)
	}
	text(1, "requests")                           // name
	text(2, "api")                                // unique_key
	number(3, 1)                                  // hits
	number(4, plentyPerSec*3600)                  // limit
	number(5, uint64(time.Hour/time.Millisecond)) // duration
	number(7, behavior)                           // behavior
	all := protowire.AppendTag(nil, 1, protowire.BytesType)
	return protowire.AppendBytes(all, one)
}

// gubernatorAdmitted reads a GetRateLimitsResp: one response, without an error (field 5), and with
// a status (field 1) of 0, which is UNDER_LIMIT.
func gubernatorAdmitted(answer []byte) error {
	number, _, n := protowire.ConsumeTag(answer)
	if n < 0 || number != 1 {
		return errors.New("peers: an answer of gubernator without a response")
	}
	one, m := protowire.ConsumeBytes(answer[n:])
	if m < 0 {
		return protowire.ParseError(m)
	}
	for len(one) > 0 {
		number, kind, n := protowire.ConsumeTag(one)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m := protowire.ConsumeFieldValue(number, kind, one[n:])
		if m < 0 {
			return protowire.ParseError(m)
		}
		value := one[n : n+m]
		switch status, _ := protowire.ConsumeVarint(value); {
		case number == 1 && status != 0:
			return errRefused
		case number == 5 && len(value) > 1:
			return fmt.Errorf("peers: gubernator: %s", value[1:])
		}
		one = one[n+m:]
	}
	return nil
}
