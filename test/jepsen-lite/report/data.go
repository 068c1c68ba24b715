package report

import (
	"cmp"
	"slices"
	"time"
)

// maxFaults of a run are drawn, the first. Their counts by kind are of all.
const maxFaults = 50_000

// runData is what the page's script draws a run from. All instants are microseconds since its
// beginning; lists of names are referred to by index, -1 for none.
type runData struct {
	Name     string        `json:"name"`
	Ring     int           `json:"ring"`
	Verdict  string        `json:"verdict"`
	Verdicts []Verdict     `json:"verdicts"`
	Facts    [][2]string   `json:"facts"`
	Replay   string        `json:"replay"`
	End      int64         `json:"end"`
	Kinds    []string      `json:"kinds"`
	Counts   []int64       `json:"counts"` // of kinds
	Targets  []string      `json:"targets"`
	Outcomes []string      `json:"outcomes"`
	Faults   [][5]int64    `json:"faults"` // kind, target, from, to, outcome
	Hidden   [2]int64      `json:"hidden"` // faults, windows
	Accounts []accountData `json:"accounts"`
	Waits    [][5]int64    `json:"waits"` // from, to, count, median, max
	Gaps     [][4]int64    `json:"gaps"`  // from, open, to, admitted
	Nodes    []string      `json:"nodes"`
	Leads    [][4]int64    `json:"leads"` // node, epoch, from, to
}

type accountData struct {
	Label string     `json:"label"`
	Bands [][6]int64 `json:"bands"` // from, to, bound, granted, admitted, windows
}

// dataOf is the data of all runs, in the order of the list.
func dataOf(campaigns []*Campaign) []runData {
	runs := []runData{}
	for _, c := range campaigns {
		for i := range c.Runs {
			runs = append(runs, c.Runs[i].data(c.Ring))
		}
	}
	return runs
}

// names gives each name a number, in order of first appearance.
type names struct {
	list   []string
	number map[string]int64
}

func newNames() *names { return &names{list: []string{}, number: map[string]int64{}} }

// of returns name's number, or -1 of an empty one.
func (n *names) of(name string) int64 {
	if name == "" {
		return -1
	}
	number, known := n.number[name]
	if !known {
		number = int64(len(n.list))
		n.number[name] = number
		n.list = append(n.list, name)
	}
	return number
}

func (r *Run) data(ring int) runData {
	d := runData{Name: r.Name, Ring: ring, Verdict: r.Verdict(), Verdicts: r.Verdicts,
		Facts: r.facts(), Replay: r.Replay, End: micros(r.Length),
		Faults: [][5]int64{}, Accounts: []accountData{}, Waits: [][5]int64{},
		Gaps: [][4]int64{}, Leads: [][4]int64{}}
	if d.Verdicts == nil {
		d.Verdicts = []Verdict{}
	}
	reach := func(to time.Duration) int64 {
		d.End = max(d.End, micros(to))
		return micros(to)
	}
	if r.Lives > 1 {
		d.End = 0 // a sum of lives has no axis of its own
	}
	r.faultData(&d, reach)
	s := &r.Story
	d.Hidden[1] = s.Hidden
	d.Accounts = s.accountData(reach)
	for _, w := range s.Waits {
		d.Waits = append(d.Waits, [5]int64{micros(w.From), micros(w.To), w.Count, micros(w.Median),
			micros(w.Max)})
	}
	for _, g := range s.Gaps {
		d.Gaps = append(d.Gaps, [4]int64{micros(g.From), micros(g.Open), reach(g.To), g.Admitted})
	}
	nodes := newNames()
	for _, l := range s.Leads {
		d.Leads = append(d.Leads, [4]int64{nodes.of(l.Node), int64(l.Epoch), micros(l.From),
			reach(l.To)})
	}
	d.Nodes = nodes.list
	return d
}

// faultData adds the faults, and the kinds that were counted, in the order of their names.
func (r *Run) faultData(d *runData, reach func(time.Duration) int64) {
	kinds, targets, outcomes := newNames(), newNames(), newNames()
	all := map[string]int64{}
	for kind, n := range r.Counts {
		all[kind] = n
	}
	for _, f := range r.Faults {
		if _, counted := r.Counts[f.Kind]; !counted {
			all[f.Kind]++
		}
	}
	for kind := range all {
		d.Kinds = append(d.Kinds, kind)
	}
	slices.Sort(d.Kinds)
	d.Counts = []int64{}
	for _, kind := range d.Kinds {
		kinds.of(kind)
		d.Counts = append(d.Counts, all[kind])
	}
	faults := slices.Clone(r.Faults)
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.From, b.From) })
	if len(faults) > maxFaults {
		d.Hidden[0] = int64(len(faults) - maxFaults)
		faults = faults[:maxFaults]
	}
	for _, f := range faults {
		d.Faults = append(d.Faults, [5]int64{kinds.of(f.Kind), targets.of(f.Target),
			micros(f.From), reach(f.To), outcomes.of(f.Outcome)})
	}
	d.Kinds, d.Targets, d.Outcomes = kinds.list, targets.list, outcomes.list
}

// accountData gathers the bands by account, each account's in order of time.
func (s *Story) accountData(reach func(time.Duration) int64) []accountData {
	accounts := []accountData{}
	number := map[[3]string]int{}
	for _, b := range s.Bands {
		name := [3]string{b.Budget, b.Metric, b.Key}
		i, known := number[name]
		if !known {
			i = len(accounts)
			number[name] = i
			label := b.Budget + " " + b.Metric
			if b.Key != "" {
				label += ", " + b.Key
			}
			accounts = append(accounts, accountData{Label: label})
		}
		accounts[i].Bands = append(accounts[i].Bands, [6]int64{micros(b.From), reach(b.To),
			b.Bound, b.Granted, b.Admitted, max(1, b.Windows)})
	}
	for _, a := range accounts {
		slices.SortStableFunc(a.Bands, func(b, c [6]int64) int { return cmp.Compare(b[0], c[0]) })
	}
	return accounts
}

// facts are what is told of a run beside its chart.
func (r *Run) facts() [][2]string {
	facts := [][2]string{}
	add := func(name, text string) {
		if text != "" && text != none {
			facts = append(facts, [2]string{name, text})
		}
	}
	kind := "real"
	if r.Virtual {
		kind = "virtual"
	}
	switch {
	case r.Lives == 0:
		add("stands for", "a sample of another run's lives")
	case r.Lives > 1:
		add("stands for", several(r.Lives, "life", "lives"))
	}
	add("length", span(r.Length)+", "+kind)
	add("nodes, limiters", count64(r.Nodes)+", "+count64(r.Limiters))
	add("workload", r.Workload)
	s := &r.Story
	add("events, entries", count(s.Events)+", "+count(s.Entries))
	add("epochs, restores", count(s.Epochs)+", "+count(s.Restores))
	add("windows", count(s.Windows))
	add("credits admitted, of the limits", used(s))
	add("largest overshoot", several(s.Overshoot, "credit", "credits"))
	if s.Slots > 0 {
		add("slots taken", count(s.Slots))
	}
	if s.FailOpen > 0 {
		add("without lease, by policy", several(s.FailOpen, "credit", "credits"))
	}
	if s.Operations > 0 {
		add("operations judged", count(s.Operations))
	}
	add("healings; slowest until all were served", r.Served.text())
	return facts
}

// micros is d in microseconds.
func micros(d time.Duration) int64 { return int64(d / time.Microsecond) }
