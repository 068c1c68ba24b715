package budget_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/leased-io/leased/budget"
)

func TestParseTemplate(t *testing.T) {
	long := strings.Repeat("x", budget.MaxKeyLen)
	for _, c := range []struct{ text, labels, err string }{
		{text: "{key}", labels: "key"},
		{text: "org/{org}", labels: "org"},
		{text: "{org}/team:{team}!", labels: "org team"},
		{text: "", err: "text with 1..8 labels in braces, such as {org}/{team}"},
		{text: "org", err: "text with 1..8 labels"},
		{text: "{org", err: "text with 1..8 labels"},
		{text: "org}", err: "text with 1..8 labels"},
		{text: "{a}{b}", err: "between two labels text that begins with one of / : | , ; @ #"},
		{text: "{a}-{b}", err: "between two labels text"},
		{text: "{a}/{a}", err: "each label once, and a is there twice"},
		{text: "{A}", err: `labels of 1..64 of a-z 0-9 _, starting with a letter or digit, and not "A"`},
		{text: "{}", err: "labels of 1..64"},
		{text: "{" + long[:65] + "}", err: "labels of 1..64"},
		{text: long + "{a}", err: "1..256 bytes"},
		{text: "\x00{a}", err: "1..256 bytes of UTF-8 without control characters"},
		{text: "{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", err: "text with 1..8 labels"},
	} {
		tmpl, err := budget.ParseTemplate(c.text)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got := strings.Join(tmpl.Labels(), " "); got != c.labels ||
			!strings.HasPrefix(text, c.err) || (c.err == "") != (text == "") {
			t.Errorf("ParseTemplate(%q) = %q, %q, want %q, %q", c.text, got, text, c.labels, c.err)
		}
	}
}

func TestTemplateKey(t *testing.T) {
	labels := budget.LabelsOf(map[string]string{
		"org": "a/b", "team": "50%", "long": strings.Repeat("x", 255)})
	for _, c := range []struct{ text, key, err string }{
		{text: "{org}", key: "a/b"},
		{text: "o:{org}", key: "o:a/b"},
		{text: "{org}/{team}", key: "a%2Fb/50%25"},
		{text: "{key}", err: `labels.key: nothing is not allowed: a value, since the key is "{key}"`},
		{text: "{org}/{key}", err: "labels.key: nothing is not allowed: a value, since the key is " +
			`"{org}/{key}"`},
		{text: "{org}/{long}", err: `key: 261 bytes is not allowed: at most 256, made of "{org}/{long}"`},
	} {
		tmpl, err := budget.ParseTemplate(c.text)
		if err != nil {
			t.Fatal(err)
		}
		key, err := tmpl.Key(labels)
		if err == nil && key != c.key || err != nil && err.Error() != c.err || err == nil && c.err != "" {
			t.Errorf("%s makes %q, %v, want %q, %s", c.text, key, err, c.key, c.err)
		}
	}
}

// TestKeysNeverCollide draws values of few characters, among them all that are escaped and those
// that escapes are made of: other labels, another key.
func TestKeysNeverCollide(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 0))
	for _, text := range []string{"{a}/{b}", "x{a}:/{b}y", "{a}/2{b}@%{c}", "{a}"} {
		tmpl, err := budget.ParseTemplate(text)
		if err != nil {
			t.Fatal(err)
		}
		made := map[string]string{}
		for range 5_000 {
			values := map[string]string{}
			for _, name := range tmpl.Labels() {
				for range 1 + r.IntN(4) {
					values[name] += string("/:@%2F5xy"[r.IntN(9)])
				}
			}
			key, err := tmpl.Key(budget.LabelsOf(values))
			if err != nil {
				t.Fatal(err)
			}
			from := ""
			for _, l := range budget.LabelsOf(values) {
				from += l.Name + "=" + l.Value + "\n"
			}
			if before, ok := made[key]; ok && before != from {
				t.Fatalf("seed %d: %s makes %q of %q and of %q", seed, text, key, before, from)
			}
			made[key] = from
		}
	}
}

func TestTemplateFits(t *testing.T) {
	tmpl, err := budget.ParseTemplate("{org}/{team}")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tmpl   budget.Template
		labels map[string]string
		want   string
	}{
		{tmpl, map[string]string{"org": "a", "team": "b"}, ""},
		{tmpl, map[string]string{"org": "a"}, "labels.team: nothing is not allowed"},
		{tmpl, map[string]string{"org": "a", "team": "b", "key": "c"}, `labels.key: "c" is not ` +
			`allowed: the labels of the key "{org}/{team}" only: org, team`},
		{budget.Template{}, map[string]string{"org": "a"}, `labels.org: "a" is not allowed: no ` +
			"label, since the budget has no keys"},
		{budget.Template{}, nil, ""},
	} {
		err := c.tmpl.Fits(budget.LabelsOf(c.labels))
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s fits %v: %v, want %q", c.tmpl, c.labels, err, c.want)
		}
	}
}

func TestLabelsValidate(t *testing.T) {
	nine := budget.Labels{}
	for i := range 9 {
		nine = append(nine, budget.Label{Name: string(rune('a' + i)), Value: "x"})
	}
	for _, c := range []struct {
		labels budget.Labels
		want   string
	}{
		{nine[:8], ""},
		{nine, "labels: 9 labels is not allowed: 0..8 labels"},
		{budget.Labels{{"b", "x"}, {"a", "x"}}, "labels.a: this place"},
		{budget.Labels{{"a", "x"}, {"a", "y"}}, "labels.a: this place"},
		{budget.Labels{{"A", "x"}}, `labels: "A"`},
		{budget.Labels{{"a", ""}}, `labels.a: "" is not allowed: 1..256 bytes`},
		{budget.Labels{{"a", strings.Repeat("x", 257)}}, `labels.a: "xxx`},
	} {
		err := c.labels.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.labels, err, c.want)
		}
	}
}

func TestWeightOf(t *testing.T) {
	for _, c := range []struct {
		n     budget.Credits
		times int64
		want  budget.Credits
		ok    bool
	}{
		{0, 5, 0, true}, {3, 5, 15, true}, {budget.MaxAmount, 1, budget.MaxAmount, true},
		{budget.MaxAmount, 2, 0, false}, {budget.MaxAmount, budget.MaxWeight, 0, false},
		{budget.MaxAmount / 5, 5, budget.MaxAmount / 5 * 5, true},
		{budget.MaxAmount/5 + 1, 5, 0, false},
	} {
		got, ok := budget.Weight{Times: c.times}.Of(c.n)
		if got != c.want || ok != c.ok {
			t.Errorf("%d times %d = %d, %t, want %d, %t", c.n, c.times, got, ok, c.want, c.ok)
		}
	}
}

func TestWeightsBounded(t *testing.T) {
	b := level("b", "", "")
	for i := range 65 {
		b.Weights = append(b.Weights, budget.Weight{Metric: "requests",
			Cost: "c" + strings.Repeat("x", i), Times: 1})
	}
	if err := b.Validate(); err == nil ||
		!strings.Contains(err.Error(), "weights: 65 weights is not allowed: 0..64") {
		t.Errorf("65 weights: %v", err)
	}
	b.Weights = append(b.Weights[:2:2], b.Weights[0])
	if err := b.Validate(); err == nil ||
		!strings.Contains(err.Error(), "weights.requests.c: a second weight") {
		t.Errorf("a weight twice: %v", err)
	}
}
