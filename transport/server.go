// Package transport is the coordinator's gRPC API, leased.v1: it parses, refuses what can be
// refused before it is proposed, asks the Coordinator or forwards to the leader, and puts
// results into messages. It decides nothing.
//
// Every call is bounded: it is answered by its deadline, or CallTimeout, with UNAVAILABLE if
// with nothing better. Every response names the leader in a trailer.
package transport

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

const (
	// CallTimeout bounds a call that came with no deadline, or a later one.
	CallTimeout = 5 * time.Second
	// maxMessage bounds a request, in bytes: many times the largest valid one alone, and twice
	// what a client puts into a batch.
	maxMessage = 256 << 10
	// maxStreams bounds the calls in progress on one connection. More wait at the client.
	maxStreams = 1024
	// helloTimeout bounds how long a new connection may take to say what it is. A server that
	// stops waits for it.
	helloTimeout = 3 * time.Second
	// minPing is the shortest interval at which clients may probe an idle connection.
	minPing = 5 * time.Second
)

// Config is what a Server works with.
type Config struct {
	Coordinator Coordinator // required
	Cluster     Cluster     // required
	// DriftPPM is the cluster's rho, told to every holder: 0..lease.MaxMaxClockDriftPPM.
	DriftPPM int64
	// CallTimeout is the longest that a call may take; 0 means the constant CallTimeout.
	CallTimeout time.Duration
	// Watch begins to watch budgets; nil: nothing is pushed, and limiters learn of changes when they
	// next ask.
	Watch func(budgets []string) (Watch, error)
	// Dial connects to another node's API for forwarding; nil means TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Validate reports the first field that is out of its range.
func (c Config) Validate() error {
	switch {
	case c.Coordinator == nil:
		return errors.New("transport: Coordinator is nil")
	case c.Cluster == nil:
		return errors.New("transport: Cluster is nil")
	case c.DriftPPM < 0 || c.DriftPPM > lease.MaxMaxClockDriftPPM:
		return errors.New("transport: DriftPPM is out of range")
	case c.CallTimeout < 0:
		return errors.New("transport: CallTimeout is negative")
	}
	return nil
}

// Server serves the API. Its methods may be called from any goroutine.
type Server struct {
	coordinator Coordinator
	cluster     Cluster
	driftPPM    int64
	timeout     time.Duration
	watch       func(budgets []string) (Watch, error)
	stopping    chan struct{} // closed when streams are to end
	stopOnce    sync.Once
	grpc        *grpc.Server
	health      *health.Server
	peers       *peers
	hold        holding
	tasks       tasks
}

// New returns a server that does not listen yet. It is not serving by its health until told
// so with SetServing.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.CallTimeout == 0 {
		cfg.CallTimeout = CallTimeout
	}
	s := &Server{
		coordinator: cfg.Coordinator,
		cluster:     cfg.Cluster,
		driftPPM:    cfg.DriftPPM,
		timeout:     cfg.CallTimeout,
		watch:       cfg.Watch,
		stopping:    make(chan struct{}),
		health:      health.NewServer(),
		peers:       newPeers(cfg.Dial),
		hold:        holding{began: time.Now()},
		grpc: grpc.NewServer(
			grpc.MaxRecvMsgSize(maxMessage),
			grpc.MaxConcurrentStreams(maxStreams),
			grpc.ConnectionTimeout(helloTimeout),
			// A stopped server has no handler left that could still use the coordinator.
			grpc.WaitForHandlers(true),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
				MinTime:             minPing,
				PermitWithoutStream: true,
			}),
		),
	}
	leasedv1.RegisterLeasesServer(s.grpc, &leasesServer{Server: s})
	leasedv1.RegisterBudgetsServer(s.grpc, &budgetsServer{Server: s})
	leasedv1.RegisterClusterServer(s.grpc, &clusterServer{Server: s})
	healthv1.RegisterHealthServer(s.grpc, s.health)
	s.SetServing(false)
	return s, nil
}

// Serve accepts connections from lis until Stop or Kill, and closes lis. It returns nil after
// either.
func (s *Server) Serve(lis net.Listener) error {
	err := s.grpc.Serve(lis)
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

// SetServing tells the health service whether a leader is known, for the server as a whole
// and for each service. It has no effect after Stop or Kill.
func (s *Server) SetServing(serving bool) {
	status := healthv1.HealthCheckResponse_NOT_SERVING
	if serving {
		status = healthv1.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus("", status)
	for name := range s.grpc.GetServiceInfo() {
		if name != healthv1.Health_ServiceDesc.ServiceName {
			s.health.SetServingStatus(name, status)
		}
	}
}

// NotServing turns the health to NOT_SERVING for good: balancers send no new calls.
func (s *Server) NotServing() { s.health.Shutdown() }

// Stop lets the calls in progress finish, but not beyond ctx, and joins them.
func (s *Server) Stop(ctx context.Context) {
	s.NotServing()
	s.stopOnce.Do(func() { close(s.stopping) })
	cut := context.AfterFunc(ctx, s.grpc.Stop)
	defer cut()
	s.grpc.GracefulStop()
	s.tasks.join()
	s.peers.close()
}

// Kill cuts every connection and joins the handlers, whose contexts end.
func (s *Server) Kill() {
	s.NotServing()
	s.stopOnce.Do(func() { close(s.stopping) })
	s.grpc.Stop()
	s.tasks.join()
	s.peers.close()
}
