package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// fakeCluster is a coordinator that keeps the protocol's promises over in-memory connections:
// windows of budgets, sessions, one decision per request. Tests bend single nodes of it.
type fakeCluster struct {
	t     testing.TB
	born  time.Time // window 0 begins
	drift int64

	mu       sync.Mutex
	leader   string // address; empty: an election is on
	nodes    map[string]*fakeNode
	budgets  map[string]*fakeBudget
	sessions map[uint64]*fakeSession
	slots    map[uint64]fakeSlots // by lease
	serial   uint64               // of sessions and leases
	grant    func(need, want, left budget.Credits) budget.Credits
	pushes   []string // budgets that a stream was last asked for; nil: nothing is pushed
	streams  int      // how many were opened
	forgets  bool     // it decides a request again each time that it is sent: R8 is broken
	log      []fakeCall
}

type fakeBudget struct {
	name     string
	keyed    bool
	revision uint64
	limits   []budget.Limit
	rules    budget.Rules
	accounts map[string][]fakeAccount // by key, per limit
}

type fakeAccount struct {
	window budget.Window
	used   budget.Credits
}

type fakeSession struct {
	budget, key string
	seq         uint64
	answer      *leasedv1.AcquireResponse
	decided     time.Time
	leases      map[uint64]fakeLease
}

type fakeLease struct {
	limit  int
	window budget.Window
	amount budget.Credits
}

// fakeCall is one call as a node received it.
type fakeCall struct {
	node    string
	at      time.Time
	acquire *leasedv1.AcquireRequest
	ret     *leasedv1.ReturnRequest
}

// newCluster starts nodes named a:1, b:1, ..., of which the first leads, and stops them when
// the test ends, or the bubble does.
func newCluster(t testing.TB, n int) *fakeCluster {
	t.Helper()
	f := &fakeCluster{
		t:        t,
		born:     time.Now(),
		leader:   "a:1",
		nodes:    make(map[string]*fakeNode),
		budgets:  make(map[string]*fakeBudget),
		sessions: make(map[uint64]*fakeSession),
		slots:    make(map[uint64]fakeSlots),
		grant:    func(_, want, left budget.Credits) budget.Credits { return min(want, left) },
	}
	for i := range n {
		addr := fmt.Sprintf("%c:1", 'a'+i)
		f.nodes[addr] = newFakeNode(f, addr)
	}
	t.Cleanup(f.stop)
	return f
}

func (f *fakeCluster) stop() {
	for _, n := range f.nodes {
		n.server.Stop()
	}
}

func (f *fakeCluster) addrs() []string {
	var addrs []string
	for addr := range f.nodes {
		addrs = append(addrs, addr)
	}
	slices.Sort(addrs)
	return addrs
}

// put creates or changes a budget. Each change is a revision.
func (f *fakeCluster) put(name string, limits ...budget.Limit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.budgets[name]
	if b == nil {
		b = &fakeBudget{name: name, accounts: make(map[string][]fakeAccount)}
		f.budgets[name] = b
	}
	for key, old := range b.accounts {
		accounts := make([]fakeAccount, len(limits))
		for i, limit := range limits {
			if j := slices.IndexFunc(b.limits, limit.Same); j >= 0 {
				accounts[i] = old[j]
			}
		}
		b.accounts[key] = accounts
	}
	b.limits = limits
	b.revision++
}

// rule changes a budget's rules.
func (f *fakeCluster) rule(name string, rules budget.Rules) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.budgets[name].rules = rules
	f.budgets[name].revision++
}

func (f *fakeCluster) remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.budgets, name)
}

func (f *fakeCluster) lead(addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leader = addr
}

// expireSessions forgets every session.
func (f *fakeCluster) expireSessions() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.sessions)
}

// used returns what is charged to the empty key's account of a limit in this window.
func (f *fakeCluster) used(name string, limit int) budget.Credits {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.account(f.budgets[name], "", limit).used
}

// calls returns the calls that were received so far.
func (f *fakeCluster) calls() []fakeCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

// account returns an account in the current window: entering it is the roll.
func (f *fakeCluster) account(b *fakeBudget, key string, limit int) *fakeAccount {
	if b.accounts[key] == nil {
		b.accounts[key] = make([]fakeAccount, len(b.limits))
	}
	a := &b.accounts[key][limit]
	if w := b.limits[limit].WindowAt(f.instant()); a.window != w {
		a.window, a.used = w, 0
	}
	return a
}

func (f *fakeCluster) instant() budget.Instant { return budget.Instant(time.Since(f.born)) }

func (f *fakeCluster) open(req *leasedv1.OpenSessionRequest) (
	*leasedv1.OpenSessionResponse, error,
) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.budgets[req.GetBudget()]
	if b == nil {
		return nil, refuse(codes.NotFound, "UNKNOWN_BUDGET", "no such budget")
	}
	if b.keyed != (req.GetKey() != "") {
		return nil, refuse(codes.InvalidArgument, "INVALID", "key does not fit the budget")
	}
	f.serial++
	f.sessions[f.serial] = &fakeSession{
		budget: b.name, key: req.GetKey(), leases: make(map[uint64]fakeLease),
	}
	return &leasedv1.OpenSessionResponse{
		Session: f.serial, Revision: b.revision,
		Limits: fromBudget(budget.Budget{Limits: b.limits}).GetLimits(), DriftPpm: f.drift,
		Rules: fromRules(b.rules),
	}, nil
}

func (f *fakeCluster) acquire(req *leasedv1.AcquireRequest) *leasedv1.AcquireResponse {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sessions[req.GetSession()]
	if s == nil {
		return &leasedv1.AcquireResponse{Outcome: leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION}
	}
	if req.GetSeq() < s.seq {
		return &leasedv1.AcquireResponse{Outcome: leasedv1.Outcome_OUTCOME_STALE}
	}
	if req.GetSeq() > s.seq || f.forgets {
		s.seq, s.answer, s.decided = req.GetSeq(), f.decide(s, req), time.Now()
	}
	return aged(s.answer, time.Since(s.decided))
}

// aged is an answer as a retry hears it: with the time that is left (R5).
func aged(a *leasedv1.AcquireResponse, by time.Duration) *leasedv1.AcquireResponse {
	aged := &leasedv1.AcquireResponse{
		Outcome: a.Outcome, Revision: a.Revision, Limits: a.Limits, Limit: a.Limit,
		DriftPpm: a.DriftPpm, Rules: a.Rules,
	}
	for _, g := range a.Grants {
		aged.Grants = append(aged.Grants, &leasedv1.Grant{
			Lease: g.Lease, Limit: g.Limit, Window: g.Window, Amount: g.Amount,
			TtlNanos: g.TtlNanos - int64(by),
		})
	}
	if d := a.Denial; d != nil {
		aged.Denial = &leasedv1.Denial{
			Limit: d.Limit, Left: d.Left, RetryAfterNanos: max(0, d.RetryAfterNanos-int64(by)),
		}
	}
	return aged
}

func (f *fakeCluster) decide(
	s *fakeSession, req *leasedv1.AcquireRequest,
) *leasedv1.AcquireResponse {
	f.takeBack(s, req.GetReturns())
	b := f.budgets[s.budget]
	if b == nil {
		return &leasedv1.AcquireResponse{Outcome: leasedv1.Outcome_OUTCOME_UNKNOWN_BUDGET}
	}
	resp := &leasedv1.AcquireResponse{Revision: b.revision, DriftPpm: f.drift}
	if req.GetRevision() != b.revision {
		resp.Outcome = leasedv1.Outcome_OUTCOME_CHANGED
		resp.Limits = fromBudget(budget.Budget{Limits: b.limits}).GetLimits()
		resp.Rules = fromRules(b.rules)
		return resp
	}
	if len(req.GetAsks()) == 1 && b.limits[0].Kind == budget.KindSlots {
		return f.decideSlots(resp, b.limits[0], req.GetAsks()[0])
	}
	met := len(req.GetAsks()) == 0
	for _, a := range req.GetAsks() {
		i := int(a.GetLimit())
		left := int64(max(0, b.limits[i].Amount-f.account(b, s.key, i).used))
		if a.GetNeed() > int64(b.limits[i].Amount) {
			return &leasedv1.AcquireResponse{
				Outcome: leasedv1.Outcome_OUTCOME_TOO_LARGE, Limit: a.GetLimit(),
				Revision: b.revision,
			}
		}
		met = met || left > 0
		if left < a.GetNeed() || left == 0 {
			resp.Denial = &leasedv1.Denial{
				Limit: a.GetLimit(), Left: left, RetryAfterNanos: f.endsIn(b, i),
			}
		}
		if left < a.GetNeed() {
			resp.Outcome = leasedv1.Outcome_OUTCOME_DENIED
			return resp
		}
	}
	if !met {
		resp.Outcome = leasedv1.Outcome_OUTCOME_DENIED
		return resp
	}
	resp.Outcome = leasedv1.Outcome_OUTCOME_GRANTED
	for _, a := range req.GetAsks() {
		i := int(a.GetLimit())
		acc := f.account(b, s.key, i)
		left := b.limits[i].Amount - acc.used
		if left <= 0 {
			continue // an ask without a need
		}
		n := f.grant(max(1, budget.Credits(a.GetNeed())), budget.Credits(a.GetWant()), left)
		acc.used += n
		f.serial++
		s.leases[f.serial] = fakeLease{limit: i, window: acc.window, amount: n}
		resp.Grants = append(resp.Grants, &leasedv1.Grant{
			Lease: f.serial, Limit: a.GetLimit(), Window: int64(acc.window), Amount: int64(n),
			TtlNanos: f.endsIn(b, i),
		})
	}
	return resp
}

func (f *fakeCluster) endsIn(b *fakeBudget, limit int) int64 {
	l := b.limits[limit]
	return int64(l.End(l.WindowAt(f.instant())).Sub(f.instant()))
}

// takeBack takes returns once each, in their window only (R8).
func (f *fakeCluster) takeBack(s *fakeSession, returns []*leasedv1.Return) {
	b := f.budgets[s.budget]
	for _, r := range returns {
		if l, ok := f.slots[r.GetLease()]; ok && l.amount == r.GetAmount() {
			delete(f.slots, r.GetLease())
		}
		l, ok := s.leases[r.GetLease()]
		if !ok || b == nil {
			continue
		}
		delete(s.leases, r.GetLease())
		if acc := f.account(b, s.key, l.limit); acc.window == l.window {
			acc.used -= budget.Credits(r.GetAmount())
		}
	}
}

func (f *fakeCluster) giveBack(req *leasedv1.ReturnRequest) *leasedv1.ReturnResponse {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sessions[req.GetSession()]
	if s == nil {
		return &leasedv1.ReturnResponse{}
	}
	f.takeBack(s, req.GetReturns())
	if req.GetClose() {
		delete(f.sessions, req.GetSession())
	}
	return &leasedv1.ReturnResponse{SessionKnown: true}
}

// fakeNode is one node: a server, and the ways in which tests bend it.
type fakeNode struct {
	leasedv1.UnimplementedLeasesServer
	leasedv1.UnimplementedBudgetsServer
	leasedv1.UnimplementedClusterServer
	cluster *fakeCluster
	addr    string
	server  *grpc.Server

	mu       sync.Mutex
	listener *bufconn.Listener
	down     bool // connections are refused
	hole     bool // connections are never answered
	bend     bend
	streams  fakeStreams
}

// bend, if not nil, is called for each call in place of decide, which it may call.
type bend func(ctx context.Context, req any, decide func() (any, error)) (any, error)

func newFakeNode(f *fakeCluster, addr string) *fakeNode {
	n := &fakeNode{cluster: f, addr: addr}
	n.start()
	return n
}

func (n *fakeNode) start() {
	server := grpc.NewServer(grpc.UnaryInterceptor(n.intercept), grpc.WaitForHandlers(true))
	leasedv1.RegisterLeasesServer(server, n)
	leasedv1.RegisterBudgetsServer(server, n)
	leasedv1.RegisterClusterServer(server, n)
	listener := bufconn.Listen(1 << 16)
	n.mu.Lock()
	n.server, n.listener, n.down = server, listener, false
	n.mu.Unlock()
	go server.Serve(listener) //nolint:errcheck // it ends with Stop
}

// kill stops the node as a crash does: its connections break and new ones are refused.
func (n *fakeNode) kill() {
	n.mu.Lock()
	n.down = true
	server := n.server
	n.mu.Unlock()
	server.Stop()
}

func (n *fakeNode) set(b bend) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bend = b
}

func (n *fakeNode) blackhole(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hole = on
}

func (n *fakeNode) intercept(
	ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	switch req.(type) {
	case *leasedv1.OpenSessionsRequest, *leasedv1.AcquireBatchRequest, *leasedv1.ReturnBatchRequest:
		return handler(ctx, req)
	}
	f := n.cluster
	f.mu.Lock()
	call := fakeCall{node: n.addr, at: time.Now()}
	call.acquire, _ = req.(*leasedv1.AcquireRequest)
	call.ret, _ = req.(*leasedv1.ReturnRequest)
	f.log = append(f.log, call)
	leader := f.leader
	f.mu.Unlock()

	n.mu.Lock()
	bend, hole := n.bend, n.hole
	n.mu.Unlock()
	if hole {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if leader != "" {
		grpc.SetTrailer(ctx, metadata.Pairs(leaderTrailer, leader)) //nolint:errcheck // in a call
	}
	decide := func() (any, error) { return handler(ctx, req) }
	if bend != nil {
		return bend(ctx, req, decide)
	}
	if leader == "" {
		return nil, refuse(codes.Unavailable, reasonNotLeader, "no leader")
	}
	return decide()
}

func refuse(code codes.Code, reason, msg string) error {
	s, err := status.New(code, msg).WithDetails(
		&errdetails.ErrorInfo{Reason: reason, Domain: "leased.v1"})
	if err != nil {
		return err
	}
	return s.Err()
}

// dial connects a client to a node by its address.
func (f *fakeCluster) dial(ctx context.Context, addr string) (net.Conn, error) {
	n := f.nodes[addr]
	if n == nil {
		return nil, errors.New("no such host")
	}
	n.mu.Lock()
	down, hole, listener := n.down, n.hole, n.listener
	n.mu.Unlock()
	switch {
	case down:
		return nil, errors.New("connection refused")
	case hole:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return listener.DialContext(ctx)
}

// Batches are taken apart: each request is a call to the rest of the fake, and to the tests.

// each has every request of a batch decided, at once, as a call of its own would be. What fails
// without a reason, as a broken connection does, fails the batch.
func each[Q, A proto.Message](
	ctx context.Context, n *fakeNode, requests []Q, decide func(Q) (A, error),
) ([]A, []*leasedv1.Failure, error) {
	answers, failures := make([]A, len(requests)), make([]*leasedv1.Failure, len(requests))
	broken := make([]error, len(requests))
	var deciding sync.WaitGroup
	for i, q := range requests {
		deciding.Go(func() {
			answer, err := n.intercept(ctx, q, nil,
				func(context.Context, any) (any, error) { return decide(q) })
			if err == nil {
				answers[i], broken[i] = reread[A](answer)
				return
			}
			info := errorInfo(status.Convert(err))
			if info == nil || len(requests) == 1 {
				broken[i] = err
				return
			}
			s := status.Convert(err)
			failures[i] = &leasedv1.Failure{
				Code: uint32(s.Code()), Reason: info.GetReason(), Message: s.Message(),
			}
		})
	}
	deciding.Wait()
	return answers, failures, errors.Join(broken...)
}

// reread reads an answer as one of the type that was asked for, whatever it is.
func reread[A proto.Message](answer any) (A, error) {
	var as A
	as = as.ProtoReflect().New().Interface().(A)
	if answer == nil {
		return as, nil
	}
	wire, err := proto.Marshal(answer.(proto.Message))
	if err != nil {
		return as, err
	}
	return as, proto.Unmarshal(wire, as)
}

func (n *fakeNode) OpenSessions(
	ctx context.Context, req *leasedv1.OpenSessionsRequest,
) (*leasedv1.OpenSessionsResponse, error) {
	answers, failures, err := each(ctx, n, req.GetRequests(), n.cluster.open)
	if err != nil {
		return nil, unjoined(err)
	}
	resp := &leasedv1.OpenSessionsResponse{}
	for i, f := range failures {
		r := &leasedv1.OpenSessionResult{Decision: &leasedv1.OpenSessionResult_Failure{Failure: f}}
		if f == nil {
			r.Decision = &leasedv1.OpenSessionResult_Response{Response: answers[i]}
		}
		resp.Results = append(resp.Results, r)
	}
	return resp, nil
}

func (n *fakeNode) AcquireBatch(
	ctx context.Context, req *leasedv1.AcquireBatchRequest,
) (*leasedv1.AcquireBatchResponse, error) {
	answers, failures, err := each(ctx, n, req.GetRequests(),
		func(r *leasedv1.AcquireRequest) (*leasedv1.AcquireResponse, error) {
			return n.cluster.acquire(r), nil
		})
	if err != nil {
		return nil, unjoined(err)
	}
	resp := &leasedv1.AcquireBatchResponse{}
	for i, f := range failures {
		r := &leasedv1.AcquireResult{Decision: &leasedv1.AcquireResult_Failure{Failure: f}}
		if f == nil {
			r.Decision = &leasedv1.AcquireResult_Response{Response: answers[i]}
		}
		resp.Results = append(resp.Results, r)
	}
	return resp, nil
}

func (n *fakeNode) ReturnBatch(
	ctx context.Context, req *leasedv1.ReturnBatchRequest,
) (*leasedv1.ReturnBatchResponse, error) {
	answers, failures, err := each(ctx, n, req.GetRequests(),
		func(r *leasedv1.ReturnRequest) (*leasedv1.ReturnResponse, error) {
			return n.cluster.giveBack(r), nil
		})
	if err != nil {
		return nil, unjoined(err)
	}
	resp := &leasedv1.ReturnBatchResponse{}
	for i, f := range failures {
		r := &leasedv1.ReturnResult{Decision: &leasedv1.ReturnResult_Failure{Failure: f}}
		if f == nil {
			r.Decision = &leasedv1.ReturnResult_Response{Response: answers[i]}
		}
		resp.Results = append(resp.Results, r)
	}
	return resp, nil
}

// unjoined returns the first of joined errors, with its status.
func unjoined(err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return all.Unwrap()[0]
	}
	return err
}

func (n *fakeNode) OpenSession(
	_ context.Context, req *leasedv1.OpenSessionRequest,
) (*leasedv1.OpenSessionResponse, error) {
	return n.cluster.open(req)
}

func (n *fakeNode) Acquire(
	_ context.Context, req *leasedv1.AcquireRequest,
) (*leasedv1.AcquireResponse, error) {
	return n.cluster.acquire(req), nil
}

func (n *fakeNode) Return(
	_ context.Context, req *leasedv1.ReturnRequest,
) (*leasedv1.ReturnResponse, error) {
	return n.cluster.giveBack(req), nil
}
