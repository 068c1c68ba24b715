package budget

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a budget file. The YAML parser is quadratic in the depth of nesting, which the
// last two keep small; a budget file nests five deep.
const (
	// MaxFileSize holds some ten thousand budgets of one limit, in bytes.
	MaxFileSize = 2 << 20
	maxLineLen  = 4096
	maxFlow     = 16
)

// ParseError is one problem of a budget file, with its place.
type ParseError struct {
	// Line and Column count from 1; both are 0 for a problem of the file as a whole.
	Line, Column int
	// Err says what is wrong: a *FieldError, or a message of the YAML parser.
	Err error
}

// Error returns the place and the problem in one line, such as
// "4:15: budgets[0].limits[0].amount: 0 is not allowed: 1..9007199254740992".
func (e *ParseError) Error() string {
	if e.Line == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("%d:%d: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns Err.
func (e *ParseError) Unwrap() error { return e.Err }

// Parse reads a budget file, YAML of the form
//
//	budgets:
//	  - name: chat
//	    keyed: true            # default: false
//	    limits:
//	      - {metric: requests, amount: 100, per: 1m}
//	      - {metric: tokens, amount: 30_000, per: 1m, kind: window}
//	      - {metric: tokens, amount: 9_000_000, align: month, zone: Europe/Berlin}
//	    mode: shadow           # or leased, strict; default: leased
//	    degraded: {share: 20}  # or closed, open; default: closed
//	    unlimited: [hits]      # default: none
//
// and, for budgets of several levels, with a key of several labels or with costs that weigh,
//
//	budgets:
//	  - name: team
//	    key: "{org}/{team}"    # in place of keyed, which means "{key}"
//	    parent: org            # an admission draws on its limits as well
//	    limits:
//	      - {metric: tokens, amount: 30_000, per: 1m}
//	    weights:
//	      tokens: {input_tokens: 1, output_tokens: 5}
//	    sharing: {by: user, weights: {batch: 1}, guaranteed: {web: 20}, reserved: 10}
//
// and returns its budgets in canonical form, in the file's order. Several YAML documents in one
// file are read as one. It is strict, so that a typing error cannot become a policy: unknown
// and repeated fields, repeated names, periods without unit, numbers that are no plain decimal
// integers, aliases and tags are problems, and so is a file without budgets.
//
// The error joins every problem that was found, each a *ParseError; budgets are then nil.
func Parse(data []byte) ([]Budget, error) {
	file, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	r := fileReader{named: map[string]*token.Position{}, homes: map[string]home{}}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			r.document(doc.Body)
		}
	}
	r.families()
	if len(r.budgets) == 0 && len(r.problems) == 0 {
		r.refuse(nil, "budgets", "nothing", "1 or more budgets")
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b *ParseError) int {
			return slices.Compare([]int{a.Line, a.Column}, []int{b.Line, b.Column})
		})
		joined := make([]error, len(r.problems))
		for i, p := range r.problems {
			joined[i] = p
		}
		return nil, errors.Join(joined...)
	}
	return r.budgets, nil
}

// parseYAML turns data into a syntax tree. Its errors are *ParseError.
func parseYAML(data []byte) (*ast.File, error) {
	if len(data) > MaxFileSize {
		return nil, &ParseError{Err: &FieldError{Field: "file",
			Value: strconv.Itoa(len(data)) + " bytes", Allowed: "0.." + strconv.Itoa(MaxFileSize)}}
	}
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		if len(text) > maxLineLen {
			return nil, &ParseError{Line: line, Column: maxLineLen, Err: &FieldError{Field: "line",
				Value: strconv.Itoa(len(text)) + " bytes", Allowed: "0.." + strconv.Itoa(maxLineLen)}}
		}
	}
	tokens := lexer.Tokenize(string(data))
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxFlow {
			return nil, placed(t.Position, &FieldError{Field: "file", Value: "this nesting",
				Allowed: strconv.Itoa(maxFlow) + " brackets deep"})
		}
	}
	file, err := parser.Parse(tokens, 0)
	if err == nil {
		return file, nil
	}
	var syntax yaml.Error
	if errors.As(err, &syntax) && syntax.GetToken() != nil {
		message := strings.Join(strings.Fields(syntax.GetMessage()), " ")
		return nil, placed(syntax.GetToken().Position, errors.New(message))
	}
	return nil, &ParseError{Err: fmt.Errorf("%.200q", err.Error())}
}

// placed is err at pos, which may be nil.
func placed(pos *token.Position, err error) *ParseError {
	if pos == nil {
		return &ParseError{Err: err}
	}
	return &ParseError{Line: pos.Line, Column: pos.Column, Err: err}
}
