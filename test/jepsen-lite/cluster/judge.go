package cluster

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// Judge plays the run that belongs to o in a bubble of its own, with files under dir, which is
// empty, and has the trace checker judge them. The error is one of the run, or of its files.
func Judge(t *testing.T, o Options, dir string) (out Outcome, report *twin.Report, err error) {
	t.Helper()
	var failed error
	synctest.Test(t, func(*testing.T) { out, failed = Play(o, dir) })
	files, err := trace.Files(dir)
	if err != nil {
		return out, nil, errors.Join(failed, err)
	}
	report, err = twin.Check(files, twin.Options{})
	return out, report, errors.Join(failed, err)
}
