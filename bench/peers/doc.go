// Package peers measures what else limits a fleet, on the same machine and under the same load: a
// Redis limiter, gubernator, and etcd's log, beside leased itself. It is a module of its own, so
// that the product does not depend on its peers. It has tests only:
//
//	go test -C bench/peers -run '^$' -bench . -benchtime 1x
//
// Each peer serves one budget that never runs out to so many callers in this process, each of which
// asks again as soon as it was answered. What is not installed is skipped and reported as absent, with
// the way to install it: a figure that is missing is no figure.
package peers
