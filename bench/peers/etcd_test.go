package peers

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

// etcdNodes are as many as leased's.
const etcdNodes = 3

// BenchmarkEtcd is a Put of a key of the caller's own into three nodes that sync their logs. It decides
// nothing: a limiter on top of it would read first, and compare. It is what another replicated log
// can do for strict mode.
func BenchmarkEtcd(b *testing.B) {
	endpoints := startEtcd(b)
	run(b, target{sampled: 1, open: func(b *testing.B, n int) []caller {
		var clients []*clientv3.Client
		for range connections {
			c, err := clientv3.New(clientv3.Config{Endpoints: endpoints[:1], DialTimeout: patience})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { c.Close() })
			clients = append(clients, c)
		}
		all := make([]caller, n)
		for i := range all {
			key := fmt.Sprintf("/requests/%04d", i)
			all[i] = func(ctx context.Context) error {
				_, err := clients[i%len(clients)].Put(ctx, key, "12345678")
				return err
			}
		}
		return all
	}})
}

// startEtcd starts its nodes in this process, and returns where they answer, the leader first: a
// Put elsewhere would be forwarded.
func startEtcd(b *testing.B) []string {
	configs := make([]*embed.Config, etcdNodes)
	var members []string
	for i := range configs {
		cfg := embed.NewConfig()
		cfg.Name, cfg.Dir = fmt.Sprintf("e%d", i+1), b.TempDir()
		peer, api := local(b), local(b)
		cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
		cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{api}, []url.URL{api}
		cfg.LogLevel = "fatal"
		members = append(members, cfg.Name+"="+peer.String())
		configs[i] = cfg
	}
	started := make([]*embed.Etcd, etcdNodes)
	for i, cfg := range configs {
		cfg.InitialCluster = strings.Join(members, ",")
		node, err := embed.StartEtcd(cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(node.Close)
		started[i] = node
	}
	limit := time.After(patience)
	var endpoints []string
	for i, node := range started {
		select {
		case <-node.Server.ReadyNotify():
		case <-limit:
			b.Fatalf("etcd was not ready within %s", patience)
		}
		address := configs[i].ListenClientUrls[0].String()
		if node.Server.Leader() == node.Server.MemberID() {
			endpoints = append([]string{address}, endpoints...)
		} else {
			endpoints = append(endpoints, address)
		}
	}
	return endpoints
}

func local(b *testing.B) url.URL {
	return url.URL{Scheme: "http", Host: freeAddress(b)}
}
