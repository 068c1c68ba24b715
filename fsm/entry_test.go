package fsm

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/leased-io/leased/lease"
)

func TestEntriesAreRefused(t *testing.T) {
	tests := []struct {
		entry Entry
		want  string
	}{
		{Entry{Open: true, Epoch: 1}, "carries epoch 1, stamp 0, 0 commands: it may carry nothing else"},
		{Entry{Open: true, Stamp: 1}, "carries epoch 0, stamp 1, 0 commands: it may carry nothing else"},
		{Entry{Open: true, Commands: make([]Command, 1)}, "0, 1 commands: it may carry nothing else"},
		{Entry{Stamp: -1}, "stamp is -1: it must be in 0..4730572036854775807"},
		{Entry{Stamp: MaxStamp + 1}, "stamp is 4730572036854775808: it must be in 0..47305"},
		{Entry{Commands: make([]Command, MaxCommands+1)}, "has 4097 commands: at most 4096"},
	}
	for _, tt := range tests {
		if _, err := EncodeEntry(tt.entry); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("EncodeEntry: got %v, want %s", err, tt.want)
		}
		data := encoded(t, tt.entry)
		if _, err := DecodeEntry(data); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("DecodeEntry: got %v, want %s", err, tt.want)
		}
		got := panicOf(func() { New(nil).Apply(7, 3, tt.entry) })
		if !strings.Contains(got, "WellFormed is broken at index 7 term 3") ||
			!strings.Contains(got, tt.want) {
			t.Errorf("Apply: got panic %q, want %s", got, tt.want)
		}
	}
}

func panicOf(f func()) (text string) {
	defer func() { text, _ = recover().(string) }()
	f()
	return ""
}

func TestDecodeEntryIsStrict(t *testing.T) {
	good := encoded(t, Entry{Epoch: 1, Stamp: 2, Commands: []Command{
		{Acquire: &lease.Request{Session: 1, Seq: 1}}}})
	if _, err := DecodeEntry(good); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing":           {},
		"trailing byte":     append(bytes.Clone(good), 0),
		"cut off":           good[:len(good)-1],
		"unknown field":     {0xa1, 0x18, 0x63, 0x01},
		"field by name":     {0xa1, 0x64, 'O', 'p', 'e', 'n', 0xf5},
		"repeated field":    {0xa2, 0x02, 0x01, 0x02, 0x01},
		"indefinite length": {0xbf, 0x02, 0x01, 0xff},
		"tag":               {0xa1, 0x02, 0xc2, 0x41, 0x01},
		"wrong type":        {0xa1, 0x02, 0x61, 'a'},
		"fraction":          {0xa1, 0x02, 0xf9, 0x3e, 0x00},
		"negative":          {0xa1, 0x02, 0x20},
		"invalid UTF-8": {0xa1, 0x04, 0x81, 0xa1, 0x05, 0xa1, 0x01, 0x61,
			0xff},
	} {
		if e, err := DecodeEntry(data); err == nil {
			t.Errorf("%s: got %+v, want an error", name, e)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(encoded(f, Entry{Open: true}))
	f.Add(encoded(f, Entry{Epoch: 1, Stamp: 2, Commands: []Command{
		{OpenSession: &OpenSession{Budget: "b", Key: "k"}},
		{Acquire: &lease.Request{Session: 1, Seq: 1, Asks: []lease.Ask{{Need: 1, Want: 2}}}},
		{Return: &Return{Session: 1, Returns: []lease.Return{{Lease: 1, Amount: 1}}, Close: true}},
		put("b"), {DeleteBudget: &DeleteBudget{Name: "b"}},
	}}))
	f.Add(encoded(f, Entry{Epoch: 1, Stamp: 2, Commands: []Command{
		{TakeOver: &TakeOver{Backup: backupID('a'), Last: Counters{1, 2, 3, 4}}}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEntry(data)
		if err != nil {
			return
		}
		again := recoded(t, e)
		if !bytes.Equal(encoded(t, again), encoded(t, e)) {
			t.Fatalf("%+v is not itself after the codec: %+v", e, again)
		}
		// What can be decoded can be applied.
		s := New(nil)
		s.Apply(1, 1, Entry{Open: true})
		if !e.Open {
			e.Epoch = 1
		}
		s.Apply(2, 1, e)
		if err := Check(s); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCodeNames(t *testing.T) {
	names := map[string]Code{}
	for c := CodeInvalid; c <= CodeCalendar; c++ {
		if other, taken := names[c.String()]; taken || c.String() == "" {
			t.Errorf("%d and %d are both named %q", c, other, c)
		}
		names[c.String()] = c
	}
	if got := (CodeCalendar + 1).String(); got != "code 16" {
		t.Errorf("got %q, want code 16", got)
	}
}

// errWriter fails once n bytes were written.
type errWriter struct{ n int }

var errDisk = errors.New("the disk is full")

func (w *errWriter) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errDisk
	}
	return len(p), nil
}
