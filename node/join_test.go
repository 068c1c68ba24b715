package node

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// blackHole is a network from which nobody answers: each call takes its whole time.
type blackHole struct{ finder }

func (blackHole) members() []member { return nil }

func (blackHole) call(addresses []string) error {
	time.Sleep(gossipTimeout * time.Duration(len(addresses))) //nolint:forbidigo // in a bubble
	return context.DeadlineExceeded
}

// TestCallsEndWithTheNode: a node that stops waits for one call upon a member that is gone, however
// many there are.
func TestCallsEndWithTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &membership{finder: blackHole{}, log: slog.New(slog.DiscardHandler)}
		for i := range 30 {
			m.join = append(m.join, fmt.Sprintf("192.0.2.%d:7103", i))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*gossipTimeout/2)
		defer cancel()
		begin := time.Now()
		m.runJoin(ctx)
		if took := time.Since(begin); took != 3*gossipTimeout {
			t.Errorf("took %s, want what the third call took: %s", took, 3*gossipTimeout)
		}
	})
}
