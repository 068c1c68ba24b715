package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/client"
)

// part is what the limiters of one process came to in one run.
type part struct {
	Admitted        int64
	Calls, Requests uint64
	P50, P999       time.Duration
	Failure         string // of the first request that failed
}

// add counts what another process came to; of latencies the worse one.
func (p *part) add(o part) {
	p.Admitted += o.Admitted
	p.Calls += o.Calls
	p.Requests += o.Requests
	p.P50, p.P999 = max(p.P50, o.P50), max(p.P999, o.P999)
	if p.Failure == "" {
		p.Failure = o.Failure
	}
}

// limiting is the process's side: it holds limiters, and loads them once for each line that it is
// told, until it is told no more.
func limiting(args []string) error {
	cfg := DefaultConfig()
	var endpoints, budget string
	flags := flag.NewFlagSet("limit", flag.ContinueOnError)
	flags.StringVar(&endpoints, "endpoints", "", "")
	flags.StringVar(&budget, "budget", "", "")
	flags.IntVar(&cfg.Limiters, "limiters", 0, "")
	flags.IntVar(&cfg.Rate, "rate", 0, "")
	flags.DurationVar(&cfg.Duration, "duration", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg.Clients = 1
	ctx := context.Background()
	f, err := openFleet(ctx, cfg, strings.Split(endpoints, ","), budget, "", "")
	if err != nil {
		return err
	}
	fmt.Println("open")
	told, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for told.Scan() {
		before, l := f.calls(), newLoad(cfg, columns)
		l.drive(ctx, f.limiters, cfg.Duration)
		after := f.calls()
		_, latency := l.timeline.summary(cfg.Duration)
		p := part{Admitted: l.admitted.Load(), Calls: after.Calls - before.Calls,
			Requests: after.Requests - before.Requests, P50: latency.P50, P999: latency.P999}
		if l.failed.Load() > 0 {
			p.Failure = (*l.failure.Load()).Error()
		}
		if err := out.Encode(p); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	return f.close(ctx)
}

// limiters is one such process.
type limiters struct {
	cmd  *exec.Cmd
	tell io.WriteCloser
	said *bufio.Scanner
}

// startLimiters runs a process until the benchmark ends; it has opened its limiters then.
func startLimiters(b *testing.B, cfg Config, endpoints []string, budget string) *limiters {
	b.Helper()
	l := &limiters{cmd: exec.CommandContext(context.Background(), testNode(b)[0], "limit",
		"--endpoints", strings.Join(endpoints, ","), "--budget", budget,
		"--limiters", fmt.Sprint(cfg.Limiters), "--rate", fmt.Sprint(cfg.Rate),
		"--duration", cfg.Duration.String())}
	l.cmd.Stderr = os.Stderr
	out, err := l.cmd.StdoutPipe()
	if err == nil {
		l.said = bufio.NewScanner(out)
		l.tell, err = l.cmd.StdinPipe()
	}
	if err == nil {
		err = l.cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := l.tell.Close(); err != nil {
			b.Error(err)
		}
		if err := l.cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	return l
}

// hear returns the next line of the process.
func (l *limiters) hear(b *testing.B) []byte {
	b.Helper()
	if !l.said.Scan() {
		b.Fatalf("a process of limiters has ended: %v", l.said.Err())
	}
	return l.said.Bytes()
}

// benchProcesses loads limiters that are spread over processes of the operating system.
func benchProcesses(b *testing.B, cluster *nodes, cfg Config, processes int) {
	policy := cfg.policy()
	admin, err := client.New(cluster.endpoints())
	if err != nil {
		b.Fatal(err)
	}
	defer admin.Close(context.WithoutCancel(b.Context())) //nolint:errcheck // it holds nothing
	if _, err := admin.PutBudget(b.Context(), policy); err != nil {
		b.Fatal(err)
	}
	one := cfg
	one.Limiters, one.Rate = cfg.Limiters/processes, cfg.Rate/processes
	all := make([]*limiters, processes)
	for i := range all {
		all[i] = startLimiters(b, one, cluster.endpoints(), policy.Name)
	}
	for _, l := range all {
		l.hear(b)
	}
	var sum part
	var cpu time.Duration
	for b.Loop() {
		busy := nodesCPU(b, cluster)
		for _, l := range all {
			if _, err := fmt.Fprintln(l.tell, "load"); err != nil {
				b.Fatal(err)
			}
		}
		for _, l := range all {
			var p part
			if err := json.Unmarshal(l.hear(b), &p); err != nil {
				b.Fatal(err)
			}
			sum.add(p)
		}
		cpu += nodesCPU(b, cluster) - busy
	}
	if sum.Failure != "" {
		b.Fatal(sum.Failure)
	}
	reportFleet(b, cfg, sum, cpu)
}

// reportFleet reports what a fleet came to, and what its coordinator used of the processors.
func reportFleet(b *testing.B, cfg Config, sum part, cpu time.Duration) {
	b.ReportMetric(float64(sum.Admitted)/cpu.Seconds(), "admissions/core-s")
	b.ReportMetric(float64(sum.Calls)*1000/float64(sum.Admitted), "calls/1k")
	b.ReportMetric(float64(sum.Requests)*1000/float64(sum.Admitted), "requests/1k")
	b.ReportMetric(cpu.Seconds()*100/(float64(b.N)*cfg.Duration.Seconds()), "cpu-%")
	b.ReportMetric(float64(sum.P50), "p50-ns")
	b.ReportMetric(float64(sum.P999), "p99.9-ns")
	b.ReportMetric(0, "ns/op") // the length of a run says nothing
}
