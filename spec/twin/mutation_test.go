package twin

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/leased-io/leased/trace"
)

// mutant is one small change of a recording, the same in all replicas' copies.
type mutant struct {
	kind  trace.Kind
	how   string // the field changed; or "drop", "twice", "swap" (with the next), "again" (later)
	apply func(r *recording)
}

// harmless says why mutants may be accepted, by kind and what was changed; "+" and "-" are one
// up and one down. Whatever is not here must be rejected.
var harmless = map[string]string{
	"accept.Attempt-": "a life timed from an earlier attempt is shorter (R7)",
	"accept.Life-":    "a holder may use less of a lease than it could",
	"accept.swap":     "with another lease of its answer, or another session's event",
	"admit.Count":     "a count of admissions is for reports",
	"admit.First":     "a nanosecond is within the grant's and the life's distance",
	"admit.Last":      "a nanosecond is within the life that is left",
	"admit.N+":        "of a lease whose holder died: it may have spent more",
	"admit.drop":      "of a lease whose holder died: it may have spent less",
	"admit.swap":      "with another lease's event",
	"deny.drop":       "refusing leaves no mark",
	"drop.":           "a dropped answer leaves no mark, and may be to any attempt that was made",
	"entry.Hash":      "hashes mean nothing but equality between replicas",
	"entry.Index":     "raft's own entries leave holes in the indexes",
	"entry.Term+":     "terms may be skipped",
	"entry.drop":      "what it did could have been done by the entry before it",
	"entry.swap":      "what it did could have been done by the entry before it",
	"epoch.swap":      "with the hash of the state",
	"expire.drop":     "a holder may leave what it has unspent",
	"expire.swap":     "with another lease's event",
	"fail_open.":      "outside every bound; only reported",
	"shadow.":         "outside every bound; only reported",
	"grant.Amount":    "of a lease that nobody took",
	"grant.swap":      "with the hash of the state",
	"leader.drop":     "of a leader that is not heard of again: it may have lost its last lines",
	"limit.Amount":    "of a limit that nothing comes near to, or whose denial is not told",
	"limit.Burst":     "of a bucket that is nowhere near full while it has that size",
	"limit.Metric":    "a name, where no other limit is its predecessor",
	"limit.Per-":      "a nanosecond that slots make up for, since they are rounded up",
	"limit.Until":     "a start that is empty for longer than it must, or to the same window",
	"limit.drop":      "a change of amount that no grant depended on",
	"limit.swap":      "with the hash of the state",
	"members.Voters":  "names, which mean nothing but equality between replicas",
	"members.drop":    "raft's own entries leave holes in the indexes, and no proposal was skipped",
	"propose.First+":  "a nanosecond, and the story's leaders are not at the bound",
	"propose.First-":  "a reading that may as well have been a nanosecond earlier",
	"propose.swap":    "with the loss of its leadership, which it may have slept through",
	"propose.twice":   "a proposal that became no entry",
	"replay.drop":     "of an answer that was not taken",
	"replay.swap":     "with the hash of the state",
	"replay.twice":    "retries may be many",
	"restore.twice":   "a snapshot may be taken twice",
	"return.Limit-":   "to none: a return need not name its limit",
	"return.drop":     "not taking back is charging more",
	"return.swap":     "with the hash of the state, or an entry of the same window",
	"return.twice":    "a return that is refused may come again",
	"roll.swap":       "with the hash of the state",
	"send.Attempt":    "the only attempt of its session, which was not answered",
	"send.drop":       "an attempt after which its session is not heard of, or the only one",
	"send.swap":       "with another session's event",
	"session.swap":    "with the hash of the state, or with the next entry",
	"session_end.":    "of a session that asks nothing any more",
	"state.Hash":      "hashes mean nothing but equality between replicas",
	"state.drop":      "a state hash is written now and then",
	"state.twice":     "a state hash may be written again",
	"take_over.Hash":  "it names a backup, which is no part of the trace",
}

// explained returns why a mutant may be accepted, or "".
func explained(m mutant, before trace.Event) string {
	if m.kind == trace.KindGrant && strings.HasPrefix(m.how, "Amount") && before.Lease != unanswered {
		return "" // the explanations of grants are of that one
	}
	if strings.TrimRight(m.how, "+-") == "At" {
		return "a nanosecond is less than what lies between two events"
	}
	key := string(m.kind) + "." + m.how
	for _, k := range []string{key, strings.TrimRight(key, "+-"), string(m.kind) + "."} {
		if harmless[k] != "" {
			return k
		}
	}
	return ""
}

// TestEveryMutantIsRejectedOrExplained changes every event of the stories in every way and
// accepts no survivor without a reason.
func TestEveryMutantIsRejectedOrExplained(t *testing.T) {
	used := map[string]bool{}
	everyMutant(t, story().files, used)
	everyMutant(t, heirs().files, used)
	everyMutant(t, kinds().files, used)
	for k := range harmless {
		if !used[k] {
			t.Errorf("no accepted mutant needs the explanation of %s", k)
		}
	}
}

// everyMutant changes every event of a run in every way, and notes the reasons of survivors.
func everyMutant(t *testing.T, base []*file, used map[string]bool) {
	t.Helper()
	total, rejected := 0, 0
	survivors := map[string]int{}
	seen := map[int]bool{}
	for _, f := range base {
		for _, e := range f.events {
			if seen[e.id] {
				continue
			}
			seen[e.id] = true
			for _, m := range mutants(base, e) {
				total++
				r := recordingOf(t, base)
				m.apply(r)
				report, err := checkFiles(t, r.files, Options{})
				if err != nil || report.Verdict == Invalid {
					rejected++
					continue
				}
				reason := explained(m, e.event)
				used[reason] = true
				if reason == "" {
					survivors[string(m.kind)+"."+m.how]++
				}
			}
		}
	}
	for s, n := range survivors {
		t.Errorf("%d mutants %s were accepted", n, s)
	}
	t.Logf("%d of %d mutants rejected, the others explained", rejected, total)
}

// mutants returns the changes of one event: each field that it has by one up and down, dropped,
// written twice, at once and at the end, and in the place of the next one.
func mutants(base []*file, e recorded) []mutant {
	list := []mutant{
		{e.event.Kind, "drop", func(r *recording) { r.drop(e.id) }},
		{e.event.Kind, "twice", func(r *recording) { r.twice(e.id) }},
		{e.event.Kind, "again", func(r *recording) { r.again(e.id) }},
	}
	if swaps(base, e.id) {
		list = append(list, mutant{e.event.Kind, "swap", func(r *recording) { r.swap(e.id) }})
	}
	v := reflect.ValueOf(e.event)
	for i := 1; i < v.NumField(); i++ {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() && !meansZero(e.event.Kind, name) {
			continue
		}
		for _, by := range []int64{1, -1} {
			edit := func(e *trace.Event) {
				f := reflect.ValueOf(e).Elem().Field(i)
				switch f.Kind() {
				case reflect.Bool:
					f.SetBool(!f.Bool())
				case reflect.String:
					f.SetString(fmt.Sprint(f.String(), by))
				case reflect.Uint64:
					f.SetUint(f.Uint() + uint64(by))
				default:
					f.SetInt(f.Int() + by)
				}
			}
			how := name
			if v.Field(i).CanInt() || v.Field(i).CanUint() {
				how += map[int64]string{1: "+", -1: "-"}[by]
			}
			list = append(list, mutant{e.event.Kind, how, func(r *recording) { r.edit(e.id, edit) }})
		}
	}
	return list
}

// meansZero reports whether a kind has a field whose zero says something.
func meansZero(kind trace.Kind, field string) bool {
	switch field {
	case "OK":
		return kind == trace.KindEntry || kind == trace.KindLeader || kind == trace.KindLimit ||
			kind == trace.KindReturn || kind == trace.KindSessionEnd
	case "Window":
		return kind == trace.KindRoll || kind == trace.KindGrant || kind == trace.KindReturn ||
			kind == trace.KindAccept
	case "T", "Stamp":
		return kind == trace.KindEntry || kind == trace.KindEpoch && field == "T"
	case "N":
		return kind == trace.KindExpire
	}
	return false
}
