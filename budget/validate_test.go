package budget_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// chat is a valid budget to start from.
func chat() budget.Budget {
	return budget.Budget{Name: "chat", Limits: []budget.Limit{
		{Metric: "requests", Kind: budget.KindWindow, Amount: 100, Per: time.Minute},
		{Metric: "tokens", Kind: budget.KindWindow, Amount: 30_000, Per: time.Minute},
	}}
}

func TestValidateAccepts(t *testing.T) {
	for name, change := range map[string]func(b *budget.Budget){
		"as it is":        func(*budget.Budget) {},
		"every name byte": func(b *budget.Budget) { b.Name = "0azAZ._-/:9" },
		"longest name":    func(b *budget.Budget) { b.Name = strings.Repeat("n", 128) },
		"longest metric":  func(b *budget.Budget) { b.Limits[0].Metric = strings.Repeat("m", 128) },
		"smallest amount": func(b *budget.Budget) { b.Limits[0].Amount = 1 },
		"largest amount":  func(b *budget.Budget) { b.Limits[0].Amount = 1 << 53 },
		"shortest period": func(b *budget.Budget) { b.Limits[0].Per = 10 * time.Millisecond },
		"longest period":  func(b *budget.Budget) { b.Limits[0].Per = 400 * 24 * time.Hour },
		"no kind":         func(b *budget.Budget) { b.Limits[0].Kind = "" },
		"metric, two pers": func(b *budget.Budget) {
			b.Limits[1].Metric, b.Limits[1].Per = "requests", time.Hour
		},
		"any order":   func(b *budget.Budget) { slices.Reverse(b.Limits) },
		"keyed":       func(b *budget.Budget) { b.Keyed = true },
		"most limits": func(b *budget.Budget) { b.Limits = limits(16) },
		"sliding":     func(b *budget.Budget) { b.Limits[0].Kind = budget.KindSliding },
		"sliding, one slot": func(b *budget.Budget) {
			b.Limits[0].Kind, b.Limits[0].Slots = budget.KindSliding, 1
		},
		"bucket": func(b *budget.Budget) { b.Limits[0].Kind = budget.KindBucket },
		"bucket of one": func(b *budget.Budget) {
			b.Limits[0].Kind, b.Limits[0].Burst = budget.KindBucket, 1
		},
		"digit begins name": func(b *budget.Budget) { b.Name, b.Limits[0].Metric = "4", "4" },
	} {
		b := chat()
		change(&b)
		if err := b.Validate(); err != nil {
			t.Errorf("%s: got %v, want nil", name, err)
		}
	}
}

func limits(n int) []budget.Limit {
	ls := make([]budget.Limit, n)
	for i := range ls {
		ls[i] = budget.Limit{Metric: "m", Amount: 1, Per: time.Duration(i+1) * time.Second}
	}
	return ls
}

func TestValidateRefuses(t *testing.T) {
	tests := []struct {
		change func(b *budget.Budget)
		want   string
	}{
		{func(b *budget.Budget) { b.Name = "" },
			`name: "" is not allowed: 1..128 of a-z A-Z 0-9 . _ - / :, starting with a letter or digit`},
		{func(b *budget.Budget) { b.Name = strings.Repeat("n", 129) },
			`name: "` + strings.Repeat("n", 40) + `" is not allowed: ` +
				`1..128 of a-z A-Z 0-9 . _ - / :, starting with a letter or digit`},
		{func(b *budget.Budget) { b.Name = "-a" }, `name: "-a" is not allowed: *`},
		{func(b *budget.Budget) { b.Name = "a b" }, `name: "a b" is not allowed: *`},
		{func(b *budget.Budget) { b.Name = "ä" }, `name: "ä" is not allowed: *`},
		{func(b *budget.Budget) { b.Limits = nil }, `limits: 0 limits is not allowed: 1..16 limits`},
		{func(b *budget.Budget) { b.Limits = limits(17) },
			`limits: 17 limits is not allowed: 1..16 limits`},
		{func(b *budget.Budget) { b.Limits[0].Metric = "Requests" },
			`limits[0].metric: "Requests" is not allowed: ` +
				`1..128 of a-z 0-9 _, starting with a letter or digit`},
		{func(b *budget.Budget) { b.Limits[1].Metric = "_" }, `limits[1].metric: "_" is not allowed: *`},
		{func(b *budget.Budget) { b.Limits[1].Kind = "rolling" },
			`limits[1].kind: "rolling" is not allowed: "window", "sliding", "bucket" or "slots"`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Slots = budget.KindSlots, 1 },
			`limits[1].slots: 1 is not allowed: 1..60, and only with kind sliding`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Amount = budget.KindSlots, 1e6+1 },
			`limits[1].amount: 1000001 is not allowed: 1..1000000 with kind slots`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Per = budget.KindSlots, 99_000_000 },
			`limits[1].per: 99ms is not allowed: 100ms..5m with kind slots, whose leases last for it`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Per = budget.KindSlots, 301*time.Second },
			`limits[1].per: 5m1s is not allowed: 100ms..5m with kind slots, whose leases last for it`},
		{func(b *budget.Budget) { b.Limits[1].Slots = 1 },
			`limits[1].slots: 1 is not allowed: 1..60, and only with kind sliding`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Slots = budget.KindSliding, 61 },
			`limits[1].slots: 61 is not allowed: 1..60, and only with kind sliding`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Slots = budget.KindSliding, -1 },
			`limits[1].slots: -1 is not allowed: 1..60, and only with kind sliding`},
		{func(b *budget.Budget) { b.Limits[1].Burst = 1 },
			`limits[1].burst: 1 is not allowed: 1..9007199254740992, and only with kind bucket`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Burst = budget.KindBucket, -1 },
			`limits[1].burst: -1 is not allowed: 1..9007199254740992, and only with kind bucket`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Burst = budget.KindBucket, 1<<53+1 },
			`limits[1].burst: 9007199254740993 is not allowed: *`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Burst = budget.KindBucket, 79 },
			`limits[1].burst: 79 is not allowed: what 30000 per 1m refill in 160ms..400d`},
		{func(b *budget.Budget) { b.Limits[1].Kind, b.Limits[1].Lease = budget.KindBucket, 1 },
			`limits[1].lease: 1ns is not allowed: 942.1875ms..15.075s, as parts of what fills the bucket`},
		{func(b *budget.Budget) { b.Limits[1].Lease = 1 },
			`limits[1].lease: 1ns is not allowed: only with kind bucket`},
		{func(b *budget.Budget) { b.Limits[1].Amount = 0 },
			`limits[1].amount: 0 is not allowed: 1..9007199254740992`},
		{func(b *budget.Budget) { b.Limits[1].Amount = -3 },
			`limits[1].amount: -3 is not allowed: 1..9007199254740992`},
		{func(b *budget.Budget) { b.Limits[1].Amount = 1<<53 + 1 },
			`limits[1].amount: 9007199254740993 is not allowed: 1..9007199254740992`},
		{func(b *budget.Budget) { b.Limits[0].Per = budget.MinPer - 1 },
			`limits[0].per: 9.999999ms is not allowed: 10ms..400d`},
		{func(b *budget.Budget) { b.Limits[0].Per = budget.MaxPer + time.Second },
			`limits[0].per: 400d1s is not allowed: 10ms..400d`},
		{func(b *budget.Budget) { b.Limits[1] = b.Limits[0]; b.Limits[1].Kind = "" },
			`limits[1]: "requests" per 1m is not allowed: ` +
				`a metric, kind and period once, and limits[0] has them`},
	}
	for _, tt := range tests {
		b := chat()
		tt.change(&b)
		err := b.Validate()
		if err == nil {
			t.Errorf("got nil, want %s", tt.want)
			continue
		}
		got, want := err.Error(), tt.want
		if prefix, cut := strings.CutSuffix(want, "*"); cut && strings.HasPrefix(got, prefix) {
			continue
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestValidateJoinsAll(t *testing.T) {
	b := budget.Budget{Name: "?", Limits: []budget.Limit{{}, {Metric: "m", Amount: 1, Per: 1}}}
	err := b.Validate()
	var fields []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var fe *budget.FieldError
		if !errors.As(e, &fe) {
			t.Fatalf("got %T, want *FieldError", e)
		}
		fields = append(fields, fe.Field)
	}
	want := []string{"name", "limits[0].metric", "limits[0].amount", "limits[0].per", "limits[1].per"}
	if !slices.Equal(fields, want) {
		t.Errorf("got %v, want %v", fields, want)
	}
}

func TestValidateKey(t *testing.T) {
	tests := []struct {
		keyed bool
		key   string
		want  string // empty: allowed
	}{
		{false, "", ""},
		{false, "a", `key: "a" is not allowed: none, since the budget has no keys`},
		{true, "a", ""},
		{true, "customer/7 é 🙂", ""},
		{true, strings.Repeat("k", 256), ""},
		{true, "", `key: "" is not allowed: 1..256 bytes of UTF-8 without control characters`},
		{true, strings.Repeat("k", 257), `key: "` + strings.Repeat("k", 40) +
			`" is not allowed: 1..256 bytes of UTF-8 without control characters`},
		{true, "a\x00", `key: "a\x00" is not allowed: 1..256 bytes of UTF-8 without control characters`},
		{true, "a\n", `key: "a\n" is not allowed: 1..256 bytes of UTF-8 without control characters`},
		{true, "a\xff", `key: "a\xff" is not allowed: 1..256 bytes of UTF-8 without control characters`},
		{true, "a\u0085", `key: "a\u0085" is not allowed: ` +
			`1..256 bytes of UTF-8 without control characters`},
	}
	for _, tt := range tests {
		got := ""
		if err := budget.ValidateKey(tt.keyed, tt.key); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("ValidateKey(%v, %q): got %q, want %q", tt.keyed, tt.key, got, tt.want)
		}
	}
}

func TestCanonical(t *testing.T) {
	b := budget.Budget{Name: "b", Keyed: true, Limits: []budget.Limit{
		{Metric: "z", Kind: budget.KindWindow, Amount: 1, Per: time.Second},
		{Metric: "a", Amount: 2, Per: time.Hour},
		{Metric: "a", Kind: "other", Amount: 4, Per: time.Minute},
		{Metric: "a", Kind: budget.KindWindow, Amount: 3, Per: time.Minute},
	}}
	before := slices.Clone(b.Limits)
	got := b.Canonical()
	want := budget.Budget{Name: "b", Keyed: true, Limits: []budget.Limit{
		{Metric: "a", Kind: "other", Amount: 4, Per: time.Minute},
		{Metric: "a", Kind: budget.KindWindow, Amount: 3, Per: time.Minute},
		{Metric: "a", Kind: budget.KindWindow, Amount: 2, Per: time.Hour},
		{Metric: "z", Kind: budget.KindWindow, Amount: 1, Per: time.Second},
	}}
	if !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !slices.Equal(b.Limits, before) {
		t.Errorf("the receiver changed: got %v, want %v", b.Limits, before)
	}
	if !got.Canonical().Equal(got) {
		t.Error("a canonical budget is not its own canonical form")
	}
	for name, other := range map[string]budget.Budget{
		"name":   {Name: "c", Keyed: true, Limits: want.Limits},
		"keyed":  {Name: "b", Limits: want.Limits},
		"limits": {Name: "b", Keyed: true, Limits: want.Limits[1:]},
	} {
		if got.Equal(other) {
			t.Errorf("Equal ignores a difference of %s", name)
		}
	}
}
