// Embed shows a limiter inside a program: it spends a budget as fast as the fleet's share
// allows, and prints what it got each second. Start several; together they stay within the
// budget.
//
//	go run ./examples/embed -budget llm 127.0.0.1:7101 127.0.0.1:7201 127.0.0.1:7301
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

func main() {
	budget := flag.String("budget", "llm", "the budget to spend, with a single metric")
	key := flag.String("key", "", "the account of a keyed budget")
	record := flag.String("trace", "", "record what the limiter does in this file, NAME.jsonl")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, flag.Args(), *budget, *key, *record); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoints []string, budget, key, record string) (err error) {
	var options []client.Option
	if record != "" { // a process's part of the trace that 'leased trace check' judges
		header := trace.Event{Run: "default", Role: trace.RoleFleet, Recorder: filepath.Base(record)}
		w, err := trace.Create(record, header, trace.SystemClock())
		if err != nil {
			return err
		}
		defer w.Close()
		options = append(options, client.WithTrace(w))
	}
	c, err := client.New(endpoints, options...)
	if err != nil {
		return err
	}
	defer func() { // what is held goes back for others, also after an interrupt
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		err = errors.Join(err, c.Close(ctx))
	}()
	l, err := c.Limiter(ctx, budget, client.WithKey(key))
	if err != nil {
		return err
	}
	for {
		admitted, err := second(ctx, l)
		var denied *client.DeniedError
		switch {
		case ctx.Err() != nil:
			return nil
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		case errors.As(err, &denied):
			fmt.Printf("%d admitted, more in %s\n", admitted, denied.RetryAfter)
		default:
			fmt.Printf("%d admitted\n", admitted)
		}
	}
}

// second spends what it can get in a second, and returns how much and why it was not more.
func second(ctx context.Context, l *client.Limiter) (admitted int, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for {
		if err := l.Wait(ctx, 1); err != nil {
			return admitted, err
		}
		admitted++ // here the work would be done
	}
}
