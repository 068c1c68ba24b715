//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/test/jepsen-lite/process"
	"github.com/leased-io/leased/trace"
)

const (
	// tellEvery is how often the ledger is told.
	tellEvery = 200 * time.Millisecond
	// openTimeout bounds one attempt to open a limiter; another follows.
	openTimeout = 10 * time.Second
	// maxOpening bounds how many limiters open at a time.
	maxOpening = 32
	// closeTimeout bounds the end of the limiters.
	closeTimeout = 10 * time.Second
)

// fleet is one process's limiters, and what it says of them.
type fleet struct {
	script   process.FleetScript
	client   *client.Client
	clocks   *clocks
	limiters []atomic.Pointer[client.Limiter] // nil until opened

	// The ledger: credits and operations, by this process's own count.
	admitted, offered atomic.Int64

	mu  sync.Mutex
	out *json.Encoder
}

// admit does what it is told on in until that ends.
func admit(ctx context.Context, s process.FleetScript, in io.Reader, out io.Writer) error {
	hands := newClocks(s)
	writer, err := trace.Create(s.TraceFile, trace.Event{
		Run: s.Run, Recorder: s.Name, Role: trace.RoleFleet, DriftPPM: process.DriftPPM,
	}, hands.trace())
	if err != nil {
		return err
	}
	history, err := process.CreateHistory(s.HistoryFile)
	if err != nil {
		return errors.Join(err, writer.Close())
	}
	history.Mishears = s.Mishears
	f := &fleet{script: s, clocks: hands, out: json.NewEncoder(out),
		limiters: make([]atomic.Pointer[client.Limiter], s.Limiters)}
	f.client, err = client.New(s.Endpoints, client.WithClock(hands.read),
		client.WithTrace(writer), client.WithTraceTime(hands.instant),
		client.WithDialOptions(history.DialOption()),
		client.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	if err != nil {
		return errors.Join(err, history.Close(), writer.Close())
	}
	f.perform(ctx, in)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	// A limiter that could not give its credits back in time is no failure: they are charged.
	if err := f.client.Close(closing); err != nil {
		slog.Warn("not everything was given back", "error", err)
	}
	if err := errors.Join(history.Close(), writer.Close()); err != nil {
		return err
	}
	if s.ExtraAdmission {
		f.admitted.Add(1)
	}
	f.tell(process.FleetLine{Op: process.ToldEnd})
	return nil
}

// perform opens the limiters and plays traffic and probes until the end is commanded.
func (f *fleet) perform(ctx context.Context, in io.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { f.open(ctx) })
	running.Go(func() { f.tick(ctx) })
	if d := f.script.DiesAfter; d > 0 {
		defer time.AfterFunc(d, func() { os.Exit(1) }).Stop()
	}
	commands := make(chan string) // blocks: the stage waits for its turn
	go func() {                   // ends with the standard input
		defer close(commands)
		for lines := bufio.NewScanner(in); lines.Scan(); {
			select {
			case commands <- lines.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for command := process.SayTraffic; ; {
		playing, stop := context.WithCancel(ctx)
		var players sync.WaitGroup
		switch command {
		case process.SayProbe:
			players.Go(func() { f.probe(playing) })
		default:
			players.Go(func() { f.traffic(playing) })
		}
		var ok bool
		select {
		case command, ok = <-commands:
		case <-ctx.Done():
		}
		stop()
		players.Wait()
		if !ok || command == process.SayEnd {
			return
		}
	}
}

// open opens the limiters, each until it is open.
func (f *fleet) open(ctx context.Context) {
	slots := make(chan struct{}, maxOpening)
	var opening sync.WaitGroup
	defer opening.Wait()
	for i := range f.limiters {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		opening.Go(func() {
			defer func() { <-slots }()
			for ctx.Err() == nil && !f.openOne(ctx, i) {
			}
		})
	}
}

func (f *fleet) openOne(ctx context.Context, i int) bool {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	var options []client.LimiterOption
	if f.script.Workload.Keys > 0 {
		options = append(options, client.WithKey(fmt.Sprintf("key-%04d", f.script.First+i)))
	}
	l, err := f.client.Limiter(ctx, process.BudgetName, options...)
	switch {
	case err == nil:
		f.limiters[i].Store(l)
	case errors.Is(err, client.ErrUnknownBudget): // not before a new cluster is restored
		pause(ctx, tellEvery)
	case !errors.Is(err, client.ErrUnavailable):
		f.tell(process.FleetLine{Op: process.ToldTick, Error: err.Error()})
		<-ctx.Done() // not again at once
	}
	return err == nil
}

// tick tells the ledger until ctx ends.
func (f *fleet) tick(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		f.tell(process.FleetLine{Op: process.ToldTick})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// tell says something, with the ledger as it stands.
func (f *fleet) tell(line process.FleetLine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	line.At, line.Admitted, line.Offered = f.clocks.system.Now(), f.admitted.Load(), f.offered.Load()
	line.Base, line.Own = f.clocks.base, f.clocks.own
	_ = f.out.Encode(line) // a stage that is gone hears nothing
}
