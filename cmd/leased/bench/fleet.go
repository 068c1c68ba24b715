package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

// maxOpening bounds how many limiters open at a time.
const maxOpening = 64

// fleet is the limiters under load, spread over clients as over processes.
type fleet struct {
	members  []*member
	limiters []*client.Limiter
}

// member is one client and, where the run is traced, its trace.
type member struct {
	client *client.Client
	writer *trace.Writer
}

// openFleet opens cfg.Limiters limiters on a budget. With a directory they are traced into it. What
// it opened before an error is closed.
func openFleet(ctx context.Context, cfg Config, endpoints []string, budget, dir, run string,
	opts ...client.LimiterOption,
) (*fleet, error) {
	f := &fleet{limiters: make([]*client.Limiter, cfg.Limiters)}
	if err := f.open(ctx, cfg, endpoints, budget, dir, run, opts); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return nil, errors.Join(err, f.close(closing))
	}
	return f, nil
}

func (f *fleet) open(ctx context.Context, cfg Config, endpoints []string, budget, dir, run string,
	opts []client.LimiterOption,
) error {
	for i := range cfg.Clients {
		m := &member{}
		f.members = append(f.members, m)
		var traced []client.Option
		if dir != "" {
			var err error
			name := fmt.Sprintf("fleet-%02d", i+1)
			m.writer, err = trace.Create(filepath.Join(dir, name+".jsonl"),
				trace.Event{Run: run, Recorder: name, Role: trace.RoleFleet}, trace.SystemClock())
			if err != nil {
				return err
			}
			traced = append(traced, client.WithTrace(m.writer))
		}
		var err error
		if m.client, err = client.New(endpoints, traced...); err != nil {
			return err
		}
	}
	var opening errgroup.Group
	opening.SetLimit(maxOpening)
	for i := range f.limiters {
		opening.Go(func() (err error) {
			f.limiters[i], err = f.members[i%cfg.Clients].client.Limiter(ctx, budget, opts...)
			return err
		})
	}
	return opening.Wait()
}

// calls returns what the clients have sent so far.
func (f *fleet) calls() client.CallCounters {
	var sum client.CallCounters
	for _, m := range f.members {
		sent := m.client.Calls()
		sum.Calls += sent.Calls
		sum.Requests += sent.Requests
	}
	return sum
}

// close ends the limiters, which give their credits back, then the clients, then the traces.
func (f *fleet) close(ctx context.Context) error {
	errs := make([]error, len(f.members))
	var closing sync.WaitGroup
	for i, m := range f.members {
		closing.Go(func() {
			if m.client != nil {
				errs[i] = m.client.Close(ctx)
			}
			if m.writer != nil {
				errs[i] = errors.Join(errs[i], m.writer.Close())
			}
		})
	}
	closing.Wait()
	return errors.Join(errs...)
}
