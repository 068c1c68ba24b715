// Package zones is the time zone database that this build was made with, as TZif bytes by name.
//
// It is for those who propose: a zone's bytes travel in the log, and a state machine knows only
// what its log says (docs/adr/0015). It reads nothing of the host, whose database is another one
// on each machine. The bytes are those of the Go distribution, public domain.
package zones

import (
	"archive/zip"
	"bytes"
	_ "embed" // of the database
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/leased-io/leased/budget"
)

// Version is the database's. Later ones compare greater.
const Version = "2025c"

//go:embed zoneinfo.zip
var database []byte

// open reads the table of contents, once.
var open = sync.OnceValues(func() (*zip.Reader, error) {
	return zip.NewReader(bytes.NewReader(database), int64(len(database)))
})

// Find returns the TZif bytes of a zone. A *budget.FieldError names one that the database lacks.
func Find(name string) ([]byte, error) {
	unknown := &budget.FieldError{Field: "zone", Value: fmt.Sprintf("%.40q", name),
		Allowed: "the name of a zone in the time zone database " + Version + ", such as Europe/Berlin"}
	archive, err := open()
	if err != nil {
		return nil, fmt.Errorf("zones: %w", err)
	}
	for _, entry := range archive.File {
		if entry.Name != name || entry.FileInfo().IsDir() {
			continue
		}
		file, err := entry.Open()
		if err != nil {
			return nil, fmt.Errorf("zones: %s: %w", name, err)
		}
		defer file.Close()
		return io.ReadAll(io.LimitReader(file, budget.MaxZoneData))
	}
	return nil, unknown
}

// Check returns a *budget.FieldError for the first limit whose zone the database lacks, or nil.
func Check(b budget.Budget) error {
	for i, l := range b.Limits {
		if l.Zone == "" || l.Zone == budget.UTCZone {
			continue
		}
		if _, err := Find(l.Zone); err != nil {
			if unknown, ok := errors.AsType[*budget.FieldError](err); ok {
				unknown.Field = fmt.Sprintf("limits[%d].zone", i)
			}
			return err
		}
	}
	return nil
}
