package audit

import (
	"reflect"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/verifier/offline"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]*Options{
		"--log l --records r --trust t": {Options: auditor.Options{Trust: "t"}, Audit: offline.AuditOptions{Log: "l", Records: "r"}},
		"--log l --hash-only":           {Audit: offline.AuditOptions{Log: "l", HashOnly: true}},
		"-log l -records r -operations o -previous p -since s -evidence e -resume f -quiet": {
			Options: auditor.Options{Quiet: true}, Audit: offline.AuditOptions{Log: "l", Records: "r", Operations: "o", Previous: "p", Since: "s", Evidence: "e", Resume: "f"}},
	} {
		if got, err := parse(strings.Fields(line)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v %v", line, got, err)
		}
	}
	for _, line := range []string{"", "--log l", "--records r", "--log l --records r extra", "--log l --hash-only --resume f", "--log l --records r --evidence=", "--log l --records r --require quorum"} {
		if got, err := parse(strings.Fields(line)); err == nil {
			t.Errorf("%s: %+v", line, got)
		}
	}
}
