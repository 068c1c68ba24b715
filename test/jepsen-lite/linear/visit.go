package linear

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/transport/leasedv1"
)

// The budgets of a schedule: one of which the amount is changed now and then, one with keys and
// two limits, and one that is removed and created again.
const (
	plain  = "plain"
	keyed  = "keyed"
	mortal = "mortal"
)

// Dial connects to an endpoint.
type Dial func(ctx context.Context, address string) (net.Conn, error)

// visit is a crowd of clients that call a coordinator, and what they see.
type visit struct {
	o         Options
	endpoints []string
	dial      Dial
	hostile   *hostile
	recorder  Recorder
	clients   int
	conns     []*grpc.ClientConn
}

// Visit has clients of every sort call the coordinator that answers at the endpoints, for
// o.Length, while disturb runs, and returns what they saw.
func Visit(ctx context.Context, o Options, endpoints []string, dial Dial,
	disturb func(acting context.Context),
) (h History, err error) {
	v := &visit{o: o, endpoints: endpoints, dial: dial,
		hostile: newHostile(o.Seed, o.Lost, o.Copies)}
	defer func() {
		for _, conn := range v.conns {
			err = errors.Join(err, conn.Close())
		}
	}()
	acting, cancel := context.WithTimeout(ctx, o.Length)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait() // after cancel, where this returns early
	for i, name := range []string{plain, keyed, mortal} {
		for j := range 1 + o.Actors {
			conns, err := v.connect()
			if err != nil {
				cancel()
				return nil, err
			}
			a := &actor{rng: rand.New(rand.NewPCG(o.Seed, uint64(i<<8+j))), conns: conns,
				budget: name, keys: []string{""}, limits: 1, most: o.Amount/2 + 1}
			if name == keyed {
				a.keys, a.limits = []string{"k1", "k2"}, 2
			}
			running.Go(func() { a.run(acting) })
		}
	}
	conns, err := v.connect()
	if err != nil {
		cancel()
		return nil, err
	}
	running.Go(func() { v.operate(acting, conns) })
	limiting := make(chan error, 1) // size 1: nobody waits before the end
	running.Go(func() { limiting <- v.limit(ctx, acting) })
	disturb(acting)
	running.Wait()
	v.hostile.late.Wait()
	return v.recorder.History(), <-limiting
}

// dialOptions are those of the next client.
func (v *visit) dialOptions() []grpc.DialOption {
	v.clients++
	return []grpc.DialOption{
		grpc.WithContextDialer(v.dial),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(v.recorder.Intercept(v.clients), v.hostile.intercept),
	}
}

// connect returns a connection to each endpoint, of one client.
func (v *visit) connect() ([]*grpc.ClientConn, error) {
	opts := v.dialOptions()
	var all []*grpc.ClientConn
	for _, address := range v.endpoints {
		conn, err := grpc.NewClient("passthrough:///"+address, opts...)
		if err != nil {
			return nil, err
		}
		all = append(all, conn)
		v.conns = append(v.conns, conn)
	}
	return all, nil
}

// limit runs a limiter of the product on the plain budget.
func (v *visit) limit(ctx, acting context.Context) error {
	c, err := client.New(v.endpoints, client.WithDialOptions(v.dialOptions()...))
	if err != nil {
		return fmt.Errorf("linear: client: %w", err)
	}
	rng := rand.New(rand.NewPCG(v.o.Seed, 0x117e))
	var limiter *client.Limiter
	for acting.Err() == nil {
		pause(acting, time.Duration(rng.Int64N(int64(100*time.Millisecond))))
		if limiter == nil {
			if limiter, err = c.Limiter(acting, plain); err != nil {
				limiter = nil // the budget may not be there yet
			}
			continue
		}
		limiter.AllowN(1 + rng.Int64N(3))
	}
	closing, cancel := context.WithTimeout(ctx, stopping)
	defer cancel()
	return c.Close(closing)
}

// operate is what an operator does: it puts, changes and removes budgets.
func (v *visit) operate(ctx context.Context, conns []*grpc.ClientConn) {
	a := &actor{rng: rand.New(rand.NewPCG(v.o.Seed, 0x0b5)), conns: conns}
	put := func(b *leasedv1.Budget) {
		a.try(ctx, func(ctx context.Context) error {
			_, err := leasedv1.NewBudgetsClient(a.conn()).PutBudget(ctx,
				&leasedv1.PutBudgetRequest{Budget: b})
			return err
		})
	}
	limit := func(metric string, amount int64, per time.Duration) *leasedv1.Limit {
		return &leasedv1.Limit{Metric: metric, Amount: amount, PerNanos: int64(per)}
	}
	amount := func() int64 { return v.o.Amount/2 + a.rng.Int64N(v.o.Amount) }
	put(&leasedv1.Budget{Name: keyed, Keyed: true, Limits: []*leasedv1.Limit{
		limit("requests", v.o.Amount, v.o.Per), limit("tokens", v.o.Amount*2, v.o.Per*5/2),
	}})
	for first := true; ctx.Err() == nil; first = false {
		put(&leasedv1.Budget{Name: plain, Limits: []*leasedv1.Limit{
			limit("requests", amount(), v.o.Per),
		}})
		if a.rng.IntN(2) == 0 && !first {
			a.try(ctx, func(ctx context.Context) error {
				_, err := leasedv1.NewBudgetsClient(a.conn()).DeleteBudget(ctx,
					&leasedv1.DeleteBudgetRequest{Name: mortal})
				return err
			})
			pause(ctx, time.Duration(a.rng.Int64N(int64(v.o.Per))))
		}
		put(&leasedv1.Budget{Name: mortal, Limits: []*leasedv1.Limit{
			limit("requests", amount(), v.o.Per*time.Duration(1+a.rng.IntN(2))),
		}})
		pause(ctx, time.Duration(a.rng.Int64N(int64(4*time.Second))))
	}
}
