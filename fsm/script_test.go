package fsm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/fxamacker/cbor/v2"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// TestScripts runs testdata/*.txt: the state machine's behaviour, to be read. Every entry goes
// through both replicas. Run with -rewrite after a change that is meant.
//
// Directives:
//
//	bounds sessions=N ...         shrinks tables
//	open [again]                  opens an epoch in a new term, or in the same
//	entry [at=1m] [epoch=N]       applies one command per line, at the last instant by default
//	events                        shows the events of the last entry
//	state                         shows the state
//	snapshot                      shows the bytes of the state
//	encode [at=1m] [epoch=N]      shows the bytes of an entry, and does not apply it
//
// Commands:
//
//	put NAME [keyed | key=TEMPLATE] [parent=NAME] [weigh=METRIC:COST:TIMES] [expect=REVISION|absent]
//	    METRIC=AMOUNT/PER[/KIND[:BURST]] ...
//	delete NAME [expect=REVISION|absent]
//	set NAME METRIC[/PER][/KIND]=AMOUNT [burst=N] [key=KEY] [for=10m] [expect=REVISION]
//	clear NAME METRIC[/PER][/KIND] [key=KEY] [expect=REVISION]
//	session NAME [KEY | LABEL=VALUE ...]
//	acquire sN #SEQ rREVISION LIMIT:NEED..WANT ... [back LEASE@WINDOW:AMOUNT ...]
//	return sN LEASE@WINDOW:AMOUNT ... [close]
//	takeover DIGIT last=SESSION,LEASE,LIMIT,REVISION      of the backup whose name is all DIGIT
//	nothing | both                malformed: no field is set, or two
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if !strings.HasSuffix(path, ".txt") {
			return
		}
		r := newReplicas()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return r.run(t, d)
		})
	})
}

func (r *replicas) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "bounds":
		d.MaybeScanArgs(t, "budgets", &r.a.bounds.budgets)
		d.MaybeScanArgs(t, "sessions", &r.a.bounds.sessions)
		d.MaybeScanArgs(t, "accounts", &r.a.bounds.accounts)
		d.MaybeScanArgs(t, "graves", &r.a.bounds.graves)
		return ""
	case "open":
		if d.HasArg("again") {
			r.apply(t, Entry{Open: true})
		} else {
			r.open(t)
		}
		return fmt.Sprintf("epoch %d at %s\n", r.a.Epoch(), clock(r.a.T()))
	case "entry":
		var out strings.Builder
		for _, res := range r.apply(t, r.scanEntry(t, d)) {
			fmt.Fprintln(&out, show(res))
		}
		return out.String()
	case "encode":
		return showItems(t, encoded(t, r.scanEntry(t, d)))
	case "snapshot":
		return showItems(t, snapshotOf(t, r.a)) + "hash " + r.a.Hash() + "\n"
	case "events":
		var out strings.Builder
		for _, e := range r.events {
			fmt.Fprintln(&out, showEvent(e))
		}
		return out.String()
	case "state":
		return showState(r.a)
	}
	t.Fatalf("unknown directive %q", d.Cmd)
	return ""
}

func (r *replicas) scanEntry(t *testing.T, d *datadriven.TestData) Entry {
	t.Helper()
	e := Entry{Epoch: r.a.Epoch(), Stamp: r.a.T()}
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "at":
			e.Stamp = budget.Instant(scan(t, arg.Vals[0], budget.ParsePer))
		case "epoch":
			e.Epoch = uint64(scan(t, arg.Vals[0], strconv.Atoi))
		default:
			t.Fatalf("unknown argument %s", arg)
		}
	}
	for line := range strings.Lines(d.Input) {
		e.Commands = append(e.Commands, scanCommand(t, strings.Fields(line)))
	}
	return e
}

// showItems is CBOR, item by item, in diagnostic notation and in hex.
func showItems(t *testing.T, data []byte) string {
	t.Helper()
	var out strings.Builder
	for len(data) > 0 {
		text, rest, err := cbor.DiagnoseFirst(data)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s\n  %x\n", text, data[:len(data)-len(rest)])
		data = rest
	}
	return out.String()
}

func scan[T any](t *testing.T, s string, parse func(string) (T, error)) T {
	t.Helper()
	v, err := parse(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return v
}

func scanf(t *testing.T, s, format string, to ...any) {
	t.Helper()
	if n, err := fmt.Sscanf(s, format, to...); n != len(to) || err != nil {
		t.Fatalf("%q is not of the form %q: %v", s, format, err)
	}
}

func scanCommand(t *testing.T, words []string) Command {
	t.Helper()
	switch words[0] {
	case "nothing":
		return Command{}
	case "both":
		return Command{Return: &Return{Session: 1}, DeleteBudget: &DeleteBudget{}}
	case "put":
		c := PutBudget{Budget: budget.Budget{Name: words[1]}}
		for _, w := range words[2:] {
			switch is, of, _ := strings.Cut(w, "="); is {
			case "expect":
				c.Expect = scanExpect(t, of)
			case "keyed":
				c.Budget.Keyed = true
			case "key":
				c.Budget.Template = of
			case "parent":
				c.Budget.Parent = of
			case "weigh":
				parts := strings.Split(of, ":")
				c.Budget.Weights = append(c.Budget.Weights, budget.Weight{Metric: parts[0],
					Cost: parts[1], Times: int64(scan(t, parts[2], strconv.Atoi))})
			default:
				c.Budget.Limits = append(c.Budget.Limits, scanLimit(t, w))
			}
		}
		return Command{PutBudget: &c}
	case "set", "clear":
		return scanSetLimit(t, words)
	case "takeover":
		c := TakeOver{Backup: backupID(words[1][0])}
		scanf(t, words[2], "last=%d,%d,%d,%d",
			&c.Last.Session, &c.Last.Lease, &c.Last.Limit, &c.Last.Revision)
		return Command{TakeOver: &c}
	case "delete":
		c := DeleteBudget{Name: words[1]}
		for _, w := range words[2:] {
			c.Expect = scanExpect(t, strings.TrimPrefix(w, "expect="))
		}
		return Command{DeleteBudget: &c}
	case "session":
		c := OpenSession{Budget: words[1]}
		for _, w := range words[2:] {
			if name, value, is := strings.Cut(w, "="); is {
				c.Labels = append(c.Labels, budget.Label{Name: name, Value: value})
			} else {
				c.Key = w
			}
		}
		return Command{OpenSession: &c}
	case "acquire":
		return scanAcquire(t, words)
	case "return":
		c := Return{}
		scanf(t, words[1], "s%d", &c.Session)
		for _, w := range words[2:] {
			if w == "close" {
				c.Close = true
				continue
			}
			c.Returns = append(c.Returns, scanReturn(t, w))
		}
		return Command{Return: &c}
	}
	t.Fatalf("unknown command %q", words)
	return Command{}
}

func scanExpect(t *testing.T, s string) uint64 {
	t.Helper()
	if s == "absent" {
		return ExpectAbsent
	}
	return uint64(scan(t, s, strconv.Atoi))
}

// scanSetLimit reads a set or clear command.
func scanSetLimit(t *testing.T, words []string) Command {
	t.Helper()
	c := SetLimit{Budget: words[1], Clear: words[0] == "clear"}
	name, amount, _ := strings.Cut(words[2], "=")
	for i, part := range strings.Split(name, "/") {
		if i == 0 {
			c.Metric = part
		} else if per, err := budget.ParsePer(part); err == nil {
			c.Per = per
		} else {
			c.Kind = budget.Kind(part)
		}
	}
	if amount != "" {
		c.Amount = budget.Credits(scan(t, amount, strconv.Atoi))
	}
	for _, w := range words[3:] {
		switch what, value, _ := strings.Cut(w, "="); what {
		case "burst":
			c.Burst = budget.Credits(scan(t, value, strconv.Atoi))
		case "key":
			c.Key = value
		case "for":
			c.For = scan(t, value, budget.ParsePer)
		case "expect":
			c.Expect = scanExpect(t, value)
		default:
			t.Fatalf("unknown argument %q", w)
		}
	}
	return Command{SetLimit: &c}
}

func scanAcquire(t *testing.T, words []string) Command {
	t.Helper()
	r := lease.Request{}
	back := false
	for _, w := range words[1:] {
		switch {
		case w == "back":
			back = true
		case back:
			r.Returns = append(r.Returns, scanReturn(t, w))
		case w[0] == 's':
			scanf(t, w, "s%d", &r.Session)
		case w[0] == '#':
			scanf(t, w, "#%d", &r.Seq)
		case w[0] == 'r':
			scanf(t, w, "r%d", &r.Revision)
		default:
			a := lease.Ask{}
			scanf(t, w, "%d:%d..%d", &a.Limit, &a.Need, &a.Want)
			r.Asks = append(r.Asks, a)
		}
	}
	return Command{Acquire: &r}
}

func scanLimit(t *testing.T, s string) budget.Limit {
	t.Helper()
	metric, rest, _ := strings.Cut(s, "=")
	amount, per, _ := strings.Cut(rest, "/")
	per, kind, _ := strings.Cut(per, "/")
	kind, burst, _ := strings.Cut(kind, ":")
	l := budget.Limit{
		Metric: metric,
		Kind:   budget.Kind(kind),
		Amount: budget.Credits(scan(t, amount, strconv.Atoi)),
		Per:    scan(t, per, budget.ParsePer),
	}
	if burst != "" {
		l.Burst = budget.Credits(scan(t, burst, strconv.Atoi))
	}
	return l
}

func scanReturn(t *testing.T, s string) lease.Return {
	t.Helper()
	r := lease.Return{}
	scanf(t, s, "%d@%d:%d", &r.Lease, &r.Window, &r.Amount)
	return r
}

func clock(t budget.Instant) string { return budget.FormatPer(time.Duration(t)) }

func showLimits(limits []budget.Limit) string {
	parts := make([]string, len(limits))
	for i, l := range limits {
		parts[i] = fmt.Sprintf("%s=%d/%s", l.Metric, l.Amount, budget.FormatPer(l.Per))
	}
	return strings.Join(parts, " ")
}

// show is a result in one line: its code, then all of its fields that are set.
func show(r Result) string {
	out := []string{r.Code.String()}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if r.Session != 0 {
		add("s%d", r.Session)
	}
	if r.Revision != 0 {
		add("r%d", r.Revision)
	}
	if len(r.Limits) > 0 {
		add("limits [%s]", showLimits(r.Limits))
	}
	for _, l := range r.Levels {
		add("%d of %s", l.Limits, l.Budget)
		for _, w := range l.Weights {
			add("%s=%d*%s", w.Metric, w.Times, w.Cost)
		}
	}
	for _, g := range r.Grants {
		add("lease %d@%d:%d of limit %d for %s", g.Lease, g.Window, g.Amount, g.Limit,
			budget.FormatPer(g.TTL))
	}
	if d := r.Denial; d != nil && r.Code == CodeDone {
		add("nothing of limit %d for %s", d.Limit, budget.FormatPer(d.RetryAfter))
	} else if d != nil {
		add("by limit %d, left %d, retry after %s", d.Limit, d.Left, budget.FormatPer(d.RetryAfter))
	}
	if r.Code == CodeTooLarge {
		add("for limit %d", r.Limit)
	}
	if len(r.Taken) > 0 {
		add("taken %d", r.Taken)
	}
	if r.Created {
		add("created")
	}
	if r.Changed {
		add("changed")
	}
	if r.Complies != 0 {
		add("complies in %s", budget.FormatPer(r.Complies))
	}
	if r.Detail != "" {
		add("(%s)", r.Detail)
	}
	return strings.Join(out, " ")
}

func showEvent(e trace.Event) string {
	out := []string{string(e.Kind)}
	add := func(name string, v any, set bool) {
		if set {
			out = append(out, fmt.Sprintf("%s=%v", name, v))
		}
	}
	add("index", e.Index, e.Index != 0)
	add("term", e.Term, e.Term != 0)
	add("epoch", e.Epoch, e.Epoch != 0)
	add("stamp", clock(budget.Instant(e.Stamp)), e.Stamp != 0)
	add("t", clock(budget.Instant(e.T)), e.T != 0)
	add("hash", len(e.Hash), e.Hash != "")
	add("session", e.Session, e.Session != 0)
	add("seq", e.Seq, e.Seq != 0)
	add("lease", e.Lease, e.Lease != 0)
	add("budget", e.Budget, e.Budget != "")
	add("metric", e.Metric, e.Metric != "")
	add("per", budget.FormatPer(time.Duration(e.Per)), e.Per != 0)
	add("template", e.Template, e.Template != "")
	add("weights", e.Weights, e.Weights != "")
	add("parent", e.Parent, e.Parent != "")
	add("labels", e.Labels, e.Labels != "")
	add("limit", e.Limit, e.Limit != 0)
	add("key", e.Key, e.Key != "")
	add("window", e.Window, e.Window != 0)
	add("amount", e.Amount, e.Amount != 0)
	add("ttl", budget.FormatPer(time.Duration(e.TTL)), e.TTL != 0)
	add("until", clock(budget.Instant(e.Until)), e.Until != 0)
	add("lapse", clock(budget.Instant(e.Lapse)), e.Lapse != 0)
	add("ok", e.OK, e.OK)
	return strings.Join(out, " ")
}

func showState(s *State) string {
	var out strings.Builder
	fmt.Fprintf(&out, "T %s epoch %d index %d\n", clock(s.t), s.epoch, s.index)
	if o := s.origin; o != nil {
		fmt.Fprintf(&out, "took over %.4s... at %s, numbers from session %d lease %d limit %d r%d\n",
			o.Backup, clock(o.At), o.Floor.Session, o.Floor.Lease, o.Floor.Limit, o.Floor.Revision)
	}
	for _, st := range s.Budgets(s.T()) {
		p := s.budgets[st.Budget.Name]
		fmt.Fprintf(&out, "budget %s r%d [%s]", p.Name, p.revision, showLimits(p.Limits))
		if p.Parent != "" {
			fmt.Fprintf(&out, " below %s", p.Parent)
		}
		fmt.Fprintln(&out)
		for _, l := range p.lives {
			fmt.Fprintf(&out, "  limit %d %s window %d ends %s",
				l.serial, l.Metric, l.window, clock(l.end()))
			if l.empty() {
				fmt.Fprintf(&out, " empty until %s opens %s", clock(l.emptyUntil), clock(l.opens(nil, "", 0)))
			}
			if l.forgotten > 0 {
				fmt.Fprintf(&out, " forgotten %d", l.forgotten)
			}
			fmt.Fprintln(&out)
			for _, o := range overrideItems(l.overrides) {
				fmt.Fprintf(&out, "    key %q is overridden by %d", o.Key, o.Amount)
				if o.Until != 0 {
					fmt.Fprintf(&out, " until %s", clock(o.Until))
				}
				fmt.Fprintln(&out)
			}
			for _, key := range keysOf(l.accounts) {
				a := l.accounts.get(key)
				fmt.Fprintf(&out, "    key %q used %d of peak %d askers %d before %d\n",
					key, a.Used, a.Peak, a.Askers, a.PrevAskers)
			}
		}
	}
	for _, g := range slices.SortedFunc(maps.Keys(s.graves), grave.compare) {
		fmt.Fprintf(&out, "grave %s %s until %s\n", g.budget, g.metric, clock(s.graves[g]))
	}
	for ss := s.idle.oldest; ss != nil; ss = ss.newer {
		fmt.Fprintf(&out, "session %d on %s key %q seq %d touched %s", ss.ID, ss.Budget, ss.Key,
			ss.Seq, clock(ss.Touched))
		for _, l := range ss.Labels {
			fmt.Fprintf(&out, " %s=%s", l.Name, l.Value)
		}
		for _, h := range ss.Leases {
			fmt.Fprintf(&out, " lease %d@%d:%d", h.Lease, h.Window, h.Amount)
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}
