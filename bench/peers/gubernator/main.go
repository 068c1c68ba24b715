// Command gubernator runs a cluster of gubernator's nodes in one process, on ports that the system
// picks, until its standard input ends. It prints their gRPC addresses in one line once they know
// each other. It is a module of its own: gubernator builds with older libraries than leased does.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/mailgun/gubernator/v2"
	"github.com/mailgun/gubernator/v2/cluster"
	"github.com/sirupsen/logrus"
)

func main() {
	nodes := flag.Int("nodes", 1, "how many nodes")
	flag.Parse()
	logrus.SetLevel(logrus.ErrorLevel)
	if err := run(*nodes); err != nil {
		fmt.Fprintln(os.Stderr, "gubernator:", err)
		os.Exit(1)
	}
}

func run(nodes int) error {
	var peers []gubernator.PeerInfo
	for range nodes {
		api, err := free()
		if err != nil {
			return err
		}
		http, err := free()
		if err != nil {
			return err
		}
		peers = append(peers, gubernator.PeerInfo{GRPCAddress: api, HTTPAddress: http})
	}
	if err := cluster.StartWith(peers); err != nil {
		return err
	}
	defer cluster.Stop()
	var addresses []string
	for _, p := range cluster.GetPeers() {
		addresses = append(addresses, p.GRPCAddress)
	}
	fmt.Println(strings.Join(addresses, " "))
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// free returns an address that nobody listens on.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
