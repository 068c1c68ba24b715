package trace

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// everything returns an event with a distinct value in every field, by reflection, so that a
// field that is added to Event and not to the table fails the tests below.
func everything(t *testing.T) Event {
	t.Helper()
	var e Event
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(-1000 - i))
		case reflect.Uint64:
			f.SetUint(uint64(1000 + i))
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString("value " + v.Type().Field(i).Name)
		default:
			t.Fatalf("field %s has kind %s: teach the codec and this test",
				v.Type().Field(i).Name, f.Kind())
		}
	}
	e.Kind = KindAdmit
	return e
}

func TestTableIsTheStruct(t *testing.T) {
	typ := reflect.TypeFor[Event]()
	if got, want := len(fields), typ.NumField()-2; got != want {
		t.Fatalf("table has %d fields, Event has %d besides kind and at", got, want)
	}
	for i := range fields {
		name, option, _ := strings.Cut(typ.Field(i+2).Tag.Get("json"), ",")
		if fields[i].name != name {
			t.Errorf("field %d: table says %q, Event %q", i, fields[i].name, name)
		}
		if option != "omitempty" {
			t.Errorf("field %q: tag option %q, want omitempty", name, option)
		}
	}
}

func TestCodecAgreesWithEncodingJSON(t *testing.T) {
	for _, e := range []Event{everything(t), {Kind: KindEnd}, {Kind: KindGap, At: 1, N: 3}} {
		agree(t, e)
	}
	// Each field alone, so that none hides behind another.
	full := reflect.ValueOf(everything(t))
	for i := 1; i < full.NumField(); i++ {
		e := Event{Kind: KindGrant}
		reflect.ValueOf(&e).Elem().Field(i).Set(full.Field(i))
		agree(t, e)
	}
}

func TestCodecAgreesOnAnyEvent(t *testing.T) {
	kind := rapid.SampledFrom([]Kind{KindEntry, KindGrant, KindAdmit, KindSend, KindFailOpen})
	number := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{
		0, 1, -1, math.MaxInt64, math.MinInt64, 9999999999999999, 1_000_000_000_000_000_000}))
	count := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{
		0, math.MaxUint64, math.MaxUint64 / 10, 9_999_999_999_999_999_999}))
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]*`),
		rapid.SampledFrom([]string{"<&>", `"\`, "é", "\x00", "\u2028", "\xff"}))
	rapid.Check(t, func(t *rapid.T) {
		agree(t, Event{
			Kind: kind.Draw(t, "kind"), At: number.Draw(t, "at"), Run: text.Draw(t, "run"),
			Budget: text.Draw(t, "budget"), Key: text.Draw(t, "key"),
			Index: count.Draw(t, "index"), Lease: count.Draw(t, "lease"),
			T: number.Draw(t, "t"), TTL: number.Draw(t, "ttl"), OK: rapid.Bool().Draw(t, "ok"),
		})
	})
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// agree fails unless the codec writes what encoding/json writes and both read it back alike.
func agree(t fataler, e Event) {
	t.Helper()
	want, err := json.Marshal(e)
	if err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	got := appendEvent(nil, &e)
	if string(got) != string(want)+"\n" {
		t.Fatalf("encoded\n got %s\nwant %s", got, want)
	}
	var theirs, ours Event
	if err := json.Unmarshal(want, &theirs); err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	if err := new(decoder).decode(want, &ours); err != nil {
		t.Fatalf("decode %s: %v", want, err)
	}
	if ours != theirs {
		t.Fatalf("decoded %s\n got %+v\nwant %+v", want, ours, theirs)
	}
}

func TestDecodeIsStrict(t *testing.T) {
	tests := []struct {
		line, want string // want is part of the error; empty: accepted
	}{
		{`{"kind":"admit","at":1}`, ""},
		{` {"at": 1, "kind": "admit"} `, ""},
		{`{"kind":"admit","at":1,"ok":false,"n":0}`, ""},
		{`{"kind":"\u0061dmit","at":1}`, ""},
		{`{"kind":"admit","at":1,"nn":1}`, `unknown field "nn"`},
		{`{"kind":"admit","at":1,"N":1}`, `unknown field "N"`},
		{`{"kind":"admit","at":1,"n":1,"n":1}`, `field "n" twice`},
		{`{"kind":"admit","at":1,"at":1}`, `field "at" twice`},
		{`{"kind":"admit","at":1,"n":null}`, `field "n" is null`},
		{`{"kind":"admit","at":1,"n":"1"}`, `field "n" is "1"`},
		{`{"kind":"admit","at":1,"n":1.5}`, `field "n" is 1.5`},
		{`{"kind":"admit","at":1,"n":01}`, "not JSON"},
		{`{"kind":"admit","at":1,"lease":-1}`, `field "lease" is -1`},
		{`{"kind":"admit","at":9223372036854775808}`, `field "at"`},
		{`{"kind":"admit","at":1,"version":9223372036854775808}`, `field "version"`},
		{`{"kind":"admitt","at":1}`, `unknown kind "admitt"`},
		{`{"at":1}`, `unknown kind ""`},
		{`{"kind":"admit","at":1`, "not JSON"},
		{`{"kind":"admit","at":1}}`, "more than one JSON value"},
		{`{"kind":"admit","at":1}{}`, "more than one JSON value"},
		{`["admit"]`, "not a JSON object"},
		{``, "not a JSON object"},
	}
	for _, test := range tests {
		var e Event
		err := new(decoder).decode([]byte(test.line), &e)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: got error %v, want none", test.line, err)
		case test.want == "" && (e.Kind != KindAdmit || e.At != 1):
			t.Errorf("%s: got %+v", test.line, e)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got error %v, want %q", test.line, err, test.want)
		}
	}
}

// FuzzDecode holds the two ways of decoding against each other: what the fast one accepts,
// encoding/json reads to the same event, and what is accepted survives a round trip.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"kind":"admit","at":1,"lease":7,"n":3,"first":1,"last":2}`))
	f.Add([]byte(`{"kind":"entry","at":-5,"index":18446744073709551615,"hash":"ab","ok":true}`))
	f.Add([]byte(`{"kind":"limit","at":0,"budget":"\u00e9","until":-9223372036854775808}`))
	f.Add([]byte(`{"kind":"members","at":9,"index":1,"voters":"n1,n2,n3"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var fast, slow, again Event
		canonical := new(decoder).canonical(line, &fast)
		err := decodeAny(line, &slow)
		if canonical && (err != nil || fast != slow) {
			t.Fatalf("canonical decode of %q gave %+v; decodeAny %+v, %v", line, fast, slow, err)
		}
		if err != nil {
			return
		}
		encoded := appendEvent(nil, &slow)
		if err := new(decoder).decode(encoded[:len(encoded)-1], &again); err != nil || again != slow {
			t.Fatalf("%q: got %+v after a round trip (%v), want %+v", line, again, err, slow)
		}
	})
}

func sampleEvents() []Event {
	return []Event{
		{Kind: KindEntry, At: 123456789012, Index: 123456, Term: 3, Epoch: 3,
			Stamp: 61234567890, T: 61234567890, Hash: "5f3a9c0d11e24b7786aa", OK: true},
		{Kind: KindGrant, At: 123456789100, Session: 41, Seq: 1077, Limit: 3, Key: "tenant-17",
			Window: 61, Amount: 120, Lease: 90412, TTL: 765432110},
		{Kind: KindAdmit, At: 123457789100, Session: 41, Lease: 90412, N: 37, Count: 37,
			First: 123456800000, Last: 123457700000},
	}
}

func BenchmarkEncode(b *testing.B) {
	events := sampleEvents()
	var buffer []byte
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		buffer = appendEvent(buffer[:0], &events[i%len(events)])
		i++
	}
}

func BenchmarkDecode(b *testing.B) {
	var lines [][]byte
	for _, e := range sampleEvents() {
		line := appendEvent(nil, &e)
		lines = append(lines, line[:len(line)-1])
	}
	var d decoder
	var e Event
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := d.decode(lines[i%len(lines)], &e); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
