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
	findings := flag.String("findings", "", "the file to write them to; empty: standard output")
	flag.Parse()
	debug.SetGCPercent(400) // schedules are short and their garbage is small
	if err := run(*seed, *schedules, *findings); err != nil {
		fmt.Fprintln(os.Stderr, "detect:", err)
		os.Exit(1)
	}
}

func run(seed uint64, schedules int, output string) error {
	dir, err := os.MkdirTemp("", "detect")
	if err != nil {
		return err
	}
	var found mutants.Findings
	for _, look := range []detector{simulate, succeed, logged, dated, slotted, related, shared,
		lockstepped} {
		catches, err := look(dir, seed, schedules)
		if err != nil {
			return err
		}
		found.Catches = append(found.Catches, catches...)
	}
	if err := os.RemoveAll(dir); err != nil {
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

// detector plays schedules of seed and after, with files under dir, and returns what each of
// its judges has to say.
type detector func(dir string, seed uint64, schedules int) ([]mutants.Catch, error)
