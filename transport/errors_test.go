package transport

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/fsm"
)

// The table must not fall behind the contracts, so the names are read from their source.

func TestEveryResultCodeHasARow(t *testing.T) {
	names := declared(t, "../fsm/command.go", token.CONST, "Code")
	if len(names) != int(fsm.CodeCalendar) {
		t.Fatalf("found the codes %v, want %d of them", names, fsm.CodeCalendar)
	}
	for code := fsm.CodeInvalid; code <= fsm.CodeCalendar; code++ {
		if _, ok := resultRows[code]; !ok {
			t.Errorf("code %d, %s, has no row", code, names[code-1])
		}
	}
}

func TestEverySentinelHasARow(t *testing.T) {
	sentinels := map[string]error{
		"ErrNotLeader":      ErrNotLeader,
		"ErrOverloaded":     ErrOverloaded,
		"ErrOutcomeUnknown": ErrOutcomeUnknown,
		"ErrQuorum":         ErrQuorum,
	}
	for _, name := range declared(t, "coordinator.go", token.VAR, "Err") {
		if sentinels[name] == nil {
			t.Errorf("%s is not in this test", name)
		}
	}
	for _, err := range []error{context.DeadlineExceeded, context.Canceled} {
		sentinels[err.Error()] = err
	}
	for name, err := range sentinels {
		got := toStatus(fmt.Errorf("wrapped: %w", err))
		if code := status.Code(got); code == codes.Internal || code == codes.OK {
			t.Errorf("%s is told as %s", name, code)
		}
		if !ours(got) {
			t.Errorf("%s is told without a reason", name)
		}
	}
}

func TestUnexpectedErrorsAndResultsAreInternal(t *testing.T) {
	for _, got := range []error{
		toStatus(errors.New("some other error")),
		refusal(fsm.Result{Code: fsm.CodeDenied}, "put budget"),
		refusal(fsm.Result{Code: fsm.CodeCalendar + 1}, "put budget"),
	} {
		if status.Code(got) != codes.Internal || reasonOf(got) != ReasonInternal {
			t.Errorf("got %v, want INTERNAL", got)
		}
	}
}

// declared returns the names with a prefix that a file declares at its top level, in order.
func declared(t *testing.T, file string, tok token.Token, prefix string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, decl := range parsed.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != tok {
			continue
		}
		for _, spec := range gen.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				if strings.HasPrefix(name.Name, prefix) {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}
