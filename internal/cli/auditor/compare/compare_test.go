package compare

import (
	"reflect"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/verifier"
)

func TestParse(t *testing.T) {
	want := &Options{Options: auditor.Options{Trust: "t", JSON: true}, Files: []string{"a", "b"}, Pin: verifier.Pin{MinVersion: 7}}
	if got, err := parse(strings.Fields("a --trust t b --json --min-trust-version 7")); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	for _, line := range []string{"", "--trust t", "a --subject d", "a --at 2026-03-01T12:00:00Z", "a --trust-digest x"} {
		if got, err := parse(strings.Fields(line)); err == nil {
			t.Errorf("%s: %+v", line, got)
		}
	}
}
