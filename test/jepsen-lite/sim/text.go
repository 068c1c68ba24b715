package sim

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/leased-io/leased/budget"
)

// String is the schedule's shape in one line, which ParseOptions reads.
func (o Options) String() string {
	var words []string
	flags(&o).VisitAll(func(f *flag.Flag) {
		switch v := f.Value.String(); v {
		case "0", "0s", "false", "": // as it is when it is left out
		default:
			words = append(words, f.Name+"="+v)
		}
	})
	return strings.Join(words, " ")
}

// ParseOptions reads what String wrote: the seed with all that was drawn from it, or was changed
// since. What is left out is zero. The error names the word that makes no sense.
func ParseOptions(line string) (Options, error) {
	var o Options
	set := flags(&o)
	for word := range strings.FieldsSeq(line) {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return Options{}, fmt.Errorf("sim: %q: want name=value", word)
		}
		if err := set.Set(name, value); err != nil {
			return Options{}, fmt.Errorf("sim: %q: %w", word, err)
		}
	}
	return o, o.problem()
}

// problem is why a schedule with these options cannot be played.
func (o Options) problem() error {
	switch {
	case o.Replicas < 1 || o.Holders < 1 || len(o.Limits) == 0 || o.Overload < 1:
		return errors.New("sim: want replicas, holders, limits and overload of at least 1")
	case o.Length <= 0 || o.Insist <= 0:
		return errors.New("sim: want a length and a time to insist after")
	}
	for _, b := range o.above() {
		if err := b.Validate(); err != nil {
			return err
		}
	}
	return o.budget(o.Limits).Validate()
}

// flags are the options by name, as flags of a command line: they know how to be written and read.
func flags(o *Options) *flag.FlagSet {
	set := flag.NewFlagSet("options", flag.ContinueOnError)
	for name, p := range map[string]*int{
		"replicas": &o.Replicas, "holders": &o.Holders, "keys": &o.Keys, "overload": &o.Overload,
		"loss": &o.Loss, "dup": &o.Dup, "slow": &o.Slow, "late": &o.Late, "exact": &o.Exact,
		"sleep": &o.Sleep, "odd": &o.Odd,
	} {
		set.IntVar(p, name, *p, "")
	}
	for name, p := range map[string]*time.Duration{
		"length": &o.Length, "healed": &o.Healed, "patience": &o.Patience,
		"failover": &o.Failover, "crash": &o.Crash, "suspend": &o.Suspend, "change": &o.Change,
		"insist": &o.Insist, "delete": &o.Delete, "restore": &o.Restore, "close": &o.Close,
		"reshape": &o.Reshape, "strange": &o.Strange, "override": &o.Override,
	} {
		set.DurationVar(p, name, *p, "")
	}
	set.Uint64Var(&o.Seed, "seed", o.Seed, "")
	set.Int64Var(&o.DriftPPM, "drift", o.DriftPPM, "")
	set.BoolVar(&o.Local, "local", o.Local, "")
	set.BoolVar(&o.Waves, "waves", o.Waves, "")
	set.BoolVar(&o.Heir, "heir", o.Heir, "")
	set.BoolVar(&o.Verify, "verify", o.Verify, "")
	set.StringVar((*string)(&o.Broken), "broken", string(o.Broken), "")
	set.Var((*limitsText)(&o.Limits), "limits", "")
	set.Var((*limitsText)(&o.Above), "above", "")
	set.BoolVar(&o.Weighs, "weighs", o.Weighs, "")
	return set
}

// limitsText is limits as metric:amount/period, with commas between; a sliding one as
// metric:amount/period/slots=N, a bucket as metric:amount/period/burst=N.
type limitsText []budget.Limit

func (t *limitsText) String() string {
	if t == nil {
		return ""
	}
	words := make([]string, len(*t))
	for i, l := range *t {
		words[i] = fmt.Sprintf("%s:%d/%v", l.Metric, l.Amount, l.Per)
		switch l.Kind {
		case budget.KindSliding:
			words[i] += fmt.Sprintf("/slots=%d", l.Slots)
		case budget.KindBucket:
			words[i] += fmt.Sprintf("/burst=%d", l.Burst)
		}
	}
	return strings.Join(words, ",")
}

// Set reads what String wrote.
func (t *limitsText) Set(s string) error {
	*t = nil
	for word := range strings.SplitSeq(s, ",") {
		metric, rest, _ := strings.Cut(word, ":")
		amount, rest, _ := strings.Cut(rest, "/")
		per, kind, _ := strings.Cut(rest, "/")
		n, err := strconv.ParseInt(amount, 10, 64)
		if err != nil {
			return err
		}
		d, err := time.ParseDuration(per)
		if err != nil {
			return err
		}
		l := budget.Limit{
			Metric: metric, Kind: budget.KindWindow, Per: d, Amount: budget.Credits(n),
		}
		if err := setKind(&l, kind); err != nil {
			return err
		}
		*t = append(*t, l)
	}
	return nil
}

// setKind reads what stands behind a limit's period: nothing, of a window limit.
func setKind(l *budget.Limit, text string) error {
	if text == "" {
		return nil
	}
	name, value, _ := strings.Cut(text, "=")
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		return err
	case n < 1:
		return fmt.Errorf("%s: is %d, want at least 1", name, n)
	case name == "slots":
		l.Kind, l.Slots = budget.KindSliding, int(n)
	case name == "burst":
		l.Kind, l.Burst = budget.KindBucket, budget.Credits(n)
	default:
		return fmt.Errorf("%q: want slots or burst", name)
	}
	return nil
}
