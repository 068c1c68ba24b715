package lockstep

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/leased-io/leased/spec/twin/explore"
)

// Failure is a step of the code that is none of the twin's.
type Failure struct {
	Scope string
	Break Break
	// Seed and Path name the walk: the harness's own choices, and of each step which of its
	// state's edges it took.
	Seed uint64
	Path []uint16
	// Text is the walk's end, both sides step by step.
	Text string
	Err  error
}

// Error tells the last step, how to replay the walk, and how it went.
func (f *Failure) Error() string {
	return fmt.Sprintf("lockstep: scope %s: after %d steps: %v\nreplay: %s\n%s",
		f.Scope, len(f.Path), f.Err, f.Replay(), f.Text)
}

// Unwrap returns what was wrong.
func (f *Failure) Unwrap() error { return f.Err }

// Replay is the command that repeats the walk.
func (f *Failure) Replay() string {
	text := fmt.Sprintf("go test ./test/jepsen-lite/lockstep -run 'TestReplay$' -v "+
		"-lockstep.walk=%s:%d:%s", f.Scope, f.Seed, formatPath(f.Path))
	if f.Break != Sound {
		text += fmt.Sprintf(" -lockstep.break=%s", f.Break)
	}
	return text
}

func formatPath(path []uint16) string {
	words := make([]string, len(path))
	for i, p := range path {
		words[i] = strconv.Itoa(int(p))
	}
	return strings.Join(words, ".")
}

// ErrWalk is returned when the text of a walk cannot be read.
var ErrWalk = errors.New("lockstep: not a walk, which is SCOPE:SEED:EDGE.EDGE")

// ParseWalk reads what Replay writes behind -lockstep.walk=.
func ParseWalk(text string) (scope Scope, seed uint64, path []uint16, err error) {
	words := strings.Split(text, ":")
	if len(words) != 3 {
		return Scope{}, 0, nil, ErrWalk
	}
	scope, ok := FindScope(words[0])
	seed, err = strconv.ParseUint(words[1], 10, 64)
	if !ok || err != nil {
		return Scope{}, 0, nil, ErrWalk
	}
	for _, word := range strings.Split(words[2], ".") {
		i, err := strconv.ParseUint(word, 10, 16)
		if err != nil {
			return Scope{}, 0, nil, ErrWalk
		}
		path = append(path, uint16(i))
	}
	return scope, seed, path, nil
}

// Replay takes one walk again and tells it step by step. The error is the *Failure that it
// ends in, if it does.
func Replay(scope Scope, seed uint64, path []uint16, broken Break) (string, error) {
	g, err := newGraph(scope)
	if err != nil {
		return "", err
	}
	return g.replay(seed, path, broken)
}

// shownSteps bounds what is shown of a long walk: its end.
const shownSteps = 60

// replay takes a walk again, with notes. Every state's holders are probed where a tour might.
func (g *graph) replay(seed uint64, path []uint16, broken Break) (string, error) {
	w := newWalk(g, seed, broken)
	w.y.noted = true
	lines := []string{}
	for i, p := range path {
		if int(p&^probed) >= len(g.out(w.at)) {
			return "", fmt.Errorf("%w: there is no edge %d after %d steps", ErrWalk, p&^probed, i)
		}
		from := g.nodes[w.at].s
		e := g.out(w.at)[p&^probed]
		w.y.notes = w.y.notes[:0]
		err := w.take(p)
		lines = append(lines, g.line(i+1, e, from))
		for _, n := range w.y.notes {
			lines = append(lines, "      code: "+n)
		}
		if err != nil {
			f := &Failure{Scope: g.scope.Name, Break: broken, Seed: seed,
				Path: path[:i+1], Err: err, Text: tail(lines)}
			return f.Text, f
		}
	}
	return tail(lines), nil
}

func tail(lines []string) string {
	cut := max(0, len(lines)-shownSteps)
	text := strings.Join(lines[cut:], "\n")
	if cut > 0 {
		text = fmt.Sprintf("(%d lines before)\n", cut) + text
	}
	return text + "\n"
}

// line is one step: its kind, and what it changed in the twin.
func (g *graph) line(i int, e edge, from explore.WindowState) string {
	text := fmt.Sprintf("%4d  %-20s [%s]", i, e.step, g.branches[e.branch])
	before := g.twin.Show(from)
	for j, f := range g.twin.Show(g.target(e).s) {
		if f != before[j] {
			text += fmt.Sprintf("  %s=%s", f.Name, f.Value)
		}
	}
	return text
}

// shorterTries is how many seeds are tried on each shorter way to a failure.
const shorterTries = 40

// fail returns the failure that the walk has just ended in, or a shorter walk's: of a shortest
// way to where this one was some steps before its end, and those steps.
func (t *tour) fail(err error) error {
	g, path := t.g, t.w.path
	at := make([]uint32, len(path)) // where each step began
	for i, p := range path[:len(path)-1] {
		at[i+1] = g.out(at[i])[p&^probed].to
	}
	for last := 1; last < len(path); last *= 2 {
		from := len(path) - last
		way := g.shortest(0, at[from])
		for i := range way {
			way[i] |= probed
		}
		way = append(way, path[from:]...)
		way[len(way)-1] |= probed
		for try := range uint64(shorterTries) {
			if len(way) >= len(path) {
				break
			}
			if _, failed := g.replay(t.w.seed+try, way, t.o.Break); failed != nil {
				return failed
			}
		}
	}
	if _, failed := g.replay(t.w.seed, path, t.o.Break); failed != nil {
		return failed
	}
	return fmt.Errorf("lockstep: the harness is not deterministic, it cannot replay: %w", err)
}
