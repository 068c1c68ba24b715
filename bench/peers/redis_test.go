package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// plentyPerSec is a limit that nobody here reaches.
const plentyPerSec = 1_000_000_000

var errRefused = errors.New("peers: refused, by a budget that does not run out")

// BenchmarkRedis is one unreplicated redis-server and the GCRA of redis_rate, a Lua script for each
// decision, over a connection for each caller.
func BenchmarkRedis(b *testing.B) {
	for _, kind := range []struct {
		name string
		args []string
	}{
		{"persistence=none", []string{"--save", "", "--appendonly", "no"}},
		{"persistence=aof-everysec", []string{"--save", "", "--appendonly", "yes",
			"--appendfsync", "everysec"}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			address := startRedis(b, kind.args)
			run(b, target{sampled: 1, open: func(b *testing.B, n int) []caller {
				return redisCallers(b, address, n)
			}})
		})
	}
}

// startRedis starts a server on a free port, with its files in a directory of its own.
func startRedis(b *testing.B, args []string) string {
	program := installed(b, "redis-server", "apt-get install redis-server")
	address := freeAddress(b)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		b.Fatal(err)
	}
	args = append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", b.TempDir(),
		"--loglevel", "warning"}, args...)
	start(b, exec.CommandContext(context.Background(), program, args...))
	c := redis.NewClient(&redis.Options{Addr: address})
	defer c.Close()
	eventually(b, "redis-server answers", func(ctx context.Context) error {
		return c.Ping(ctx).Err()
	})
	return address
}

func redisCallers(b *testing.B, address string, n int) []caller {
	c := redis.NewClient(&redis.Options{Addr: address, PoolSize: n, MinIdleConns: n})
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
	limiter := redis_rate.NewLimiter(c)
	limit := redis_rate.Limit{Rate: plentyPerSec, Burst: plentyPerSec, Period: time.Second}
	all := make([]caller, n)
	for i := range all {
		all[i] = func(ctx context.Context) error {
			res, err := limiter.Allow(ctx, "api", limit)
			if err == nil && res.Allowed != 1 {
				err = fmt.Errorf("%w: %+v", errRefused, res)
			}
			return err
		}
	}
	return all
}
