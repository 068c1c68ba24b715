package budget

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ErrPer is returned when a period cannot be read.
var ErrPer = errors.New("budget: not a duration with its unit, such as 30s, 1h30m or 1d")

// ParsePer reads a period: a Go duration that may start with a number of days, such as "30s",
// "1h30m", "1d" or "1d12h". A day is 24 hours. It returns ErrPer for anything else, also for a
// number without unit and for a negative duration; it does not check MinPer and MaxPer.
func ParsePer(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.ParseUint(days, 10, 63)
	if err != nil || n > uint64((1<<63-1)/day) {
		return 0, ErrPer
	}
	per := time.Duration(n) * day
	if found && rest == "" {
		return per, nil
	}
	// ParseDuration takes a sign and the unitless 0; a period has a digit at either end of that.
	if rest == "" || rest[0] < '0' || rest[0] > '9' || rest == "0" {
		return 0, ErrPer
	}
	d, err := time.ParseDuration(rest)
	if err != nil || per+d < per {
		return 0, ErrPer
	}
	return per + d, nil
}

// FormatPer returns per in the form that ParsePer reads, without units that are zero: "1m", not
// "1m0s", and "1d12h", not "36h0m0s". ParsePer returns per again if it is not negative.
func FormatPer(per time.Duration) string {
	if per < day {
		return trimZeros(per.String())
	}
	days, rest := strconv.FormatInt(int64(per/day), 10)+"d", per%day
	if rest == 0 {
		return days
	}
	return days + trimZeros(rest.String())
}

// trimZeros cuts the units that are zero off the end of what Duration.String returned.
func trimZeros(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// limitJSON is a Limit as people read it.
type limitJSON struct {
	Metric string  `json:"metric"`
	Kind   Kind    `json:"kind"`
	Amount Credits `json:"amount"`
	Per    string  `json:"per"`
	Slots  int     `json:"slots,omitempty"`
	Burst  Credits `json:"burst,omitempty"`
	Align  Align   `json:"align,omitempty"`
	Zone   string  `json:"zone,omitempty"`
}

// MarshalJSON writes Per as FormatPer does.
func (l Limit) MarshalJSON() ([]byte, error) {
	return json.Marshal(limitJSON{l.Metric, l.Kind, l.Amount, FormatPer(l.Per), l.Slots, l.Burst,
		l.Align, l.Zone})
}

// UnmarshalJSON reads what MarshalJSON wrote; a bucket's Lease is chosen anew by Canonical. It
// returns ErrPer if the period cannot be read.
func (l *Limit) UnmarshalJSON(data []byte) error {
	var v limitJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	per, err := ParsePer(v.Per)
	if err != nil {
		return err
	}
	*l = Limit{Metric: v.Metric, Kind: v.Kind, Amount: v.Amount, Per: per, Slots: v.Slots,
		Burst: v.Burst, Align: v.Align, Zone: v.Zone}
	return nil
}
