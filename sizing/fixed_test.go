package sizing

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

var _ lease.Sizer = Fixed{}

func TestFixed(t *testing.T) {
	for n, want := range map[int64]budget.Credits{
		math.MinInt64: 1, 0: 1, 1: 1, 100: 100, math.MaxInt64: budget.MaxAmount,
	} {
		f := NewFixed(n)
		f.Offered(1, 1000)
		if size, reserve := f.Size(2, time.Minute, time.Second); size != want || reserve != 0 {
			t.Errorf("%d: got %d with %d in reserve, want %d with none", n, size, reserve, want)
		}
	}
}

func TestFixedConfig(t *testing.T) {
	for size, ok := range map[int64]bool{
		-1: false, 0: false, 1: true, int64(budget.MaxAmount): true, math.MaxInt64: false,
	} {
		err := Config{Policy: PolicyFixed, Size: size}.Validate()
		if ok != (err == nil) || !ok && !errors.Is(err, ErrConfig) {
			t.Errorf("size %d: %v, want allowed: %t", size, err, ok)
		}
	}
	other := DefaultConfig()
	other.Size = 1
	if err := other.Validate(); !errors.Is(err, ErrConfig) {
		t.Errorf("a size without its policy: %v, want it refused", err)
	}
}
