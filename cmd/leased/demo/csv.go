package demo

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of a recorded workload.
const (
	// maxRequests bounds what is held in memory: a day of a busy service.
	maxRequests = 5_000_000
	// maxRequestTokens is far above any model's context. It keeps sums inside 64 bits.
	maxRequestTokens = 100_000_000
	// maxLength keeps the times of a recording that starts over again and again inside 64 bits.
	maxLength = 31 * 24 * time.Hour
)

// csvHeader names the columns of a recorded workload, in order.
var csvHeader = []string{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}

// csvTime is the form of TIMESTAMP; a fraction of a second may follow.
const csvTime = "2006-01-02 15:04:05"

// ReadCSV reads a recorded workload: a header line TIMESTAMP,ContextTokens,GeneratedTokens
// and at least two requests in the order of their time. It is strict: the first thing that is
// wrong is an error that names its line and says what is allowed there.
func ReadCSV(r io.Reader) (Workload, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1
	rows.ReuseRecord = true

	header, err := rows.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !slices.Equal(header, csvHeader) {
		return nil, fmt.Errorf("line 1: the header is %q, want %q",
			strings.Join(header, ","), strings.Join(csvHeader, ","))
	}
	var (
		requests []Request
		start    time.Time
	)
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		at, request, err := parseRow(row)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if len(requests) == 0 {
			start = at
		}
		request.At = at.Sub(start)
		if n := len(requests); n > 0 && request.At < requests[n-1].At {
			return nil, fmt.Errorf("line %d: TIMESTAMP %q is before the line above: "+
				"requests come in the order of their time", line, row[0])
		}
		if request.At > maxLength {
			return nil, fmt.Errorf("line %d: TIMESTAMP %q is %s after the first request: "+
				"a recording is at most %s long", line, row[0], request.At, maxLength)
		}
		if len(requests) == maxRequests {
			return nil, fmt.Errorf("line %d: more than %d requests", line, maxRequests)
		}
		requests = append(requests, request)
	}
	if n := len(requests); n < 2 || requests[n-1].At == 0 {
		return nil, fmt.Errorf("%d requests over no time have no rate: "+
			"want at least two, at different times", n)
	}
	return newReplay(requests), nil
}

// parseRow reads one request and the wall-clock time of its arrival.
func parseRow(row []string) (time.Time, Request, error) {
	if len(row) != len(csvHeader) {
		return time.Time{}, Request{},
			fmt.Errorf("%d columns, want %d", len(row), len(csvHeader))
	}
	at, err := time.Parse(csvTime, row[0])
	if err != nil {
		return time.Time{}, Request{},
			fmt.Errorf("TIMESTAMP is %q, want a time like 2023-11-16 18:17:03.97996", row[0])
	}
	var tokens [2]int64
	for i := range tokens {
		n, err := strconv.ParseInt(row[i+1], 10, 64)
		if err != nil || n < 0 || n > maxRequestTokens {
			return time.Time{}, Request{}, fmt.Errorf("%s is %q, want a whole number in 0..%d",
				csvHeader[i+1], row[i+1], maxRequestTokens)
		}
		tokens[i] = n
	}
	request := Request{In: tokens[0], Out: tokens[1]}
	if request.Tokens() == 0 {
		return time.Time{}, Request{}, errors.New("a request of 0 tokens: want at least 1")
	}
	return at, request, nil
}
