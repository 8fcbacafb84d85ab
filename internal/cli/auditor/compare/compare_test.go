package compare

import (
	"reflect"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli/auditor"
)

func TestParse(t *testing.T) {
	want := &Options{Options: auditor.Options{Trust: "t", JSON: true}, Files: []string{"a", "b"}}
	if got, err := parse(strings.Fields("a --trust t b --json")); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	for _, line := range []string{"", "--trust t", "a --subject d"} {
		if got, err := parse(strings.Fields(line)); err == nil {
			t.Errorf("%s: %+v", line, got)
		}
	}
}
