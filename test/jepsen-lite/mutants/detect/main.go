// Command detect is the detector that mutants of the pure packages are built into. It plays a
// number of schedules and prints, as JSON, who of its judges noticed anything.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

func main() {
	seed := flag.Uint64("seed", 1, "the first seed")
	schedules := flag.Int("schedules", 400, "how many schedules each judge sees at most")
	first := flag.Bool("first", false, "stop when anyone has noticed anything")
	findings := flag.String("findings", "", "the file to write them to; empty: standard output")
	flag.Parse()
	debug.SetGCPercent(400) // schedules are short and their garbage is small
	if err := run(*seed, *schedules, *first, *findings); err != nil {
		fmt.Fprintln(os.Stderr, "detect:", err)
		os.Exit(1)
	}
}

// glance is how many schedules each detector plays before any plays all, if the first catch ends
// the hunt: most mutants are caught within as many.
const glance = 5

func run(seed uint64, schedules int, first bool, output string) error {
	hunt := func(schedules int) (mutants.Findings, error) { return hunt(seed, schedules, first) }
	var found mutants.Findings
	var err error
	if first && schedules > glance {
		found, err = hunt(glance)
	}
	if err == nil && !found.Caught() {
		found, err = hunt(schedules)
	}
	if err != nil {
		return err
	}
	data, err := json.Marshal(found)
	if err != nil {
		return err
	}
	if output == "" {
		_, err = fmt.Printf("%s\n", data)
		return err
	}
	return os.WriteFile(output, data, 0o600)
}

// hunt has every detector look, or until the first catch.
func hunt(seed uint64, schedules int, first bool) (found mutants.Findings, err error) {
	dir, err := os.MkdirTemp("", "detect")
	if err != nil {
		return found, err
	}
	for _, look := range []detector{simulate, succeed, logged, dated, slotted, related, shared,
		lockstepped} {
		catches, err := look(dir, seed, schedules)
		if err != nil {
			return found, err
		}
		found.Catches = append(found.Catches, catches...)
		if first && found.Caught() {
			break
		}
	}
	return found, os.RemoveAll(dir)
}

// detector plays schedules of seed and after, with files under dir, and returns what each of
// its judges has to say.
type detector func(dir string, seed uint64, schedules int) ([]mutants.Catch, error)
