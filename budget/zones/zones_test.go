package zones

import (
	"errors"
	"strings"
	"testing"

	"github.com/leased-io/leased/budget"
)

func TestUnknownZonesAreRefused(t *testing.T) {
	b := budget.Budget{Limits: []budget.Limit{{Zone: "UTC"}, {}, {Zone: "Europe/Berlinn"}}}
	err := Check(b)
	wrong, ok := errors.AsType[*budget.FieldError](err)
	if !ok || wrong.Field != "limits[2].zone" || !strings.Contains(err.Error(), Version) {
		t.Errorf("Check: %v", err)
	}
	if err := Check(budget.Budget{Limits: []budget.Limit{{Zone: "Asia/Tokyo"}}}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "..", "Europe/", "Europe", "/etc/passwd"} {
		if _, err := Find(name); err == nil {
			t.Errorf("Find(%q) found something", name)
		}
	}
}
