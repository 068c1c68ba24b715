package discriminate

import (
	"regexp"
	"strconv"
	"strings"
)

// listener reads what a ring's campaign says, line by line.
type listener interface {
	// hear takes the next line, and reports whether the campaign has found something, and said
	// all that there is to say of it.
	hear(line string) bool
	// found is the seed, the judge in a word or two, and the campaign's own text. Without a judge
	// nothing was found.
	found() (seed uint64, judge, text string)
}

// finding is what listeners have in common.
type finding struct {
	seed        uint64
	judge, text string
}

func (f *finding) found() (uint64, string, string) { return f.seed, f.judge, f.text }

// name notes a find; the first one counts.
func (f *finding) name(judge, text string) {
	if f.judge == "" {
		f.judge, f.text = judge, strings.TrimSpace(text)
	}
}

var (
	// logged is a line that a test said, and not what follows it.
	logged = regexp.MustCompile(`^    \w+\.go:\d+: (.*)$`)
	seeded = regexp.MustCompile(`^seed (\d+): (.*)$`)
	// panicked is the product's, or the runtime's, that nobody has caught.
	panicked = regexp.MustCompile(`^(?:panic|fatal error): (.*)$`)
	// broke is the product's word for an invariant that does not hold.
	broke = regexp.MustCompile(`fsm: (\w+) is broken`)
)

// crash is a panic in a word.
func crash(text string) string {
	switch {
	case broke.MatchString(text):
		return "crash: " + broke.FindStringSubmatch(text)[1]
	case strings.Contains(text, "not a snapshot"):
		return "crash: restore"
	case strings.Contains(text, "deadlock"):
		return "deadlock"
	}
	return "crash"
}

// simulated listens to ring 1, which says "seed N: ", and what is wrong.
type simulated struct {
	finding
	disputed bool // the checker's report follows, line by line
}

// violates is where the checker's report names an invariant.
var violates = regexp.MustCompile(`^\s+(\w+) is violated: `)

func (s *simulated) hear(line string) bool {
	m := logged.FindStringSubmatch(line)
	if m == nil {
		if c := violates.FindStringSubmatch(line); s.disputed && c != nil {
			s.judge, s.text, s.disputed = "checker: "+c[1], strings.TrimSpace(line), false
		}
		if p := panicked.FindStringSubmatch(line); p != nil {
			s.name(crash(p[1]), p[1])
		}
		return false
	}
	if s.judge != "" {
		return true
	}
	if told := seeded.FindStringSubmatch(m[1]); told != nil {
		s.seed, _ = strconv.ParseUint(told[1], 10, 64) // digits
		s.name(simulatedJudge(told[2]), told[2])
		s.disputed = s.judge == "checker"
	}
	return false
}

// oracleWords tell the oracle's violations apart.
var oracleWords = []struct{ has, word string }{
	{"never granted", "no lease"}, {"overspent", "overspent"}, {"charged of", "over limit"},
	{"admitted of", "over limit"}, {"rolled into", "roll"}, {"replicas differ", "replicas"},
	{"in window", "wrong window"},
}

// simulatedJudge names who found what a text of sim.Finding says.
func simulatedJudge(text string) string {
	switch {
	case strings.HasPrefix(text, "the product panics"):
		return crash(text)
	case strings.HasPrefix(text, "not served"):
		return "starved"
	case strings.HasPrefix(text, "the checker disagrees"):
		return "checker"
	case strings.HasPrefix(text, "entry "):
		_, name, _ := strings.Cut(text, "invariant ")
		name, _, _ = strings.Cut(name, " ")
		return "invariant: " + name
	}
	for _, w := range oracleWords {
		if strings.Contains(text, w.has) {
			return "oracle: " + w.word
		}
	}
	return "oracle"
}

// virtual listens to ring 2, which says "seed N: " after each run; of one that failed then what
// the checker says, and last, with the run's options, what failed.
type virtual struct {
	finding
	last uint64 // the seed that was told last
	said string // what was said since
}

var (
	verdict  = regexp.MustCompile(`^(?:invalid|unknown): (\w+)`)
	optioned = regexp.MustCompile(`^\s+options: `)
)

func (v *virtual) hear(line string) bool {
	if p := panicked.FindStringSubmatch(line); p != nil {
		v.seed = v.last + 1
		v.name(crash(p[1]), p[1])
		return false
	}
	if optioned.MatchString(line) {
		v.seed = v.last
		v.name(virtualJudge(v.said), v.said)
		return true
	}
	m := logged.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	v.said = m[1]
	if told := seeded.FindStringSubmatch(m[1]); told != nil {
		v.last, _ = strconv.ParseUint(told[1], 10, 64) // digits
	}
	if c := verdict.FindStringSubmatch(m[1]); c != nil {
		v.seed = v.last
		v.name("checker: "+c[1], m[1])
	}
	return false
}

// virtualJudge names what of a run failed.
func virtualJudge(text string) string {
	for _, w := range []struct{ has, word string }{
		{"was not served", "starved"}, {"not healed", "healing"}, {"do not agree", "replicas"},
		{"different states", "disks"}, {"was told", "ledger"}, {"snapshot", "restore"},
	} {
		if strings.Contains(text, w.has) {
			return w.word
		}
	}
	return "run"
}

// processes listens to ring 3, which says "seed N: " first. In the end it has a line for each
// judge, with its verdict, and then those that failed, perhaps with what they said.
type processes struct {
	finding
	first, detail string // the first judge whose verdict is bad, and what it says
}

var (
	judged    = regexp.MustCompile(`^\s+([a-z][a-z ]*?)\s+(?:invalid|unknown)\s+(.*)$`)
	failed    = regexp.MustCompile(`^failed: (?:\[\{Name:([\w-]+) Text:(.*))?`)
	invariant = regexp.MustCompile(`^([A-Z]\w+): `)
)

// blame notes the first judge whose verdict is bad.
func (p *processes) blame(judge, detail string) {
	if p.first != "" || judge == "" {
		return
	}
	p.first, p.detail = judge, detail
	if i := invariant.FindStringSubmatch(detail); i != nil {
		p.first = "checker: " + i[1]
	}
}

func (p *processes) hear(line string) bool {
	if c := panicked.FindStringSubmatch(line); c != nil {
		p.name(crash(c[1]), c[1])
		return false
	}
	if j := judged.FindStringSubmatch(line); j != nil {
		p.blame(j[1], j[2])
	}
	m := logged.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	if told := seeded.FindStringSubmatch(m[1]); told != nil {
		p.seed, _ = strconv.ParseUint(told[1], 10, 64) // digits
	}
	if f := failed.FindStringSubmatch(m[1]); f != nil {
		p.blame(f[1], f[2])
		p.name(p.first, p.detail)
	}
	return false
}
