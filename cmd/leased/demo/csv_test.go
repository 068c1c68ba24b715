package demo

import (
	"strings"
	"testing"
	"time"
)

const header = "TIMESTAMP,ContextTokens,GeneratedTokens\n"

func TestReadCSV(t *testing.T) {
	w, err := ReadCSV(strings.NewReader(header +
		"2023-11-16 18:17:03.9799600,4808,10\r\n" +
		"2023-11-16 18:17:03.9799600,0,8\r\n" +
		"2023-11-16 18:17:04,110,27"))
	if err != nil {
		t.Fatal(err)
	}
	last := 20*time.Millisecond + 40*time.Microsecond
	for i, want := range []Request{
		{In: 4808, Out: 10}, {Out: 8}, {At: last, In: 110, Out: 27},
		{At: last + last/2, In: 4808, Out: 10},
	} {
		if got := w.Next(); got != want {
			t.Errorf("request %d: got %+v, want %+v", i, got, want)
		}
	}
}

func TestReadCSVIsStrict(t *testing.T) {
	const row = "2023-11-16 18:17:03.97,4808,10\n"
	for name, tc := range map[string]struct{ text, want string }{
		"empty": {"", `line 1: the header is "", want "TIMESTAMP,ContextTokens,GeneratedTokens"`},
		"no header": {row, `line 1: the header is "2023-11-16 18:17:03.97,4808,10", ` +
			`want "TIMESTAMP,ContextTokens,GeneratedTokens"`},
		"other header": {"time,in,out\n" + row, `line 1: the header is "time,in,out", ` +
			`want "TIMESTAMP,ContextTokens,GeneratedTokens"`},
		"columns": {header + row + "2023-11-16 18:17:04,1\n", "line 3: 2 columns, want 3"},
		"time": {header + "16.11.2023 18:17,1,2\n", `line 2: TIMESTAMP is "16.11.2023 18:17", ` +
			`want a time like 2023-11-16 18:17:03.97996`},
		"order": {header + row + "2023-11-16 18:17:02,1,2\n", `line 3: TIMESTAMP ` +
			`"2023-11-16 18:17:02" is before the line above: ` +
			`requests come in the order of their time`},
		"text": {header + "2023-11-16 18:17:04,many,2\n",
			`line 2: ContextTokens is "many", want a whole number in 0..100000000`},
		"negative": {header + "2023-11-16 18:17:04,1,-2\n",
			`line 2: GeneratedTokens is "-2", want a whole number in 0..100000000`},
		"huge": {header + "2023-11-16 18:17:04,1,100000001\n",
			`line 2: GeneratedTokens is "100000001", want a whole number in 0..100000000`},
		"nothing asked": {header + "2023-11-16 18:17:04,0,0\n",
			"line 2: a request of 0 tokens: want at least 1"},
		"too long": {header + row + "2023-12-18 18:17:04,1,2\n", `line 3: TIMESTAMP ` +
			`"2023-12-18 18:17:04" is 768h0m0.03s after the first request: ` +
			`a recording is at most 744h0m0s long`},
		"quote": {header + row + "\"2023,1,2\n",
			`parse error on line 3, column 11: extraneous or missing " in quoted-field`},
		"one request": {header + row,
			"1 requests over no time have no rate: want at least two, at different times"},
		"no time": {header + row + row,
			"2 requests over no time have no rate: want at least two, at different times"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadCSV(strings.NewReader(tc.text))
			if err == nil {
				t.Fatal("no error")
			}
			if got := err.Error(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add(header + "2023-11-16 18:17:03.97,4808,10\n2023-11-16 18:17:04,1,2\n")
	f.Add(header + "2023-11-16 18:17:04,0,0\n")
	f.Add("\"")
	f.Add(header + "0000-01-01 00:00:00,1,0\n0010-01-01 00:00:00,0,1\n") // overflowed when repeated
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ReadCSV(strings.NewReader(text))
		if err != nil {
			return
		}
		last := time.Duration(0)
		for range 100 {
			r := w.Next()
			if r.At < last || r.In < 0 || r.Out < 0 || r.Tokens() < 1 {
				t.Fatalf("request %+v after %s", r, last)
			}
			last = r.At
		}
	})
}
