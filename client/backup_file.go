package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// A backup's file is one JSON object, of which every byte but white space counts: what is not
// exactly as Encode writes it is refused.
const (
	backupForm = "leased backup"
	// BackupVersion is the version of the form. ParseBackup refuses any other.
	BackupVersion = 1
	// MaxBackupSize bounds a backup's file, in bytes: 10,000 budgets of 16 limits fit.
	MaxBackupSize = 64 << 20
	// maxSerial is the largest number in a backup: those of its successor stay below 2^53.
	maxSerial = 1<<53 - 1<<44
)

type backupFile struct {
	Form          string          `json:"form"`
	Version       int             `json:"version"`
	ClusterTimeNS int64           `json:"cluster_time_ns"`
	AppliedIndex  uint64          `json:"applied_index"`
	Digest        string          `json:"digest"`
	DriftPPM      int64           `json:"max_clock_drift_ppm"`
	Last          Serials         `json:"last"`
	Budgets       []budget.Budget `json:"budgets"`
	Checksum      string          `json:"checksum,omitempty"` // SHA-256 of all the rest, compact
}

func (b Backup) file() backupFile {
	f := backupFile{Form: backupForm, Version: BackupVersion,
		ClusterTimeNS: int64(b.ClusterTime), AppliedIndex: b.AppliedIndex, Digest: b.Digest,
		DriftPPM: b.DriftPPM, Last: b.Last, Budgets: make([]budget.Budget, len(b.Budgets))}
	for i := range b.Budgets {
		f.Budgets[i] = b.Budgets[i].Canonical()
	}
	return f
}

// compact is a file's JSON without white space.
func (f backupFile) compact() []byte {
	data, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("client: a backup cannot be encoded: %v", err)) // it has no such types
	}
	return data
}

// ID returns the backup's name: 64 hex digits, a checksum of all that is in it. A cluster that was
// restored knows it by that.
func (b Backup) ID() string {
	sum := sha256.Sum256(b.file().compact())
	return hex.EncodeToString(sum[:])
}

// Encode returns the backup as the content of a file, which ParseBackup reads.
func (b Backup) Encode() []byte {
	f := b.file()
	f.Checksum = b.ID()
	var out bytes.Buffer
	if err := json.Indent(&out, f.compact(), "", "  "); err != nil {
		panic(fmt.Sprintf("client: a backup is no JSON: %v", err))
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// ParseBackup reads what Encode has written, and nothing else: a file that was changed, cut off or
// damaged is refused, and so is one of another form or version. The error matches ErrInvalid
// and says which it is.
func ParseBackup(data []byte) (Backup, error) {
	b, err := parseBackup(data)
	if err != nil {
		return Backup{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return b, nil
}

func parseBackup(data []byte) (Backup, error) {
	if len(data) > MaxBackupSize {
		return Backup{}, fmt.Errorf("the file has %d bytes or more, a backup at most %d",
			len(data), MaxBackupSize)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return Backup{}, fmt.Errorf("not a backup, or a damaged one: %w", err)
	}
	var kind struct {
		Form    string `json:"form"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &kind); err != nil || kind.Form != backupForm {
		return Backup{}, fmt.Errorf("not a backup: form is %.40q, must be %q", kind.Form, backupForm)
	}
	if kind.Version != BackupVersion {
		return Backup{}, fmt.Errorf("version: is %d, and this program reads version %d",
			kind.Version, BackupVersion)
	}
	var f backupFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return Backup{}, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	b := Backup{ClusterTime: time.Duration(f.ClusterTimeNS), AppliedIndex: f.AppliedIndex,
		Digest: f.Digest, DriftPPM: f.DriftPPM, Last: f.Last, Budgets: f.Budgets}
	if id := b.ID(); f.Checksum != id {
		return Backup{}, fmt.Errorf("checksum: is %.70q, and that of what the file holds is %s: "+
			"it was changed or damaged", f.Checksum, id)
	}
	again := b.file()
	again.Checksum = f.Checksum
	if !bytes.Equal(compact.Bytes(), again.compact()) {
		return Backup{}, errors.New("the file has a field twice, out of order or unknown: " +
			"it was not written by a backup")
	}
	return b, b.problems()
}

// Validate reports everything that is out of its range, each with its field. The error matches
// ErrInvalid.
func (b Backup) Validate() error {
	if err := b.problems(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

func (b Backup) problems() error {
	var problems []error
	refuse := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(format, args...))
	}
	if b.ClusterTime < 0 {
		refuse("cluster_time_ns: is %d, must be at least 0", int64(b.ClusterTime))
	}
	if b.DriftPPM < 0 || b.DriftPPM > lease.MaxMaxClockDriftPPM {
		refuse("max_clock_drift_ppm: is %d, must be in 0..%d", b.DriftPPM, lease.MaxMaxClockDriftPPM)
	}
	for _, c := range []struct {
		name string
		n    uint64
	}{
		{"session", b.Last.Session}, {"lease", b.Last.Lease},
		{"limit", b.Last.Limit}, {"revision", b.Last.Revision},
	} {
		if c.n > maxSerial {
			refuse("last.%s: is %d, must be at most %d", c.name, c.n, int64(maxSerial))
		}
	}
	for i := range b.Budgets {
		if i > 0 && b.Budgets[i].Name <= b.Budgets[i-1].Name {
			refuse("budgets[%d].name: is %.40q after %.40q, must be in order, each once",
				i, b.Budgets[i].Name, b.Budgets[i-1].Name)
		}
		if err := b.Budgets[i].Canonical().Validate(); err != nil {
			refuse("budgets[%d]: %v", i, err)
		}
	}
	return errors.Join(problems...)
}
